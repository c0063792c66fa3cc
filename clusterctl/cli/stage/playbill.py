"""What is seen of the demo: its progress as it goes, and the summary at its end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from clusterctl.cli.display import colours, listing
from clusterctl.cli.display.colours import STATES, painted
from clusterctl.cli.display.listing import Listing, plain_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.demo.course import Course, Standing, in_words, news
from clusterctl.demo.verdicts import Row, Verdict
from clusterctl.text import visible
from clusterctl.units import format_age

if TYPE_CHECKING:
    from rich.console import RenderableType

SQUARES = {"pending": "□", "scheduled": "▣"}  # all others: ■, in the colour of the state
Draw = Callable[[list[Standing], list[str]], None]


def show(course: Course) -> list[Standing]:
    """Show how it goes, until all has ended; how all stands then."""
    standings: list[Standing] = []
    with drawing() as draw:
        for now in course.watch():
            told = announcements(now) if not standings else list(news(standings, now))
            draw(now, told)
            standings = now
    return standings


def announcements(standings: Sequence[Standing]) -> list[str]:
    """What was handed in."""
    return [
        f"{standing.group.name}: {count_of(standing)} of {standing.group.tenant}'s, {standing.group.what}"
        for standing in standings
    ]


def count_of(standing: Standing) -> str:
    """``a job``, ``12 jobs``."""
    return "a job" if len(standing.jobs) == 1 else f"{len(standing.jobs)} jobs"


@contextmanager
def drawing() -> Iterator[Draw]:
    """How to draw a look and its news: on a terminal a picture that moves, the news above it; on a pipe the news."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda _, told: tell(told)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def draw(standings: list[Standing], told: list[str]) -> None:
            for sentence in told:
                live.console.print(Text(visible(sentence), style="dim"))
            live.update(picture(standings), refresh=True)

        yield draw


def tell(sentences: Sequence[str]) -> None:
    """A line each."""
    sys.stderr.writelines(f"{visible(sentence)}\n" for sentence in sentences)
    sys.stderr.flush()


def picture(standings: Sequence[Standing]) -> RenderableType:
    """A line for each group, with a square for each job."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for standing in standings:
        squares = "".join(painted(SQUARES.get(job.state, "■"), STATES.get(job.state), True) for job in standing.jobs)
        workers = sorted({job.worker for job in standing.jobs if job.worker and job.state == "running"})
        words = f"{in_words(standing.counts)}{' on ' if workers else ''}{' '.join(workers)}"
        grid.add_row(standing.group.name, standing.group.tenant, Text.from_ansi(squares), Text(words, style="dim"))
    return grid


COLUMNS: list[Column[Row]] = [
    Column("GROUP", lambda row: row.group),
    Column("TENANT", lambda row: row.tenant),
    Column("JOBS", lambda row: str(row.jobs), right=True),
    Column("OUTCOME", lambda row: Cell(row.outcome, STATES.get(row.outcome.rpartition(" ")[2])), least=9),
    Column("TRIES", lambda row: str(row.attempts), right=True),
    Column("REASON", lambda row: row.reason, least=7),
    Column("TOOK", lambda row: "-" if row.runtime_s is None else format_age(row.runtime_s), right=True),
    Column("WORKERS", lambda row: row.workers or "-", least=5),
]
FIELDS = "group tenant jobs outcome attempts reason runtime_s workers as_expected"


def plain_row(row: Row) -> dict[str, object]:
    """A row as data."""
    plain: dict[str, object] = plain_of(row)
    return plain


SUMMARY: Listing[Row] = Listing("groups", COLUMNS, plain_row, FIELDS, "group")


def sum_up(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> None:
    """What was found, on stderr; the table, on stdout."""
    tell_verdicts(verdicts)
    listing.show(SUMMARY, rows, None)


def tell_verdicts(verdicts: Sequence[Verdict]) -> None:
    """What was found, on stderr."""
    colour = colours.wanted(sys.stderr)
    sys.stderr.write("\n")
    for verdict in verdicts:
        mark = painted("✓", STATES["completed"], colour) if verdict.good else painted("✗", STATES["failed"], colour)
        sys.stderr.write(f"{mark} {visible(verdict.sentence)}\n")
    sys.stderr.write("\n")
    sys.stderr.flush()


def invite_to_jobs(root: Path, ids: Mapping[str, Sequence[int]], *, temporary: bool) -> None:
    """How to look around among the jobs of a demo that is kept."""
    steps = [
        "clusterctl jobs",
        f"clusterctl job {ids['crash'][0]}     # its two attempts",
        f"clusterctl logs {ids['endless'][0]}    # what it wrote before its time was up",
        f"cat {shlex.quote(str(root / 'demo' / 'areas.csv'))}",
    ]
    invite(root, steps, temporary=temporary)


def invite(root: Path, steps: Sequence[str], *, temporary: bool) -> None:
    """How to look around in a demo that is kept: by *steps*, and how to end it."""
    steps = [
        f"export CLUSTERCTL_STATE_DIR={shlex.quote(str(root))}",
        *steps,
        "clusterctl down" + (f" && rm -r {shlex.quote(str(root))}" if temporary else ""),
    ]
    tell(["", "it stays up; look around, and end it with the last of these:", *(f"  {step}" for step in steps), ""])
