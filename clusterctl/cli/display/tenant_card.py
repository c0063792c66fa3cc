"""One tenant on a page: what it holds and may hold, how large its share is, how it is served."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cli.display import card
from clusterctl.cli.display.table import Cell
from clusterctl.cli.display.tenant_rows import age, held, memory
from clusterctl.model.tenants import TenantPicture
from clusterctl.wording.latencies import latency, rate


def show_card(tenant: TenantPicture) -> None:
    """Print all that is known about a tenant."""
    card.draw(f"tenant {tenant.name}", Cell(f"{tenant.fair_share:.0%}"), facts(tenant))


def facts(tenant: TenantPicture) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them; what is empty is left out by the caller."""
    jobs, quota = tenant.jobs, tenant.quota
    holding = jobs.scheduled + jobs.running
    yield "jobs", ", ".join(f"{count} {state}" for state, count in states(tenant) if count) or "none"
    yield "holds", holds(tenant)
    yield "share", share(tenant)
    yield "weight", f"{tenant.weight:g}" if tenant.weight != 1 else ""
    yield "max CPUs", bounded(held(tenant.cpus), quota.cpus, "held")
    yield "max running", bounded(holding, quota.running, "scheduled or running")
    yield "max pending", bounded(jobs.held + jobs.pending, quota.pending, "wait")
    yield "oldest wait", age(tenant.oldest_wait_s) if tenant.oldest_wait_s is not None else ""
    yield "waited", waited(tenant)
    yield "services", served(tenant)
    yield "deadlines", missed(tenant)


def states(tenant: TenantPicture) -> list[tuple[str, int]]:
    """How many jobs are in each state."""
    jobs = tenant.jobs
    return [("running", jobs.running), ("scheduled", jobs.scheduled), ("pending", jobs.pending), ("held", jobs.held)]


def holds(tenant: TenantPicture) -> str:
    """``4 CPUs, 8G memory, 1 GPU``: what is reserved and allocated."""
    cpus, gpus = held(tenant.cpus), held(tenant.gpus)
    parts = [f"{cpus:g} CPU{'' if cpus == 1 else 's'}"] if cpus else []
    parts += [f"{memory(tenant.memory_mb)} memory"] if held(tenant.memory_mb) else []
    parts += [f"{gpus:g} GPU{'' if gpus == 1 else 's'}"] if gpus else []
    return ", ".join(parts) or "nothing"


def share(tenant: TenantPicture) -> str:
    """``38%: 25% held now, 13% of late; the smallest is next``; a weight divides it."""
    divided = f", divided by its weight {tenant.weight:g}" if tenant.weight != 1 else ""
    return (
        f"{tenant.fair_share:.0%} for the fair order: {tenant.dominant_share:.0%} held now, "
        f"{tenant.recent_share:.0%} of late{divided}; the smallest is next"
    )


def bounded(used: float, bound: float | None, what: str) -> str:
    """``4 of 40 held``; that it is full is said."""
    if bound is None:
        return ""
    return f"{used:g} of {bound:g} {what}{': no more' if used >= bound else ''}"


def waited(tenant: TenantPicture) -> str:
    """How long its jobs had waited that were started within the hour."""
    if not tenant.starts:
        return ""
    return f"{age(tenant.wait_p50_s)} at the median, {age(tenant.wait_p95_s)} p95, of {tenant.starts:,} started lately"


def served(tenant: TenantPicture) -> str:
    """What its replicas report."""
    slo = tenant.slo
    parts = [f"p99 {latency(slo.p99_ms)}"] if slo.p99_ms is not None else []
    if slo.requests:
        parts.append(f"{rate(slo.violations / slo.requests)} of {slo.requests:,} requests violated")
    return ", ".join(parts)


def missed(tenant: TenantPicture) -> str:
    """How deadlines were kept within the hour."""
    slo = tenant.slo
    return f"{slo.missed} of {slo.deadlines} missed within the hour" if slo.deadlines else ""
