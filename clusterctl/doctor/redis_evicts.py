"""``redis_evicts``: Redis throws away what we tell it."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.units import about_memory

MB = 1 << 20
KEEPS_ALL = "noeviction"


class RedisEvicts(Check):
    """Nothing is decided by what is in Redis; but workers seem to have no sign of life, and totals are read anew."""

    code = "redis_evicts"
    severity = "warning"
    meaning = "Redis has a limit of memory, and has deleted keys to stay below it: our own may be among them."
    needs = ("redis",)
    reads_rows = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """What Redis tells of itself."""
        from clusterctl.live import memory  # noqa: PLC0415 - see Cluster.redis

        found = memory.read(cluster.redis)
        if not found.limit or found.policy == KEEPS_ALL or not found.evicted:
            return
        yield self.finding(
            "cluster",
            f"redis may use {about_memory(found.limit / MB)} ({found.policy}) and has deleted {found.evicted:,} keys "
            "for it since it started",
            self.by_hand(
                "redis-cli CONFIG SET maxmemory-policy noeviction", "or give it more memory, or us a server of our own"
            ),
            evidence={
                "maxmemory": found.limit,
                "used": found.used,
                "policy": found.policy,
                "evicted_keys": found.evicted,
            },
        )
