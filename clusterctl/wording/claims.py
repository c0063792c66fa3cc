"""What is said of a row of the claim log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.claim_story import ClaimStory
from clusterctl.units import about_memory, format_age
from clusterctl.wording.moments import clock, span, stamp
from clusterctl.wording.reasons import fitting

MOST_NAMES = 3  # workers that a line names


class Standing(NamedTuple):
    """How a worker stood when it was asked who may claim."""

    worker: str
    metric: float | None
    usage: Mapping[str, Any] | None
    reason: str


def ended_well(claim: ClaimPicture) -> bool:
    """Whether a release was of a process that came to a good end."""
    return claim.reason == "exited" and claim.detail.get("exit_code") == 0


def job_of(claim: ClaimPicture) -> str:
    """``43``; ``43 +99`` if as many of its shape stand behind it."""
    behind = (claim.waiting or 1) - 1
    return f"{claim.job_id or '-'}{f' +{behind:,}' if behind > 0 else ''}"


def why(claim: ClaimPicture, now: datetime) -> str:
    """The reason in a word and in a sentence, how often it was said, and for how long."""
    if claim.event == "ClaimEligibility":
        return who_may(claim, now)
    if claim.event == "ClaimAttempt":
        return f"its worker uses {used(claim.detail.get('usage'))}"
    if claim.event == "Claimed":
        among = f"best of {claim.candidates}" if claim.candidates != 1 else "the only one that could"
        fallback = claim.detail.get("fallback")
        return f"{among}, by {claim.policy}{f': {fallback}' if fallback else ''}"
    if claim.event == "Released":
        return how_it_ended(claim)
    return ": ".join(filter(None, (f"{claim.reason or ''}{how_often(claim, now)}", said(claim))))


def plainly(claim: ClaimPicture, now: datetime, width: int) -> str:
    """The same for a cell of a list: what has a sentence begins with it, in a form that has room."""
    if claim.event != "ClaimSkipped" or not claim.reason:
        return why(claim, now)
    return fitting(claim.reason, said(claim), width, how_often(claim, now))


def said(claim: ClaimPicture) -> str:
    """The sentence of a refusal, and which worker is kept for it."""
    return "; ".join(filter(None, (str(claim.detail.get("text", "")), keeping(claim))))


def keeping(claim: ClaimPicture) -> str:
    """``w1 is kept for it until 2026-03-01T13:57:02Z``; nothing for all but the first in line."""
    name, until = claim.detail.get("kept_worker"), claim.detail.get("kept_until")
    if name is None:
        return ""
    return f"{name} is kept for it until {until or 'it has room'}"


def who_may(claim: ClaimPicture, now: datetime) -> str:
    """``w2 of 3 workers may claim ×9 since 13:57:02, by resource_usage: w1 resource_usage:0.2064>0.1833``."""
    told = claim.detail
    names = told.get("eligible_workers") or []
    more = (claim.candidates or 0) - MOST_NAMES
    may = f"{', '.join(names[:MOST_NAMES])}{f' +{more}' if more > 0 else ''}" if names else "nobody"
    of = len(told.get("usage") or {}) + (told.get("more") or 0)
    reasons = list((told.get("not_eligible_reasons") or {}).items())
    others = ", ".join(f"{name} {reason}" for name, reason in reasons[:MOST_NAMES])
    others += ", …" if len(reasons) > MOST_NAMES else ""
    by = f"by {claim.policy}{f': {others}' if others else ''}"
    return f"{may} of {of} worker{'' if of == 1 else 's'} may claim{how_often(claim, now)}, {by}"


def used(usage: Mapping[str, Any] | None) -> str:
    """``12.5% 340M``: CPU in percent of its registered CPUs, and memory; a dash for what was not measured."""
    if not usage:
        return "-"
    percent = usage.get("cpu_percent")
    return f"{'?' if percent is None else f'{percent:.3g}%'} {about_memory(usage.get('memory_mb') or 0)}"


def how_it_ended(claim: ClaimPicture) -> str:
    """``exited 3 after 58s``, ``worker_lost after 20m00s: worker w1 was not heard for 900 s``."""
    code, signal, ran = (claim.detail.get(name) for name in ("exit_code", "signal", "ran_s"))
    how = f" by signal {signal}" if signal else f" {code}" if code is not None else ""
    after = f" after {format_age(ran)}" if ran is not None else ""
    text = str(claim.detail.get("text", ""))
    return f"{claim.reason}{how}{after}{f': {text}' if text else ''}"


def how_often(claim: ClaimPicture, now: datetime) -> str:
    """`` ×37 since 13:57:02`` while it stands; `` ×37 in 36s`` when it is over."""
    if claim.repeats == 1:
        return ""
    if claim.open:
        return f" ×{claim.repeats} since {clock(claim.at, now)}"
    return f" ×{claim.repeats} in {span(claim.at, claim.closed_at or claim.last_at)}"


def lost(claim: ClaimPicture) -> str:
    """``fits_now=3 label=2``: which filter removed how many workers."""
    return " ".join(f"{name}={count}" for name, count in claim.reasons.items()) or "-"


def number(amount: float | None, form: str = "g") -> str:
    """A dash for what is not known."""
    return "-" if amount is None else format(amount, form)


def short(value: float | None) -> str:
    """Four digits, and all of a large number."""
    return number(value, ".0f" if value is not None and abs(value) >= 1000 else ".4g")


def scored(claim: ClaimPicture) -> str:
    """``, score 0.1833``."""
    return "" if claim.score is None else f", score {claim.score:.4g}"


def seen(story: ClaimStory) -> str:
    """Of when the table is."""
    if story.seen_at is None:
        return ""
    given = story.given_before
    before = f", and {given:,} job{'' if given == 1 else 's'} placed since" if given else ""
    return f"{stamp(story.seen_at)}{before}"


def standings(detail: Mapping[str, Any]) -> list[Standing]:
    """Who could claim first, then those next to it."""
    reasons, metrics, usage = (detail.get(name) or {} for name in ("not_eligible_reasons", "metrics", "usage"))
    return [Standing(name, metrics.get(name), usage.get(name), reasons.get(name, "")) for name in by_metric(detail)]


def by_metric(detail: Mapping[str, Any]) -> list[str]:
    """The workers that the row names, those who may claim first."""
    metrics, may = detail.get("metrics") or {}, set(detail.get("eligible_workers") or ())
    names = {*may, *metrics, *(detail.get("usage") or {})}
    return sorted(names, key=lambda name: (name not in may, metrics.get(name) is None, metrics.get(name) or 0.0, name))
