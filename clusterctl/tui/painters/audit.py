"""The audit as rows: who did what, to what, and why."""

from __future__ import annotations

from clusterctl.model.audit import AuditPicture
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.table.columns import Column
from clusterctl.wording.audit import whom
from clusterctl.wording.moments import clock

MENDING, GRAVE = ("mend",), ("cancel", "confirm_dead", "forget", "prune")  # first words of verbs


def time(entry: AuditPicture, sight: Sight, width: int) -> Line:
    """When."""
    del width
    return [Piece(clock(entry.at, sight.now), "dim")]


def actor(entry: AuditPicture, sight: Sight, width: int) -> Line:
    """Who: a person, a worker's agent, or schedd."""
    del sight
    return [data(entry.actor, "plain", width)]


def verb(entry: AuditPicture, sight: Sight, width: int) -> Line:
    """What."""
    del sight
    return [data(entry.verb, tone_of(entry), width)]


def subject(entry: AuditPicture, sight: Sight, width: int) -> Line:
    """To what, and to how many things at one stroke."""
    del sight
    return [data(whom(entry), "title", width)]


def reason(entry: AuditPicture, sight: Sight, width: int) -> Line:
    """Why, as they said."""
    del sight
    return [data(entry.reason or "-", "plain" if entry.reason else "dim", width)]


def tone_of(entry: AuditPicture) -> Tone:
    """What cannot be taken back stands out."""
    first = entry.verb.partition(" ")[0]
    return "good" if first in MENDING else "warning" if first in GRAVE else "accent"


AUDIT: tuple[Column[AuditPicture], ...] = (
    Column("at", "UTC", time, 11, sort="at"),
    Column("actor", "WHO", actor, 12, sort="actor", rank=2),
    Column("verb", "DID", verb, 18, sort="verb", grows=True, most=30),
    Column("subject", "TO", subject, 16, sort="subject", grows=True, most=40),
    Column("reason", "WHY", reason, 10, sort="reason", rank=1, grows=True),
)
