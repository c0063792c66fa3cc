"""``worker_gone``: a worker that is lost for good, by all that one can see."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Mended
from clusterctl.store import administration, machines
from clusterctl.units import format_age

PATIENCE = 86_400.0  # seconds; what is away for a night comes back


class WorkerGone(Check):
    """It holds nothing and is in nobody's way, but it stays in every list and is counted as lost."""

    code = "worker_gone"
    severity = "info"
    meaning = "A worker is lost, holds nothing, and was not heard for a day."
    cure = "Forgets the worker, as `clusterctl worker NAME --forget` does. Should it come back, it registers anew."
    clue = "lost"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every worker that is so."""
        for gone in machines.gone(cluster.db, PATIENCE):
            subject = f"worker:{gone.worker}"
            state = f"{gone.admin_state}, " if gone.admin_state != "open" else ""
            yield self.finding(
                subject,
                f"{gone.worker} ({state}lost) holds nothing and was not heard for {format_age(gone.heard_age_s)}",
                self.fix(
                    subject,
                    f"{gone.worker} is forgotten: it is shown in no list any more",
                    "none: if it comes back it registers anew, as an open worker with its own labels only",
                    name=gone.worker,
                    incarnation=gone.incarnation,
                    beat=gone.beat,
                ),
                since=gone.heard_at,
                evidence={
                    "admin_state": gone.admin_state,
                    "incarnation": gone.incarnation,
                    "heard_at": gone.heard_at,
                },
            )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Forget it, unless it was heard since."""
        guard = finding.fix.guard
        administration.forget(cluster.db, guard["name"], guard["incarnation"], guard["beat"])
        return self.fated("done", finding, finding.fix.change)
