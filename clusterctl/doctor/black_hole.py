"""``black_hole``: a worker has drained itself, for nothing that it was given could start there."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import machines


class BlackHole(Check):
    """It may have been the jobs' own fault: three directories that do not exist. So a person decides."""

    code = "black_hole"
    severity = "warning"
    meaning = "A worker has drained itself: different jobs in a row could not start there. It takes no new work."
    clue = "draining"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every worker that nobody has resumed since."""
        for worker in machines.withdrawn(cluster.db):
            yield self.finding(
                f"worker:{worker.worker}",
                f"{worker.worker} has drained itself: {worker.why}",
                self.by_hand(
                    f"clusterctl resume {worker.worker}",
                    "once what it says is mended, or if it was the jobs' own fault",
                ),
                since=worker.since,
                evidence={"why": worker.why, "live_state": worker.live_state},
            )
