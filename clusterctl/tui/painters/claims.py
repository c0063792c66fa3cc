"""The claim log as rows: what was decided, about which job, and why."""

from __future__ import annotations

from collections.abc import Mapping

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.text import cells
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.table.columns import Column
from clusterctl.wording import claims as words
from clusterctl.wording.moments import clock

# The events in the words of a list: they differ in their first letters, so that no colour is needed.
EVENTS: Mapping[str, str] = {
    "Claimed": "CLAIM", "ClaimSkipped": "SKIP", "Released": "RELEASE", "ClaimEligibility": "ELIGIBLE",
    "ClaimAttempt": "ATTEMPT",
}  # fmt: skip
CONFLICT = "claim_conflict"


def time(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """When it was decided, of what was said again the first time: as the list is in order. Where it is wide, tenths."""
    told = clock(claim.at, sight.now)
    tenths = f".{claim.at.microsecond // 100_000}" if width >= 10 and len(told) == 8 else ""
    return (Piece(told + tenths),)


def decision(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """What was decided."""
    del sight
    return (data(event_of(claim), mood_of(claim), width),)


def event_of(claim: ClaimPicture) -> str:
    """``CLAIM``, ``SKIP``, ``CONFLICT``: the event in a word."""
    return "CONFLICT" if claim.reason == CONFLICT else EVENTS.get(claim.event, claim.event)


def mood_of(claim: ClaimPicture) -> Tone:
    """Good what was given, bad what ended badly or in vain, a warning what has to wait."""
    if claim.event == "Claimed":
        return "good"
    if claim.event == "Released":
        return "plain" if words.ended_well(claim) else "bad"
    if claim.event == "ClaimAttempt" or claim.reason == "eligible":
        return "plain"
    return "bad" if claim.reason == CONFLICT else "warning"


def job(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """``43``; ``43 +99`` if as many of its shape stand behind it."""
    del sight, width
    return (Piece(words.job_of(claim), "plain" if claim.job_id else "dim"),)


def worker(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """Who got it."""
    del sight
    return (data(claim.worker, width=width) if claim.worker else Piece("-", "dim"),)


def candidates(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """How many workers could have had it."""
    del sight, width
    return (Piece(words.number(claim.candidates)),)


def took(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """How old the look at the cluster was when it was decided."""
    del sight, width
    return (Piece("-" if claim.duration_ms is None else f"{claim.duration_ms:.1f}ms"),)


def policy(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """By which policy."""
    del sight
    return (data(claim.policy or "-", width=width),)


def repeats(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """``×37``: how often it was said, if more than once."""
    del sight, width
    return (Piece(f"×{claim.repeats}" if claim.repeats > 1 else "", "warning" if claim.open else "dim"),)


def why(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """The reason in a sentence; how often it was said, and since when; and its code where there is room."""
    return (data(words.plainly(claim, sight.now, width), "plain", width),)


def short_why(claim: ClaimPicture, sight: Sight, width: int = 1000) -> str:
    """For one line of about *width* cells: what was decided about which job, and why."""
    way = sight.glyphs.arrow if claim.event == "Claimed" else "on"
    where = f" {way} {claim.worker}" if claim.worker else ""
    of = f"job {words.job_of(claim)}{where}  " if claim.job_id else ""
    return f"{of}{words.plainly(claim, sight.now, width - cells(of))}"


def told(claim: ClaimPicture, sight: Sight, width: int) -> Line:
    """The same as a cell."""
    return (data(short_why(claim, sight, width), width=width),)


COLUMNS: tuple[Column[ClaimPicture], ...] = (
    Column("time", "TIME", time, 8, sort="at", grows=True, most=10),
    Column("decision", "DECISION", decision, 8, sort="event"),
    Column("job", "JOB", job, 8, sort="job_id"),
    Column("worker", "WORKER", worker, 8, sort="worker", rank=2, grows=True, most=16),
    Column("candidates", "CAND", candidates, 4, sort="candidates", right=True, rank=4),
    Column("took", "TOOK", took, 7, sort="duration_ms", right=True, rank=5),
    Column("repeats", "TIMES", repeats, 6, sort="repeats", right=True, extra=True),
    Column("policy", "POLICY", policy, 14, sort="policy", extra=True),
    Column("round", "ROUND", lambda claim, sight, width: (Piece(words.number(claim.round)),), 7, sort="round",
           right=True, extra=True),
    Column("why", "WHY", why, 30, sort="reason", grows=True),
)  # fmt: skip

BRIEF: tuple[Column[ClaimPicture], ...] = (  # for a list among others
    Column("time", "TIME", time, 8),
    Column("decision", "DECISION", decision, 8),
    Column("told", "WHAT", told, 30, grows=True),
    Column("took", "TOOK", took, 7, right=True, rank=1),
)
