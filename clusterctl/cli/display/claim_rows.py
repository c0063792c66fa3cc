"""The claim log as rows of a listing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from clusterctl.cli.display import ages, colours
from clusterctl.cli.display.ages import span
from clusterctl.cli.display.listing import Listing, plain_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.claim_log import ClaimPicture
from clusterctl.units import about_memory, format_age

MOST_NAMES = 3  # workers that a line names
GOOD, BAD = colours.STATES["completed"], colours.STATES["failed"]


def clock(moment: datetime) -> str:
    """``13:57:02``; of another day ``03-01 13:57``."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%H:%M:%S" if utc.date() == ages.now().date() else "%m-%d %H:%M")


def event_of(claim: ClaimPicture) -> Cell:
    """Green what was given, red what ended badly or in vain, yellow what has to wait."""
    if claim.event == "Claimed":
        return Cell(claim.event, GOOD)
    if claim.event == "Released":
        return Cell(claim.event, None if ended_well(claim) else BAD)
    if claim.event == "ClaimAttempt" or claim.reason == "eligible":
        return Cell(claim.event)
    return Cell(claim.event, BAD if claim.reason == "claim_conflict" else colours.STATES["pending"])


def ended_well(claim: ClaimPicture) -> bool:
    """Whether a release was of a process that came to a good end."""
    return claim.reason == "exited" and claim.detail.get("exit_code") == 0


def job_of(claim: ClaimPicture) -> str:
    """``43``; ``43 +99`` if as many of its shape stand behind it."""
    behind = (claim.waiting or 1) - 1
    return f"{claim.job_id or '-'}{f' +{behind:,}' if behind > 0 else ''}"


def why(claim: ClaimPicture) -> str:
    """The reason in a word and in a sentence, how often it was said, and for how long."""
    if claim.event == "ClaimEligibility":
        return who_may(claim)
    if claim.event == "ClaimAttempt":
        return f"its worker uses {used(claim.detail.get('usage'))}"
    if claim.event == "Claimed":
        among = f"best of {claim.candidates}" if claim.candidates != 1 else "the only one that could"
        fallback = claim.detail.get("fallback")
        return f"{among}, by {claim.policy}{f': {fallback}' if fallback else ''}"
    if claim.event == "Released":
        return how_it_ended(claim)
    text = "; ".join(filter(None, (str(claim.detail.get("text", "")), keeping(claim))))
    return ": ".join(filter(None, (f"{claim.reason or ''}{how_often(claim)}", text)))


def keeping(claim: ClaimPicture) -> str:
    """``w1 is kept for it until 2026-03-01T13:57:02Z``; nothing for all but the first in line."""
    name, until = claim.detail.get("kept_worker"), claim.detail.get("kept_until")
    if name is None:
        return ""
    return f"{name} is kept for it until {until or 'it has room'}"


def who_may(claim: ClaimPicture) -> str:
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
    return f"{may} of {of} worker{'' if of == 1 else 's'} may claim{how_often(claim)}, {by}"


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


def how_often(claim: ClaimPicture) -> str:
    """`` ×37 since 13:57:02`` while it stands; `` ×37 in 36s`` when it is over."""
    if claim.repeats == 1:
        return ""
    if claim.open:
        return f" ×{claim.repeats} since {clock(claim.at)}"
    return f" ×{claim.repeats} in {span(claim.at, claim.closed_at or claim.last_at)}"


def lost(claim: ClaimPicture) -> str:
    """``fits_now=3 label=2``: which filter removed how many workers."""
    return " ".join(f"{name}={count}" for name, count in claim.reasons.items()) or "-"


def number(amount: float | None, form: str = "g") -> str:
    """A dash for what is not known."""
    return "-" if amount is None else format(amount, form)


COLUMNS: list[Column[ClaimPicture]] = [
    Column("ID", lambda claim: str(claim.id), right=True, wide=True),
    Column("UTC", lambda claim: clock(claim.last_at)),
    Column("ROUND", lambda claim: number(claim.round), right=True, wide=True),
    Column("EVENT", event_of, least=8),
    Column("JOB", job_of),
    Column("WORKER", lambda claim: claim.worker or "-", least=6, spare=True),
    Column("POLICY", lambda claim: claim.policy or "-", wide=True),
    Column("SCORE", lambda claim: number(claim.score, ".4g"), right=True, wide=True),
    Column("CANDIDATES", lambda claim: number(claim.candidates), right=True, wide=True),
    Column("REMOVED", lost, wide=True),
    Column("MS", lambda claim: number(claim.duration_ms, ".1f"), right=True, wide=True),
    Column("ALLOCATION", lambda claim: number(claim.allocation_id), right=True, wide=True),
    Column("WHY", why, least=10),
]
FIELDS = (
    "id at round event job_id worker policy score candidates reason reasons duration_ms repeats detail"
    " allocation_id last_at closed_at open waiting"
)
CLAIMS: Listing[ClaimPicture] = Listing(
    "claims", COLUMNS, plain_of, FIELDS, "id", noun=ClaimPicture, spans={"age": ("last_at", "")}
)
