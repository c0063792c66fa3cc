"""Tenants: what each wants, holds and waits for. Fields of the JSON are only ever added."""

from __future__ import annotations

import msgspec


class HeldAmounts(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind a tenant holds."""

    reserved: float = 0.0
    allocated: float = 0.0


class LiveJobs(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a tenant's live jobs are in each state."""

    held: int = 0
    pending: int = 0
    scheduled: int = 0
    running: int = 0


class TenantPicture(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant.

    ``dominant_share``: the largest share, over the kinds, that it holds of the workers that are up, divided by
    ``weight``. ``oldest_wait_s``: since the oldest job was submitted that waits for a worker only. Of its ``starts``
    within the last hour, first attempts only, ``wait_p50_s`` and ``wait_p95_s`` say how long the jobs had waited since
    they were submitted.
    """

    name: str
    jobs: LiveJobs
    cpus: HeldAmounts
    memory_mb: HeldAmounts
    gpus: HeldAmounts
    dominant_share: float
    weight: float
    oldest_wait_s: float | None
    wait_p50_s: float | None
    wait_p95_s: float | None
    starts: int


class TenantList(msgspec.Struct, frozen=True, kw_only=True):
    """All tenants that have live jobs or had starts, by name. ``jain``: how evenly those share that want anything."""

    tenants: tuple[TenantPicture, ...]
    jain: float
    sharers: int  # of whom ``jain`` is
