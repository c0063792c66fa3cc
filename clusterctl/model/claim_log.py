"""The claim log: what was decided about jobs, and what became of it. Fields of the JSON are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from clusterctl.model.filters import Filter
from clusterctl.model.log_marks import Mark, Reach
from clusterctl.model.plan import Wait

ClaimEvent = Literal["Claimed", "ClaimSkipped", "Released", "ClaimEligibility", "ClaimAttempt"]
CLAIM_EVENTS: tuple[str, ...] = get_args(ClaimEvent)
# What operators of services grep for, by our reasons: ``detail.reason`` of a ClaimSkipped. Others are called as by us.
SKIPPED_AS: Mapping[str, str] = {
    "unsatisfiable": "no_fit",
    "fits_now": "no_fit",
    "fits_load": "no_fit",
    "live": "not_eligible",
    "admin_open": "not_eligible",
    "worker_trouble": "not_eligible",
    "measured": "not_eligible",
    "service_claims": "not_eligible",
    "no_workers": "no_candidate",
    "named_worker": "no_candidate",
    "label": "no_candidate",
}
# Policies whose metrics are amounts, of which the least is best. Those of others are scores, negated.
LEAST_FIRST: frozenset[str] = frozenset({"resource_usage", "service_count"})


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at the end of a round, and is one row for as long as it does: a refusal, or who may claim services.

    Rows of the same ``shape`` and ``reason`` are one. ``repeats``: how often it was said since that was last written.
    """

    event: ClaimEvent
    shape: str
    reason: str
    job_id: int | None = None
    policy: str | None = None
    refusals: Mapping[str, int] = {}
    candidates: int = 0
    detail: Mapping[str, Any] = {}
    repeats: int = 1


def refusal(wait: Wait, text: str, repeats: int = 1, **aside: Any) -> Said:
    """A group that waits, why in words, and what else there is to say of it."""
    return Said(
        event="ClaimSkipped",
        shape=wait.shape,
        reason=wait.reason,
        job_id=wait.job_id,
        refusals=wait.refusals,
        candidates=wait.candidates,
        detail={"reason": SKIPPED_AS.get(wait.reason, wait.reason), "text": text, **aside},
        repeats=repeats,
    )


class ClaimPicture(msgspec.Struct, frozen=True, kw_only=True):
    """One row: who may claim, an attempt, a claim, a refusal, a conflict or a release.

    A refusal speaks for all jobs of a shape. It is *folded*: said again it stays one row, whose ``repeats`` and
    ``last_at`` grow. While it is ``open`` it stands; ``job_id`` is then the first in line, and ``waiting`` counts the
    jobs of that shape. ``reasons`` has per filter how many workers it removed,
    ``duration_ms`` how old the look at the cluster was. Only a Claimed has a policy, a score and candidates.
    A ClaimEligibility is folded, too: there is one while services wait, and it is of no job.

    ``detail``, by event. ClaimEligibility: ``eligible`` (whether anybody may claim) ``policy active_workers
    eligible_workers metrics min_metrics usage not_eligible_reasons``, maps by worker (of metrics the least is the best:
    a score is negated there), ``more`` workers that are left out, and ``fallback`` if another policy than the one that
    is set decided, and why. ClaimAttempt: ``job_id claimant usage``. Claimed: ``job_id claimant``, ``fallback``.
    ClaimSkipped: ``reason`` (SKIPPED_AS), ``text`` in words, and ``kept_worker`` that is kept for it, ``kept_until``.
    Released: ``text attempt exit_code signal ran_s``, where there are any.
    """

    id: int
    at: datetime
    last_at: datetime
    closed_at: datetime | None
    round: int | None
    event: str
    job_id: int | None
    worker: str | None
    allocation_id: int | None
    policy: str | None
    score: float | None
    candidates: int | None
    reason: str | None
    reasons: dict[str, int]
    duration_ms: float | None
    repeats: int
    open: bool
    waiting: int | None
    detail: dict[str, Any]


class ClaimChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows. Everything given must hold. ``since_s``: not older than so many seconds; None: as old as there are.

    Of a job also the folded refusals of its shape, from the time in which it waited; of a ``service`` those of its
    replicas' shapes, since there is that service.
    """

    job_id: int | None = None
    service: int | None = None
    worker: str | None = None
    events: tuple[str, ...] = ()
    since_s: float | None = None
    filter: Filter | None = None


class ClaimList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of the chosen rows, oldest first: by when they were last said, and what stands now at the end.

    Of one job by when they were first said.
    """

    claims: tuple[ClaimPicture, ...]
    reach: Reach


class ClaimNews(msgspec.Struct, frozen=True, kw_only=True):
    """What is new since a mark, and the mark behind it."""

    claims: tuple[ClaimPicture, ...]
    mark: Mark
