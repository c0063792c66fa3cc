"""The claim log: what was decided about jobs, and what became of it. Fields of the JSON are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from clusterctl.model.filters import Filter
from clusterctl.model.log_marks import Mark, Reach

ClaimEvent = Literal["Claimed", "ClaimSkipped", "Released"]
CLAIM_EVENTS: tuple[str, ...] = get_args(ClaimEvent)


class ClaimPicture(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a claim, a refusal, a conflict or a release.

    A refusal speaks for all jobs of a shape. It is *folded*: said again it stays one row, whose ``repeats`` and
    ``last_at`` grow. While it is ``open`` it stands; ``job_id`` is then the first in line, and ``waiting`` counts the
    jobs of that shape. ``reasons`` has per filter how many workers it removed,
    ``duration_ms`` how old the look at the cluster was. Only a Claimed has a policy, a score and candidates.
    ``detail``: ``text`` in words; of a release also ``attempt exit_code signal ran_s``, where there are any.
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

    Of a job also the folded refusals of its shape, from the time in which it waited.
    """

    job_id: int | None = None
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
