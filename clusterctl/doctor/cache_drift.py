"""``cache_drift``: Redis tells other totals than Postgres."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Mended
from clusterctl.store import evidence, totals
from clusterctl.units import format_cpus

SETTLED_S = 5.0  # without a step of any allocation: by then schedd has written them
OLD_S = 30.0  # totals of a busy cluster, if they differ


class CacheDrift(Check):
    """No decision looks at these totals, but people and programs do. That there are none at all is no fault."""

    code = "cache_drift"
    severity = "warning"
    meaning = "The totals in Redis are not those of Postgres, and schedd has had the time to write them."
    cure = "Writes the totals anew from Postgres."
    needs = ("postgres", "redis")

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Compare the two."""
        from clusterctl.live import cache, remains  # noqa: PLC0415 - see Cluster.redis

        cached = cache.read(cluster.redis)
        if cached is None and not remains.holds_totals(cluster.redis):
            return
        sums = totals.read(cluster.db)
        reserved, allocated = sums.held_milli
        if cached is not None:
            age = (sums.at - cached.as_of).total_seconds()
            same = (cached.reserved_milli, cached.allocated_milli) == (reserved, allocated)
            fresh = evidence.quiet_s(cluster.db) < SETTLED_S and -SETTLED_S < age < OLD_S
            if same or fresh:
                return
        said = (
            f"{format_cpus(cached.reserved_milli)} CPUs reserved and {format_cpus(cached.allocated_milli)} allocated"
            if cached is not None
            else "what makes no sense"
        )
        yield self.finding(
            "cluster",
            f"redis says {said}; it is {format_cpus(reserved)} reserved and {format_cpus(allocated)} allocated",
            self.fix("cluster", "the totals in redis are written anew", "none: they are a cache"),
            since=None if cached is None else cached.as_of,
            evidence={
                "cached": None
                if cached is None
                else {"reserved": cached.reserved_milli / 1000, "allocated": cached.allocated_milli / 1000},
                "postgres": {"reserved": reserved / 1000, "allocated": allocated / 1000},
            },
        )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Write what Postgres says now, if Redis still says otherwise."""
        from clusterctl.live import cache  # noqa: PLC0415 - as above

        if not any(isinstance(each, Finding) for each in self.look(cluster)):
            return self.fated("changed", finding, "redis says the truth by now")
        sums = totals.read(cluster.db)
        reserved, allocated = sums.held_milli
        truth = cache.Totals(reserved_milli=reserved, allocated_milli=allocated, as_of=sums.at)
        if not cache.write(cluster.redis, truth):
            return self.fated("refused", finding, "redis did not take them")
        return self.fated("done", finding, f"redis says {format_cpus(allocated)} CPUs allocated")
