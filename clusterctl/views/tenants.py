"""Tenants as pictures."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.resources import Resources
from clusterctl.model.tenants import HeldAmounts, LiveJobs, TenantList, TenantPicture
from clusterctl.scheduling.measures import dominant_share, jain
from clusterctl.store import tenants
from clusterctl.store.tenants import Demand, Holding, Waits

WEIGHT = 1.0  # everybody's
NOTHING = Holding(HeldAmounts(), HeldAmounts(), HeldAmounts(), Resources())


@served
def tenant_list(cluster: Cluster) -> TenantList:
    """Everybody who has live jobs, or had some started within the hour."""
    demands: dict[str, list[Demand]] = {}
    with cluster.db.one_moment():
        for demand in tenants.demands(cluster.db):
            demands.setdefault(demand.tenant, []).append(demand)
        holdings = tenants.holdings(cluster.db)
        waits = {each.tenant: each for each in tenants.waits(cluster.db)}
        capacity = tenants.capacity(cluster.db)
    pictures = [
        picture(name, demands.get(name, []), holdings.get(name, NOTHING), waits.get(name), capacity)
        for name in sorted(demands.keys() | waits.keys())
    ]
    shares = [each.dominant_share for each in pictures if each.name in holdings or each.oldest_wait_s is not None]
    return TenantList(tenants=tuple(pictures), jain=round(jain(shares), 4), sharers=len(shares))


def picture(
    name: str, demands: Sequence[Demand], holding: Holding, waits: Waits | None, capacity: Resources
) -> TenantPicture:
    """One tenant."""
    return TenantPicture(
        name=name,
        jobs=LiveJobs(**{each.state: each.jobs for each in demands}),
        cpus=holding.cpus,
        memory_mb=holding.memory_mb,
        gpus=holding.gpus,
        dominant_share=round(dominant_share(holding.total, capacity, WEIGHT), 4),
        weight=WEIGHT,
        oldest_wait_s=max((each.oldest_s for each in demands if each.oldest_s is not None), default=None),
        wait_p50_s=waits.p50_s if waits else None,
        wait_p95_s=waits.p95_s if waits else None,
        starts=waits.starts if waits else 0,
    )
