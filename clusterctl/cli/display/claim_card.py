"""One row of the claim log on a page, and how every worker stood to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from clusterctl.cli.display import card, colours, table
from clusterctl.cli.display.ages import ago, stamp
from clusterctl.cli.display.candidate_parts import told_parts
from clusterctl.cli.display.claim_rows import event_of, how_often, lost, number, used, why
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.candidates import Candidate
from clusterctl.model.claim_log import LEAST_FIRST, ClaimPicture
from clusterctl.model.claim_story import ClaimStory


class Standing(NamedTuple):
    """How a worker stood when it was asked who may claim."""

    worker: str
    metric: float | None
    usage: Mapping[str, Any] | None
    reason: str


def show_card(story: ClaimStory) -> None:
    """Print all that is known of it."""
    claim = story.claim
    card.draw(f"claim {claim.id}", event_of(claim), facts(story))
    if claim.event == "ClaimEligibility":
        sys.stdout.write("\n")
        table.draw(STANDINGS if claim.policy in LEAST_FIRST else SCORED, standings(claim.detail))
        if more := claim.detail.get("more"):
            sys.stdout.write(f"… and {more:,} more\n")
    elif story.candidate_table:
        sys.stdout.write("\n")
        table.draw(CANDIDATES, in_order(story))


def facts(story: ClaimStory) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    claim = story.claim
    yield "why", why(claim)
    yield "at", f"{stamp(claim.at)}, {ago(claim.at)}"
    yield "stands", f"{'still' if claim.open else 'no more'},{how_often(claim)}" if claim.repeats > 1 else ""
    yield "job", "" if claim.job_id is None else str(claim.job_id)
    yield "worker", claim.worker or ""
    yield "policy", "" if claim.policy is None else f"{claim.policy}{scored(claim)}"
    yield "fallback", str(claim.detail.get("fallback", ""))
    yield "used", used(claim.detail.get("usage")) if claim.event == "ClaimAttempt" else ""
    yield "removed", lost(claim) if claim.reasons else ""
    yield "round", "" if claim.round is None else f"{claim.round}, {number(claim.duration_ms, '.1f')} ms from its look"
    yield "seen", seen(story)
    yield "no table", story.untold


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


def in_order(story: ClaimStory) -> list[Candidate]:
    """The best first, then those that were removed."""
    return sorted(story.candidate_table, key=lambda each: (each.score is None, -(each.score or 0.0), each.worker))


def verdict(story_of: Candidate) -> Cell:
    """The filter that removed it, or that it could have had the job."""
    removed = story_of.removed_by
    return Cell(removed or "could", colours.STATES["pending"] if removed else colours.STATES["completed"])


def short(value: float | None) -> str:
    """Four digits, and all of a large number."""
    return number(value, ".0f" if value is not None and abs(value) >= 1000 else ".4g")


def standings(detail: Mapping[str, Any]) -> list[Standing]:
    """Who could claim first, then those next to it."""
    reasons, metrics, usage = (detail.get(name) or {} for name in ("not_eligible_reasons", "metrics", "usage"))
    return [Standing(name, metrics.get(name), usage.get(name), reasons.get(name, "")) for name in by_metric(detail)]


def by_metric(detail: Mapping[str, Any]) -> list[str]:
    """The workers that the row names, those who may claim first."""
    metrics, may = detail.get("metrics") or {}, set(detail.get("eligible_workers") or ())
    names = {*may, *metrics, *(detail.get("usage") or {})}
    return sorted(names, key=lambda name: (name not in may, metrics.get(name) is None, metrics.get(name) or 0.0, name))


CANDIDATES: list[Column[Candidate]] = [
    Column("WORKER", lambda each: each.worker, least=6),
    Column("VERDICT", verdict),
    Column("SCORE", lambda each: short(each.score), right=True),
    Column("PARTS", lambda each: told_parts(each.parts) or "-", least=8),
]
STANDINGS: list[Column[Standing]] = [
    Column("WORKER", lambda each: each.worker, least=6),
    Column("METRIC", lambda each: number(each.metric, ".4g"), right=True),
    Column("USED", lambda each: used(each.usage), right=True, spare=True),
    Column("MAY CLAIM", lambda each: Cell(each.reason or "yes", None if each.reason else colours.STATES["completed"])),
]
# The metric of a policy whose score is better the higher is that, negated.
SCORED = [
    STANDINGS[0],
    Column[Standing]("SCORE", lambda each: "-" if each.metric is None else f"{0 - each.metric:.4g}", right=True),
    *STANDINGS[2:],
]
