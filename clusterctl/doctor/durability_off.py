"""``durability_off``: Postgres says "done" before it is."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Severity
from clusterctl.store import server

# What is lost, and how bad that is: whole pages, on a disk that does not write them in one go; anything; what was last.
LOSSES: dict[str, tuple[str, Severity]] = {
    "fsync": ("a loss of power can destroy the whole database", "critical"),
    "full_page_writes": ("a loss of power can tear pages, unless the file system itself prevents that", "warning"),
    "synchronous_commit": ("a crash of Postgres can forget jobs whose submit was answered", "critical"),
}


class DurabilityOff(Check):
    """All our promises stand on what Postgres has acknowledged. What may be lost, we ask for so, commit by commit."""

    code = "durability_off"
    severity = "critical"
    meaning = (
        "Postgres runs with `fsync`, `full_page_writes` or `synchronous_commit` off: an acknowledged job can be lost."
    )
    reads_rows = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every setting that is off, in one finding."""
        settings = server.durability(cluster.db)
        off = [name for name in LOSSES if settings.get(name) == "off"]
        if off:
            commands = " ".join(f"ALTER SYSTEM SET {name} = on;" for name in off)
            yield self.finding(
                "cluster",
                f"Postgres runs with {', '.join(off)} off: {'; '.join(LOSSES[name][0] for name in off)}",
                self.by_hand(f"{commands} SELECT pg_reload_conf();", "by SQL, as a superuser; it needs no restart"),
                severity="critical" if any(LOSSES[name][1] == "critical" for name in off) else "warning",
                evidence=settings,
            )
