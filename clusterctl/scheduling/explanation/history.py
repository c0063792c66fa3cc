"""What has delayed a job, and for how long: every moment from its submission to its last start has one reason.

It waits before each attempt. Of a wait, what the operator wanted counts first (held), then what the job itself waits
for (other jobs, its rest after a failure), and only then what the rounds said of its shape. Where nobody said anything,
that is told, and not guessed. An attempt that came to nothing was a delay too; not a replica's, which has served.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from clusterctl.model.explanation import Delay, Stretch
from clusterctl.model.past import Deed, Past, Try
from clusterctl.scheduling.explanation.ended import worded
from clusterctl.scheduling.explanation.spans import about, clock, counted, instant, numbered

STILL_SAID = 60.0  # seconds: a "no" is said again far sooner, as long as anybody decides


class Cover(NamedTuple):
    """A reason, and the time for which it accounts."""

    since: float
    until: float
    reason: str
    sentence: str


class Span(NamedTuple):
    """A time."""

    since: float
    until: float


def stretches(past: Past) -> tuple[Stretch, ...]:
    """All that has delayed the job, newest first; no two overlap, and none is empty."""
    layers = [sorted(layer(past)) for layer in (forgotten, held, dependency, rests, refused, unsaid)]
    covers = [*in_hand(past), *(cover for wait in waits(past) for cover in divided(wait, layers))]
    return tuple(stretch(cover) for cover in reversed(joined(sorted(covers))))


def sums(told: Iterable[Stretch]) -> tuple[Delay, ...]:
    """Each reason with its seconds and its share of them all, the longest first."""
    seconds: dict[str, float] = defaultdict(float)
    for each in told:
        seconds[each.reason] += each.seconds
    whole = sum(seconds.values())
    order = sorted(seconds.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Delay(reason=reason, seconds=each, share=each / whole) for reason, each in order)


def waits(past: Past) -> Iterator[Span]:
    """When it had no worker: before each attempt, and behind the last if it goes on."""
    since = past.life.submitted_at
    for each in past.tries:
        yield Span(since, each.reserved_at)
        if each.released_at is None:
            return
        since = each.released_at
    yield Span(since, over_at(past))


def in_hand(past: Past) -> Iterator[Cover]:
    """The delays while it had a worker."""
    life = past.life
    for each in past.tries:
        begun = each.allocated_at or each.released_at or over_at(past)
        yield Cover(each.reserved_at, begun, "scheduled", f"reserved on {each.worker}, and not started yet")
        ended_it = life.finished_at is not None and (each.released_at or 0.0) >= life.finished_at
        if each.allocated_at and each.released_at and not ended_it and life.kind == "batch":
            yield Cover(each.allocated_at, each.released_at, each.release_reason or "", in_vain(each))


def in_vain(each: Try) -> str:
    """What became of an attempt."""
    end = worded(each.exit_code, each.signal, each.release_reason or "", each.detail)
    return f"attempt {each.attempt} ran on {each.worker}, and had to be repeated: {end}"


def over_at(past: Past) -> float:
    """Up to when it has lived."""
    return past.life.at if past.life.finished_at is None else past.life.finished_at


def forgotten(past: Past) -> Iterator[Cover]:
    """The time of attempts that are pruned."""
    if past.tries and past.tries[0].attempt > 1:
        before = past.tries[0].attempt - 1
        sentence = f"its first {counted(before, 'attempt')} {'is' if before == 1 else 'are'} forgotten"
        yield Cover(past.life.submitted_at, past.tries[0].reserved_at, "not_known", sentence)


def held(past: Past) -> Iterator[Cover]:
    """Each time it was held; what was released before anybody held it, was submitted so."""
    by: Deed | None = None
    since: float | None = past.life.submitted_at
    for number, deed in enumerate(past.deeds):
        if deed.verb == "release" and since is not None and (by is not None or number == 0):
            yield Cover(since, deed.at, "held", holder(by, past))
            by = since = None
        elif deed.verb == "hold" and by is None:
            by, since = deed, deed.at
    is_held = past.life.state == "held"
    if by is not None or is_held:
        yield Cover(past.life.submitted_at if since is None else since, over_at(past), "held", holder(by, past))


def holder(deed: Deed | None, past: Past) -> str:
    """Who held it."""
    if deed is None:
        return "held since it was submitted"
    return f"held by {deed.actor}{f': {deed.reason}' if deed.reason else ''}"


def dependency(past: Past) -> Iterator[Cover]:
    """Until the last of the jobs that it comes after had ended."""
    life = past.life
    if life.parents:
        until = over_at(past) if life.unmet else life.met_at or life.submitted_at
        yield Cover(life.submitted_at, until, "dependency", f"it came after {numbered(life.parents)}")


def rests(past: Past) -> Iterator[Cover]:
    """Its rests after attempts."""
    for each in past.tries:
        if each.released_at is not None and each.retry_at is not None:
            end = worded(each.exit_code, each.signal, each.release_reason or "", "")
            sentence = f"rested for {about(each.retry_at - each.released_at)} after attempt {each.attempt}: {end}"
            yield Cover(each.released_at, each.retry_at, "not_before", sentence)


def refused(past: Past) -> Iterator[Cover]:
    """What rounds said, for as long as they can have meant it."""
    for each in past.refusals:
        said = each.last_at + STILL_SAID
        until = min(said, past.life.at if each.closed_at is None else each.closed_at)
        yield Cover(each.at, until, each.reason, each.text or each.reason)


def unsaid(past: Past) -> Iterator[Cover]:
    """Everything else: before the log begins, and where it has nothing."""
    life = past.life
    begins = life.submitted_at if life.log_from is None else life.log_from
    before = f"the claim log has nothing from before {clock(begins, life.at)}"
    yield Cover(life.submitted_at, begins, "not_known", before)
    yield Cover(begins, life.at, "not_looked_at", "no round had decided about it")


def divided(wait: Span, layers: Iterable[Sequence[Cover]]) -> Iterator[Cover]:
    """The parts of a wait, each with the reason of the first layer that has one."""
    gaps = [wait]
    for covers in layers:
        left: list[Span] = []
        for gap in gaps:
            yield from painted(gap, covers, left)
        gaps = left


def painted(gap: Span, covers: Sequence[Cover], left: list[Span]) -> Iterator[Cover]:
    """What *covers*, by time, account for of a gap; the rest of it goes to *left*."""
    at = gap.since
    for cover in covers:
        since, until = max(cover.since, at), min(cover.until, gap.until)
        if since < until:
            if at < since:
                left.append(Span(at, since))
            yield cover._replace(since=since, until=until)
            at = until
    if at < gap.until:
        left.append(Span(at, gap.until))


def joined(covers: Iterable[Cover]) -> list[Cover]:
    """The same, where one goes on as the next; without empty ones."""
    found: list[Cover] = []
    for cover in covers:
        last = found[-1] if found else None
        if last is not None and last[1:] == (cover.since, *cover[2:]):
            found[-1] = last._replace(until=cover.until)
        elif cover.since < cover.until:
            found.append(cover)
    return found


def stretch(cover: Cover) -> Stretch:
    """As it is told."""
    return Stretch(
        reason=cover.reason,
        since=instant(cover.since),
        until=instant(cover.until),
        seconds=cover.until - cover.since,
        sentence=cover.sentence,
    )
