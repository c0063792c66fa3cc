"""Standing by until jobs have ended: a bar on a terminal, lines on a pipe; and what to end with then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from clusterctl.cli.display import following
from clusterctl.cli.display.ages import now
from clusterctl.cli.outage import patiently
from clusterctl.model.exits import ExitCode
from clusterctl.wording.jobs import why_ended

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from clusterctl.cluster import Cluster
    from clusterctl.model.pictures import JobPicture

SOONEST, LATEST = 0.05, 1.0  # seconds between two looks, growing: a short job ends soon or not at all

Counts = dict[str, int]


def see_through(cluster: Cluster, ids: Sequence[int], *, timeout: float | None = None, follow: bool = False) -> int:
    """Wait until all of *ids* have ended. Their highest exit code; TIMED_OUT if *timeout* seconds were not enough."""
    from clusterctl import views

    try:
        if follow:
            following.follow(cluster, ids[0])
        else:
            stand_by(cluster, ids, timeout)
    except TimeoutError:
        late = f"job {ids[0]} has" if len(ids) == 1 else "not all of them have"
        sys.stderr.write(f"clusterctl: error: {late}{' not' if len(ids) == 1 else ''} ended in time\n")
        sys.stderr.write(f"hint: nothing was stopped; `clusterctl jobs {shortest(ids)}` shows what goes on\n")
        return ExitCode.TIMED_OUT
    except KeyboardInterrupt:
        sys.stderr.write(f"no longer waiting; `clusterctl cancel {shortest(ids)}` would stop what has not ended\n")
        return ExitCode.INTERRUPTED
    if len(ids) == 1:
        explain(patiently(lambda: views.job(cluster, ids[0])).job)
    return patiently(lambda: views.exit_code(cluster, ids))


def explain(job: JobPicture) -> None:
    """Say why a single job did not end well."""
    from clusterctl.text import visible

    if job.state != "completed" and (why := why_ended(job, now())):
        sys.stderr.write(f"job {job.id} {job.state}: {visible(why)}\n")


def shortest(ids: Sequence[int]) -> str:
    """*ids* as a selector."""
    from clusterctl.units import format_numbers, parse_numbers

    return format_numbers(parse_numbers(",".join(map(str, ids))))


def stand_by(cluster: Cluster, ids: Sequence[int], timeout: float | None) -> None:
    """Show the progress of *ids* until all have ended. Raises TimeoutError."""
    watch = bar if sys.stderr.isatty() else narrate
    watch(looks(cluster, ids, timeout), len(ids))


def looks(cluster: Cluster, ids: Sequence[int], timeout: float | None) -> Iterator[Counts]:
    """How many are in which state, again and again, until all have ended. Raises TimeoutError."""
    from clusterctl import views

    deadline = None if timeout is None else time.monotonic() + timeout
    for rest in rests():
        counts = patiently(lambda: views.progress(cluster, ids))
        yield counts
        if views.ended(counts) == sum(counts.values()):
            return
        left = rest if deadline is None else deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        time.sleep(min(rest, left))


def rests() -> Iterator[float]:
    """How long to rest after each look."""
    rest = SOONEST
    while True:
        yield rest
        rest = min(rest * 1.3, LATEST)


def narrate(progress: Iterator[Counts], _total: int) -> None:
    """A line whenever something has changed."""
    last = ""
    for counts in progress:
        if (line := in_words(counts)) != last:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
            last = line


def in_words(counts: Counts) -> str:
    """``2 pending, 1 running, 7 completed``, in the order of a job's life."""
    from clusterctl.model.states import JobState

    return ", ".join(f"{counts[state]:,} {state}" for state in JobState if counts.get(state))


def bar(progress: Iterator[Counts], total: int) -> None:
    """The same as a bar, on stderr."""
    from clusterctl import views

    drawing, task = open_bar(total)
    with drawing:
        for counts in progress:
            drawing.update(task, completed=views.ended(counts), words=in_words(counts))


def open_bar(total: int) -> tuple[Progress, TaskID]:
    """rich's bar; it knows of NO_COLOR, dumb terminals and narrow ones."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    drawing = Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False),
        refresh_per_second=5,
    )
    return drawing, drawing.add_task("", total=total, words="")
