"""The picture from which a plan is made: immutable, complete, and dated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from clusterctl.model.resources import Resources
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import Steering

MOST_STARTS = 5000  # decided in one round


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker's agent said last that its jobs and itself use; ``at``: seconds since the epoch.

    Nothing here is checked: a measure may be old, or absurd. ``scheduling.usage`` decides what it is worth.
    """

    cpu_milli: float
    memory_mb: float
    at: float


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """What the services of one worker report of themselves, those that did so lately, together.

    ``p99_ms``: the nearest-rank 99th percentile of what they report, 0 if nothing is known; ``violation_rate``:
    violations by requests, 0–1.
    """

    p99_ms: float = 0.0
    violation_rate: float = 0.0


class WorkerPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as the planner sees it.

    ``enduring``: what replicas hold there, which never comes free by itself; told only when something has waited long.

    ``services``: replicas that hold something there. ``charged``: what those allocations ask for that began after
    ``measured`` was taken, or have not begun. ``held_by_tenant``: what each tenant holds there. These, and ``reports``,
    are looked at only by some policies, and told only when one of these has something to place.
    """

    id: int
    name: str
    capacity: Resources
    reserved: Resources = Resources()
    allocated: Resources = Resources()
    admin_state: AdminState = AdminState.OPEN
    live_state: LiveState = LiveState.UP
    trouble: str = ""
    labels: Mapping[str, str] = {}
    enduring: Resources = Resources()
    services: int = 0
    measured: Measured | None = None
    charged: Resources = Resources()
    reports: ServiceLevel = ServiceLevel()
    held_by_tenant: Mapping[str, Resources] = {}

    @property
    def free(self) -> Resources:
        """What neither a reserved nor an allocated allocation holds."""
        has, reserved, allocated = self.capacity, self.reserved, self.allocated
        # In one step, for it is asked of every worker in every round.
        return Resources(
            has.cpu_milli - reserved.cpu_milli - allocated.cpu_milli,
            has.memory_mb - reserved.memory_mb - allocated.memory_mb,
            has.gpus - reserved.gpus - allocated.gpus,
        )


class QueueGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Waiting jobs that placement cannot tell apart (equal *shape*), oldest first.

    ``ids`` and ``submitted`` (seconds since the epoch) run in parallel, ordered by (submitted, id), and hold
    only the head of the group: as many as could possibly start now, and one more. ``more`` says that
    others stand behind them, or, where none could start, that nobody has looked. ``slots`` bounds how many may
    start (``--array …%LIMIT``); None is no bound.
    Replicas only: ``displaced``, their worker was lost; ``avoid``, the id of the worker on which they crashed.
    """

    shape: str
    request: Resources
    tenant: str = "default"
    priority: int = 50
    kind: Literal["batch", "service"] = "batch"
    labels: Mapping[str, str] = {}
    worker: str | None = None
    time_limit_s: int | None = None
    slots: int | None = None
    ids: tuple[int, ...]
    submitted: tuple[float, ...]
    more: bool = False
    displaced: bool = False
    avoid: int | None = None


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant may hold at once, and how many jobs hold something (``Snapshot.used`` has what). None: no bound."""

    cpu_milli: int | None = None
    running: int | None = None
    holds: int = 0  # jobs that are scheduled or running


class Ending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An allocation whose job has a time limit: the moment, in seconds since the epoch, at which it is over at last."""

    worker_id: int
    request: Resources
    at: float


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``plan`` may look at. ``at`` is the database's clock, seconds since the epoch.

    ``used`` holds, per tenant, what its live allocations hold; ``recent`` what it has held of late, on average;
    ``weights`` its share weight (1.0 if absent); ``quotas`` its bounds (none if absent). ``endings``: of every live
    allocation that has a time limit, by ``at``; ``grace_s``: for how long a job that reaches its own may go on at most.
    """

    at: float
    workers: tuple[WorkerPicture, ...]
    queue: tuple[QueueGroup, ...]
    used: Mapping[str, Resources] = {}
    recent: Mapping[str, Resources] = {}
    weights: Mapping[str, float] = {}
    quotas: Mapping[str, Quota] = {}
    endings: tuple[Ending, ...] = ()
    grace_s: float = 0.0
    steering: Steering = Steering()
    max_starts: int = MOST_STARTS
