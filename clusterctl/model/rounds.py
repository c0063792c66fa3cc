"""Rounds that are kept, with what they saw, and what they gave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import WorkerPicture
from clusterctl.model.steering import Steering

MOST_KEPT = 500  # rounds


class KeptRound(msgspec.Struct, frozen=True, kw_only=True):
    """What a round saw, ``at`` in seconds since the epoch, and the rules by which it decided.

    ``kept_worker_id``: the worker that it kept for the first job that waited for room.
    """

    number: int
    at: float
    rules: Steering
    workers: tuple[WorkerPicture, ...]
    kept_worker_id: int | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a round had given to a worker before a decision."""

    worker_id: int
    request: Resources
    tenant: str
    kind: str


class UsagePicture(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker's agent had measured last: CPU in percent of its registered CPUs."""

    cpu_percent: float | None
    memory_mb: float
    sampled_at: datetime


class RoundClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker got in a round: a replica, or ``jobs`` batch jobs, of which ``job_id`` is the first.

    ``at``: of the round's look, as are the measures in ``usage``, by worker; a worker that was not measured is not in
    it. ``claims``: how many the whole round gave; ``waits``: how many shapes it left waiting.
    """

    round: int
    term: int
    at: datetime
    took_ms: float
    claims: int
    waits: int
    worker: str
    kind: str
    job_id: int
    jobs: int
    policy: str | None
    usage: Mapping[str, UsagePicture]
