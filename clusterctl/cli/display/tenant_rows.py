"""Tenants as rows of a listing."""

from __future__ import annotations

from clusterctl.cli.display.listing import Listing, plain_of
from clusterctl.cli.display.table import Column
from clusterctl.model.tenants import HeldAmounts, TenantPicture
from clusterctl.units import about_memory, format_age
from clusterctl.wording.latencies import latency, rate


def held(amounts: HeldAmounts) -> float:
    """Reserved and allocated."""
    return amounts.reserved + amounts.allocated


def memory(amounts: HeldAmounts) -> str:
    """In short units; a dash for none."""
    return about_memory(held(amounts)) if held(amounts) else "-"


def age(seconds: float | None) -> str:
    """A dash where nothing waits, or has been started."""
    return "-" if seconds is None else format_age(seconds)


def of(used: float, bound: float | None) -> str:
    """``4/40``: what is used, and what may be."""
    return f"{used:g}" if bound is None else f"{used:g}/{bound:g}"


def pending(tenant: TenantPicture) -> str:
    """How many wait, of those that may. Against that bound held ones count too."""
    bound = tenant.quota.pending
    return str(tenant.jobs.pending) if bound is None else of(tenant.jobs.pending + tenant.jobs.held, bound)


COLUMNS: list[Column[TenantPicture]] = [
    Column("TENANT", lambda tenant: tenant.name, least=8),
    Column("PENDING", pending, right=True),
    Column("HELD", lambda tenant: str(tenant.jobs.held), right=True, spare=True),
    Column("SCHEDULED", lambda tenant: str(tenant.jobs.scheduled), right=True, wide=True),
    Column("RUNNING", lambda tenant: of(tenant.jobs.running, tenant.quota.running), right=True),
    Column("CPUS", lambda tenant: of(held(tenant.cpus), tenant.quota.cpus), right=True),
    Column("RESERVED", lambda tenant: f"{tenant.cpus.reserved:g}", right=True, wide=True),
    Column("MEM", lambda tenant: memory(tenant.memory_mb), right=True),
    Column("GPUS", lambda tenant: f"{held(tenant.gpus):g}", right=True, spare=True),
    Column("SHARE", lambda tenant: f"{tenant.dominant_share:.0%}", right=True),
    Column("RECENT", lambda tenant: f"{tenant.recent_share:.0%}", right=True, spare=True),
    Column("WEIGHT", lambda tenant: f"{tenant.weight:g}", right=True, spare=True),
    Column("OLDEST", lambda tenant: age(tenant.oldest_wait_s), right=True),
    Column("P50", lambda tenant: age(tenant.wait_p50_s), right=True, spare=True),
    Column("P95", lambda tenant: age(tenant.wait_p95_s), right=True, spare=True),
    Column("STARTS", lambda tenant: str(tenant.starts), right=True, wide=True),
    Column("P99", lambda tenant: latency(tenant.slo.p99_ms), right=True, wide=True),
    Column("VIOLATED", lambda tenant: rate(tenant.slo.violation_rate), right=True, wide=True),
]
FIELDS = (
    "name jobs.pending jobs.held jobs.scheduled jobs.running cpus.reserved cpus.allocated memory_mb.reserved"
    " memory_mb.allocated gpus.reserved gpus.allocated dominant_share weight oldest_wait_s wait_p50_s wait_p95_s starts"
    " recent.cpus recent.memory_mb recent.gpus recent_share fair_share quota.cpus quota.running quota.pending"
    " slo.p99_ms slo.requests slo.violations slo.deadlines slo.missed slo.violation_rate jain"
)
TENANTS: Listing[TenantPicture] = Listing("tenants", COLUMNS, plain_of, FIELDS, "name", noun=TenantPicture)
