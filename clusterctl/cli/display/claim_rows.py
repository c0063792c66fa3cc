"""The claim log as rows of a listing."""

from __future__ import annotations

from clusterctl.cli.display import colours
from clusterctl.cli.display.ages import clock, now
from clusterctl.cli.display.listing import Listing, plain_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.claim_log import ClaimPicture
from clusterctl.wording.claims import ended_well, job_of, lost, number, why

GOOD, BAD = colours.STATES["completed"], colours.STATES["failed"]


def event_of(claim: ClaimPicture) -> Cell:
    """Green what was given, red what ended badly or in vain, yellow what has to wait."""
    if claim.event == "Claimed":
        return Cell(claim.event, GOOD)
    if claim.event == "Released":
        return Cell(claim.event, None if ended_well(claim) else BAD)
    if claim.event == "ClaimAttempt" or claim.reason == "eligible":
        return Cell(claim.event)
    return Cell(claim.event, BAD if claim.reason == "claim_conflict" else colours.STATES["pending"])


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
    Column("WHY", lambda claim: why(claim, now()), least=10),
]
FIELDS = (
    "id at round event job_id worker policy score candidates reason reasons duration_ms repeats detail"
    " allocation_id last_at closed_at open waiting"
)
CLAIMS: Listing[ClaimPicture] = Listing(
    "claims", COLUMNS, plain_of, FIELDS, "id", noun=ClaimPicture, spans={"age": ("last_at", "")}
)
