"""Why a job is where it is, and what would help: the sentences that stand beside labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from clusterctl.model.candidates import Candidate
from clusterctl.model.explanation import LIKENESS, Blocker, Estimate, Explanation, Similar, Step
from clusterctl.units import format_age
from clusterctl.wording.candidates import in_order, told_parts

MOST_CANDIDATES = 5  # that a page shows


def facts(told: Explanation, now: datetime) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them; what is empty is left out by the caller."""
    word = "" if told.job_id is None or not (told.steps or told.candidates) else told.reason or ""
    yield "why", told.headline if told.headline.startswith(word) else f"{word}: {told.headline}"
    for change in told.changes:
        yield "try", change.sentence
    yield "helps", told.advice
    yield "starts", estimate(told.starts_at, now)
    yield "ends", estimate(told.ends_at, now)
    yield "deadline", "" if told.deadline is None else told.deadline.sentence
    yield "turn", turn(told)
    yield "share", "" if told.share is None else told.share.sentence
    yield "best", best(told)
    yield "similar", "" if told.similar is None else like(told.similar)


def estimate(found: Estimate | None, now: datetime) -> str:
    """``in about 12m04s (12:05:10Z): …``."""
    if found is None or found.at is None:
        return "" if found is None else found.basis
    left = (found.at - now).total_seconds()
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


def best_of(table: Sequence[Candidate]) -> list[Candidate]:
    """The first few of those that have a score."""
    return in_order(each for each in table if each.score is not None)[:MOST_CANDIDATES]


def rest(told: Explanation) -> Step:
    """Who is left, as the last row of the table of filters."""
    sentence = "could have it now" if told.candidates else ""
    return Step(filter="left", removed=told.candidates, workers=(), sentence=sentence)


def names(step: Step) -> str:
    """The workers of a step, the first few."""
    more = step.removed - len(step.workers)
    return ", ".join(step.workers) + (f" +{more:,}" if step.workers and more > 0 else "")


def ending(blocker: Blocker, now: datetime) -> str:
    """In how long it should end."""
    if blocker.expected_end is None:
        return "?"
    left = (blocker.expected_end - now).total_seconds()
    return f"in {format_age(left)}" if left > 0 else "now"
