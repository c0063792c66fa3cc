"""Why a job is where it is, on a page: the sentence first, what would help, and then the tables."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC

from clusterctl.cli.display import colours, table
from clusterctl.cli.display.ages import now
from clusterctl.cli.display.card import LABEL
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.explanation import LIKENESS, Blocker, Estimate, Explanation, Similar, Step
from clusterctl.text import visible
from clusterctl.units import about_memory, format_age, format_cpus

NARROW = 60  # columns: beneath, a text stands under its label, not beside it


def show_card(told: Explanation) -> None:
    """Print all that is known."""
    colour = colours.wanted()
    title = f"job {told.job_id}" if told.job_id is not None else "a new job"
    name = colours.painted(visible(f"{title}  {told.name}".rstrip(), 80), colours.BOLD, colour)
    sys.stdout.write(f"{name}  {colours.painted(told.state, colours.STATES.get(told.state), colour)}\n")
    columns = shutil.get_terminal_size().columns
    for label, text in facts(told):
        if text:
            sys.stdout.writelines(f"{line}\n" for line in lines(label, visible(text), columns, colour))
    if told.steps or told.candidates:
        sys.stdout.write("\n")
        table.draw(STEPS, (*told.steps, rest(told)))
    if told.blockers:
        sys.stdout.write("\n")
        table.draw(BLOCKERS, told.blockers)
    if told.more_blockers:
        sys.stdout.write(f"… and {told.more_blockers:,} more\n")


def lines(label: str, text: str, columns: int, colour: bool) -> Iterator[str]:
    """A label, and the text beside it, or beneath it where there is no room."""
    beside = columns >= NARROW
    indent = " " * (LABEL + 3 if beside else 4)
    wrapped = textwrap.wrap(text, max(columns, 20) - len(indent), break_on_hyphens=False) or [""]
    if beside:
        yield f"  {colours.painted(f'{label:{LABEL}}', colours.DIM, colour)} {wrapped.pop(0)}"
    else:
        yield f"  {colours.painted(label, colours.DIM, colour)}"
    yield from (indent + line for line in wrapped)


def facts(told: Explanation) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them; what is empty is left out by the caller."""
    word = "" if told.job_id is None or not (told.steps or told.candidates) else told.reason or ""
    yield "why", told.headline if told.headline.startswith(word) else f"{word}: {told.headline}"
    for change in told.changes:
        yield "try", change.sentence
    yield "starts", estimate(told.starts_at)
    yield "ends", estimate(told.ends_at)
    yield "turn", turn(told)
    yield "best", best(told)
    yield "similar", "" if told.similar is None else like(told.similar)


def estimate(found: Estimate | None) -> str:
    """``in about 12m04s (12:05:10Z): …``."""
    if found is None or found.at is None:
        return "" if found is None else found.basis
    left = (found.at - now()).total_seconds()
    if left < 1:
        return found.basis if found.basis.startswith("in the next round") else f"at any moment: {found.basis}"
    return f"in about {format_age(left)} ({found.at.astimezone(UTC):%H:%M:%SZ}): {found.basis}"


def turn(told: Explanation) -> str:
    """How many stand before it."""
    if told.position is None:
        return ""
    before, of = told.position.before, told.position.of
    about = "" if told.position.exact else "about "
    where = f"{about}{before:,} job{'' if before == 1 else 's'} before it" if before else "the next one"
    return f"{where}, of {of:,} in the queue"


def best(told: Explanation) -> str:
    """The worker that it gets, or could have first."""
    if told.best is None:
        return ""
    if told.best.score is None:
        return f"{told.best.worker}, once it has room"
    return f"{told.best.worker}, by {told.best.policy}, of {told.candidates:,} that could have it"


def like(similar: Similar) -> str:
    """How long such jobs ran, and waited."""
    run, wait = similar.run_s, similar.wait_s
    return (
        f"of {similar.count} jobs {LIKENESS[similar.alike]} half ran at most {format_age(run.p50)}, nine in ten"
        f" {format_age(run.p90)}; half waited at most {format_age(wait.p50)}"
    )


def rest(told: Explanation) -> Step:
    """Who is left, as the last row of the table."""
    sentence = "could have it now" if told.candidates else ""
    return Step(filter="left", removed=told.candidates, workers=(), sentence=sentence)


def names(step: Step) -> str:
    """The workers of a step, the first few."""
    more = step.removed - len(step.workers)
    return ", ".join(step.workers) + (f" +{more:,}" if step.workers and more > 0 else "")


def ending(blocker: Blocker) -> str:
    """In how long it should end."""
    if blocker.expected_end is None:
        return "?"
    left = (blocker.expected_end - now()).total_seconds()
    return f"in {format_age(left)}" if left > 0 else "now"


STEPS: list[Column[Step]] = [
    Column("FILTER", lambda step: Cell(step.filter, colours.BOLD if step.filter == "left" else None)),
    Column("WORKERS", lambda step: f"{step.removed:,}", right=True),
    Column("WHICH", names, least=5, spare=True),
    Column("BECAUSE", lambda step: step.sentence, least=16),
]
BLOCKERS: list[Column[Blocker]] = [
    Column("JOB", lambda each: str(each.job_id), right=True),
    Column("WORKER", lambda each: each.worker or "-", least=6, spare=True),
    Column("CPUS", lambda each: format_cpus(round(each.cpus * 1000)) if each.cpus else "-", right=True, spare=True),
    Column("MEM", lambda each: about_memory(each.memory_mb) if each.memory_mb else "-", right=True, spare=True),
    Column("GPUS", lambda each: str(each.gpus) if each.gpus else "-", right=True, spare=True),
    Column("ENDS", ending),
    Column("BECAUSE", lambda each: each.basis, least=16),
]
