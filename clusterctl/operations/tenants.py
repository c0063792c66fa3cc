"""What tenants are granted: a weight, and quotas."""

from __future__ import annotations

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput
from clusterctl.model.tenants import QUOTAS, WORDS, Grant, GrantChange, Granted, check_weight
from clusterctl.model.validity import MAX_INT, TENANT
from clusterctl.operations.workers import together
from clusterctl.store import audit, grants
from clusterctl.units import MOST_CPUS

MOST_CPU_MILLI = 1000 * MOST_CPUS


@served
def grant(cluster: Cluster, tenant: str, change: GrantChange, *, reason: str = "", dry_run: bool = False) -> Granted:
    """Grant a tenant what *change* says; all else stays. Raises BadInput. It need not have submitted anything yet.

    Nothing that runs is stopped by a smaller quota, and nothing that waits is thrown out.
    """
    check(tenant, change)

    def make() -> Granted:
        before = grants.lock(cluster.db, tenant)
        after = merged(before, change)
        if after != before:
            grants.put(cluster.db, tenant, after)
            detail = {name: getattr(after, name) for name in changed(before, after)}
            audit.note(cluster.db, cluster.caller, "grant", [f"tenant:{tenant}"], reason, detail=detail)
        return Granted(tenant=tenant, before=before, after=after)

    return together(cluster, make, dry_run=dry_run)


def merged(before: Grant, change: GrantChange) -> Grant:
    """What is granted then."""
    given = {name: getattr(change, name) for name in Grant.__struct_fields__}
    fresh = {name: value for name, value in given.items() if value is not None}
    return replace(before, **fresh, **dict.fromkeys(change.unbound))


def changed(before: Grant, after: Grant) -> list[str]:
    """Which parts of it differ."""
    return [name for name in Grant.__struct_fields__ if getattr(before, name) != getattr(after, name)]


def check(tenant: str, change: GrantChange) -> None:
    """BadInput for what can be granted to nobody."""
    if not TENANT.fullmatch(tenant):
        raise BadInput("a tenant is letters, digits and . _ @ -, at most 63")
    if change.weight is not None:
        try:
            check_weight(change.weight)
        except ValueError as error:
            raise BadInput(str(error)) from None
    if strangers := set(change.unbound) - set(QUOTAS):
        raise BadInput(f"no such quota: {min(strangers)!a:.40}")
    for name, most in zip(QUOTAS, (MOST_CPU_MILLI, MAX_INT, MAX_INT), strict=True):
        bound = getattr(change, name)
        if bound is not None and not 0 <= bound <= most:
            highest = MOST_CPUS if name == "max_cpu_milli" else most
            raise BadInput(f"{WORDS[name]} is a number from 0 to {highest:,}")
        if bound is not None and name in change.unbound:
            raise BadInput(f"{WORDS[name]} is given a bound and freed of it at once", "say one of the two")
