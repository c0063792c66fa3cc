"""Why a job is where it is, on a page: the sentence first, what would help, and then the tables."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC

from clusterctl.cli.display import colours
from clusterctl.cli.display.ages import now
from clusterctl.cli.display.candidate_parts import told_parts
from clusterctl.cli.display.card import LABEL
from clusterctl.cli.display.explanation_tables import show_tables
from clusterctl.model.explanation import LIKENESS, Estimate, Explanation, Similar
from clusterctl.text import visible
from clusterctl.units import format_age

NEW = {"batch": "job", "service": "service"}
NARROW = 60  # columns: beneath, a text stands under its label, not beside it


def show_card(told: Explanation) -> None:
    """Print all that is known."""
    colour = colours.wanted()
    title = f"job {told.job_id}" if told.job_id is not None else f"a new {NEW[told.kind]}"
    name = colours.painted(visible(f"{title}  {told.name}".rstrip(), 80), colours.BOLD, colour)
    sys.stdout.write(f"{name}  {colours.painted(told.state, colours.STATES.get(told.state), colour)}\n")
    columns = shutil.get_terminal_size().columns
    for label, text in facts(told):
        if text:
            sys.stdout.writelines(f"{line}\n" for line in lines(label, visible(text), columns, colour))
    show_tables(told)


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
    yield "helps", told.advice
    yield "starts", estimate(told.starts_at)
    yield "ends", estimate(told.ends_at)
    yield "deadline", "" if told.deadline is None else told.deadline.sentence
    yield "turn", turn(told)
    yield "share", "" if told.share is None else told.share.sentence
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
    parts = told_parts(told.best.parts)
    fallback = f"; {told.best.fallback}" if told.best.fallback else ""
    by = f"by {told.best.policy}{f' ({parts})' if parts else ''}"
    return f"{told.best.worker}, {by}, of {told.candidates:,} that could have it{fallback}"


def like(similar: Similar) -> str:
    """How long such jobs ran, and waited."""
    run, wait = similar.run_s, similar.wait_s
    return (
        f"of {similar.count} jobs {LIKENESS[similar.alike]} half ran at most {format_age(run.p50)}, nine in ten"
        f" {format_age(run.p90)}; half waited at most {format_age(wait.p50)}"
    )
