"""The picture from which a plan is made: immutable, complete, and dated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from clusterctl.model.resources import Resources
from clusterctl.model.states import AdminState, LiveState

QueueOrder = Literal["fifo", "priority", "drf"]
Policy = Literal["pack", "spread", "first_fit"]
MOST_STARTS = 5000  # decided in one round


class WorkerPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as the planner sees it."""

    id: int
    name: str
    capacity: Resources
    reserved: Resources = Resources()
    allocated: Resources = Resources()
    admin_state: AdminState = AdminState.OPEN
    live_state: LiveState = LiveState.UP
    trouble: str = ""
    labels: Mapping[str, str] = {}

    @property
    def free(self) -> Resources:
        """What neither a reserved nor an allocated allocation holds."""
        return self.capacity - self.reserved - self.allocated


class QueueGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Waiting jobs that placement cannot tell apart (equal *shape*), oldest first.

    ``ids`` and ``submitted`` (seconds since the epoch) run in parallel, ordered by (submitted, id), and hold
    only the head of the group: as many as could possibly start now, and one more. ``more`` says that
    others stand behind them. ``slots`` bounds how many may start (``--array …%LIMIT``); None is no bound.
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


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``plan`` may look at. ``at`` is the database's clock, seconds since the epoch.

    ``used`` holds, per tenant, what its live allocations hold; ``weights`` its share weight (1.0 if absent).
    """

    at: float
    workers: tuple[WorkerPicture, ...]
    queue: tuple[QueueGroup, ...]
    used: Mapping[str, Resources] = {}
    weights: Mapping[str, float] = {}
    queue_order: QueueOrder = "drf"
    batch_placement: Policy | Literal["none"] = "pack"
    max_starts: int = MOST_STARTS
