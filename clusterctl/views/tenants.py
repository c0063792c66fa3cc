"""Tenants as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound
from clusterctl.model.resources import Resources
from clusterctl.model.tenants import (
    Grant,
    HeldAmounts,
    LiveJobs,
    QuotaPicture,
    RecentUse,
    TenantList,
    TenantPicture,
    TenantSlo,
)
from clusterctl.scheduling.measures import dominant_share, jain
from clusterctl.store import deadlines, grants, steering, tenants
from clusterctl.store.deadlines import Kept
from clusterctl.store.grants import Known
from clusterctl.store.tenants import Demand, Holding, Reports, Waits

NOTHING = Holding(HeldAmounts(), HeldAmounts(), HeldAmounts(), Resources())


class Facts(NamedTuple):
    """All that is known, by tenant, at one moment."""

    demands: Mapping[str, Sequence[Demand]]
    holdings: Mapping[str, Holding]
    waits: Mapping[str, Waits]
    known: Mapping[str, Known]
    reports: Mapping[str, Reports]
    kept: Mapping[str, Kept]
    capacity: Resources
    remembers: bool  # whether use of late counts

    @property
    def names(self) -> list[str]:
        """Who has live jobs, had some started within the hour, or is granted something."""
        granted = {name for name, each in self.known.items() if each.grant != Grant()}
        return sorted(self.demands.keys() | self.waits.keys() | granted)


@served
def tenant_list(cluster: Cluster) -> TenantList:
    """Everybody who has live jobs, had some started within the hour, or is granted something."""
    return everybody(gather(cluster))


def everybody(facts: Facts) -> TenantList:
    """All of them, and how evenly those share that hold or wait."""
    pictures = [picture(name, facts) for name in facts.names]
    shares = [each.dominant_share for each in pictures if each.name in facts.holdings or each.oldest_wait_s is not None]
    even = round(jain(shares), 4)
    return TenantList(tenants=tuple(replace(each, jain=even) for each in pictures), jain=even, sharers=len(shares))


@served
def tenant(cluster: Cluster, name: str) -> TenantPicture:
    """One of them. Raises NotFound."""
    facts = gather(cluster)
    if name not in facts.names:
        raise NotFound(
            f"nothing is known of a tenant {name!a:.80}: it has no live jobs, and is granted nothing",
            "`clusterctl tenants` lists them; `clusterctl submit --tenant NAME` makes one",
        )
    return next(each for each in everybody(facts).tenants if each.name == name)


def gather(cluster: Cluster) -> Facts:
    """Look."""
    db = cluster.db
    demands: dict[str, list[Demand]] = {}
    with db.one_moment():
        rules = steering.in_force(db, cluster.settings)
        for demand in tenants.demands(db):
            demands.setdefault(demand.tenant, []).append(demand)
        return Facts(
            demands=demands,
            holdings=tenants.holdings(db),
            waits={each.tenant: each for each in tenants.waits(db)},
            known=grants.read(db),
            reports=tenants.reports(db, rules.measure_ttl),
            kept=deadlines.kept(db),
            capacity=tenants.capacity(db),
            remembers=rules.fair_half_life > 0,
        )


def picture(name: str, facts: Facts) -> TenantPicture:
    """One tenant."""
    demands, holding, waits = facts.demands.get(name, []), facts.holdings.get(name, NOTHING), facts.waits.get(name)
    known = facts.known.get(name)
    grant = known.grant if known else Grant()
    recent = known.recent if known and facts.remembers else Resources()

    def share(of: Resources) -> float:
        return round(dominant_share(of, facts.capacity, grant.weight), 4)

    return TenantPicture(
        name=name,
        jobs=LiveJobs(**{each.state: each.jobs for each in demands}),
        cpus=holding.cpus,
        memory_mb=holding.memory_mb,
        gpus=holding.gpus,
        dominant_share=share(holding.total),
        weight=grant.weight,
        oldest_wait_s=max((each.oldest_s for each in demands if each.oldest_s is not None), default=None),
        wait_p50_s=waits.p50_s if waits else None,
        wait_p95_s=waits.p95_s if waits else None,
        starts=waits.starts if waits else 0,
        recent=RecentUse(cpus=recent.cpu_milli / 1000, memory_mb=recent.memory_mb, gpus=recent.gpus),
        recent_share=share(recent),
        fair_share=share(holding.total + recent),
        quota=QuotaPicture(
            cpus=None if grant.max_cpu_milli is None else grant.max_cpu_milli / 1000,
            running=grant.max_running,
            pending=grant.max_pending,
        ),
        slo=slo(facts.reports.get(name), facts.kept.get(name)),
    )


def slo(reports: Reports | None, kept: Kept | None) -> TenantSlo:
    """How well it is served."""
    requests, violations = (reports.requests, reports.violations) if reports else (0, 0)
    promised, missed = kept or (0, 0)
    asked = requests + promised
    return TenantSlo(
        p99_ms=reports.p99_ms if reports else None,
        requests=requests,
        violations=violations,
        deadlines=promised,
        missed=missed,
        violation_rate=round((violations + missed) / asked, 4) if asked else None,
    )
