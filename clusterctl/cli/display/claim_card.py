"""One row of the claim log on a page, and how every worker stood to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from clusterctl.cli.display import card, colours, table
from clusterctl.cli.display.ages import ago, now
from clusterctl.cli.display.claim_rows import event_of
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.candidates import Candidate
from clusterctl.model.claim_log import LEAST_FIRST
from clusterctl.model.claim_story import ClaimStory
from clusterctl.wording import claims
from clusterctl.wording.candidates import in_order, told_parts
from clusterctl.wording.claims import Standing, how_often, number
from clusterctl.wording.moments import stamp


def show_card(story: ClaimStory) -> None:
    """Print all that is known of it."""
    claim = story.claim
    card.draw(f"claim {claim.id}", event_of(claim), facts(story))
    if claim.event == "ClaimEligibility":
        sys.stdout.write("\n")
        table.draw(STANDINGS if claim.policy in LEAST_FIRST else SCORED, claims.standings(claim.detail))
        if more := claim.detail.get("more"):
            sys.stdout.write(f"… and {more:,} more\n")
    elif story.candidate_table:
        sys.stdout.write("\n")
        table.draw(CANDIDATES, in_order(story.candidate_table))


def facts(story: ClaimStory) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    claim = story.claim
    yield "why", claims.why(claim, now())
    yield "at", f"{stamp(claim.at)}, {ago(claim.at)}"
    yield "stands", f"{'still' if claim.open else 'no more'},{how_often(claim, now())}" if claim.repeats > 1 else ""
    yield "job", "" if claim.job_id is None else str(claim.job_id)
    yield "worker", claim.worker or ""
    yield "policy", "" if claim.policy is None else f"{claim.policy}{claims.scored(claim)}"
    yield "fallback", str(claim.detail.get("fallback", ""))
    yield "used", claims.used(claim.detail.get("usage")) if claim.event == "ClaimAttempt" else ""
    yield "removed", claims.lost(claim) if claim.reasons else ""
    yield "round", "" if claim.round is None else f"{claim.round}, {number(claim.duration_ms, '.1f')} ms from its look"
    yield "seen", claims.seen(story)
    yield "no table", story.untold


def verdict(story_of: Candidate) -> Cell:
    """The filter that removed it, or that it could have had the job."""
    removed = story_of.removed_by
    return Cell(removed or "could", colours.STATES["pending"] if removed else colours.STATES["completed"])


CANDIDATES: list[Column[Candidate]] = [
    Column("WORKER", lambda each: each.worker, least=6),
    Column("VERDICT", verdict),
    Column("SCORE", lambda each: claims.short(each.score), right=True),
    Column("PARTS", lambda each: told_parts(each.parts) or "-", least=8),
]
STANDINGS: list[Column[Standing]] = [
    Column("WORKER", lambda each: each.worker, least=6),
    Column("METRIC", lambda each: number(each.metric, ".4g"), right=True),
    Column("USED", lambda each: claims.used(each.usage), right=True, spare=True),
    Column("MAY CLAIM", lambda each: Cell(each.reason or "yes", None if each.reason else colours.STATES["completed"])),
]
# The metric of a policy whose score is better the higher is that, negated.
SCORED = [
    STANDINGS[0],
    Column[Standing]("SCORE", lambda each: "-" if each.metric is None else f"{0 - each.metric:.4g}", right=True),
    *STANDINGS[2:],
]
