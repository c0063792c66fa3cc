"""``connections_low``: Postgres will soon let nobody in."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import server

FULL = 0.9  # of those that are for everybody


class ConnectionsLow(Check):
    """Each daemon holds one or two; who is refused waits as if Postgres were away, and runs no jobs meanwhile."""

    code = "connections_low"
    severity = "warning"
    meaning = "More than nine tenths of the connections that Postgres allows are taken."
    reads_rows = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Count them, on the whole server."""
        crowd = server.crowd(cluster.db)
        if crowd.used <= FULL * crowd.most:
            return
        largest = ", ".join(f"{count} of {name}" for name, count in crowd.by_application.items())
        yield self.finding(
            "cluster",
            f"{crowd.used} of {crowd.most} connections to Postgres are taken: {largest}",
            self.by_hand(
                "",
                "raise max_connections (100 and two for each worker do), or see who holds so many; it wants a restart",
            ),
            evidence={"used": crowd.used, "most": crowd.most, "by_application": crowd.by_application},
        )
