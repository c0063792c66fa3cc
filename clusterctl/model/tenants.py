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


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What operators grant a tenant: its weight, and its quotas, what it may hold and wait for at once. None: no bound.

    ``max_running``: jobs that hold a worker; ``max_pending``: jobs that wait, held ones too.
    """

    weight: float = 1.0
    max_cpu_milli: int | None = None
    max_running: int | None = None
    max_pending: int | None = None


QUOTAS: tuple[str, ...] = tuple(name for name in Grant.__struct_fields__ if name.startswith("max_"))
HEAVIEST, LIGHTEST = 1e6, 1e-6  # weights
WORDS = {"weight": "weight", "max_cpu_milli": "max CPUs", "max_running": "max running", "max_pending": "max pending"}


def check_weight(weight: float) -> None:
    """ValueError for what is no weight."""
    if not LIGHTEST <= weight <= HEAVIEST:  # nor is NaN
        raise ValueError(f"a weight is a number above 0, at most {HEAVIEST:,.0f}")


class GrantChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be granted from now on; None leaves it as it is. ``unbound``: quotas that are taken away."""

    weight: float | None = None
    max_cpu_milli: int | None = None
    max_running: int | None = None
    max_pending: int | None = None
    unbound: tuple[str, ...] = ()


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What was granted before, and what is now."""

    tenant: str
    before: Grant
    after: Grant


class RecentUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant has held of late: the average in which a moment counts half after ``fair_half_life``."""

    cpus: float = 0.0
    memory_mb: float = 0.0
    gpus: float = 0.0


class QuotaPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's bounds; None: there is none."""

    cpus: float | None = None
    running: int | None = None
    pending: int | None = None


class TenantSlo(msgspec.Struct, frozen=True, kw_only=True):
    """How well a tenant is served.

    ``p99_ms``, ``requests`` and ``violations``: as its replicas reported lately of themselves, together. ``deadlines``:
    its jobs with one that ended within the hour, ``missed`` those of them that ended after it, or were cancelled for
    it. ``violation_rate``: of requests and deadlines together, 0–1; None without any.
    """

    p99_ms: float | None = None
    requests: int = 0
    violations: int = 0
    deadlines: int = 0
    missed: int = 0
    violation_rate: float | None = None


class TenantPicture(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant.

    ``dominant_share``: the largest share, over the kinds, that it holds of the workers that are up, divided by
    ``weight``; ``recent_share`` the same of what it has held of late, and ``fair_share`` of both together: the smallest
    is next. ``oldest_wait_s``: since the oldest job was submitted that waits for a worker only. Of its ``starts``
    within the last hour, first attempts only, ``wait_p50_s`` and ``wait_p95_s`` say how long the jobs had waited since
    they were submitted. ``jain`` is about no single one: how evenly all share that want anything, the same in each row.
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
    recent: RecentUse = RecentUse()
    recent_share: float = 0.0
    fair_share: float = 0.0
    quota: QuotaPicture = QuotaPicture()
    slo: TenantSlo = TenantSlo()
    jain: float | None = None


class TenantList(msgspec.Struct, frozen=True, kw_only=True):
    """All tenants that have live jobs or had starts, or are granted something, by name.

    ``jain``: how evenly those share that want anything.
    """

    tenants: tuple[TenantPicture, ...]
    jain: float
    sharers: int  # of whom ``jain`` is
