"""``service_not_ready``: a replica of a service runs, and does not become ready."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.doctor.crash_loop import RESTARTS
from clusterctl.model.findings import Finding
from clusterctl.store import service_troubles
from clusterctl.store.service_troubles import Unready
from clusterctl.units import format_age

PATIENCE = 600.0  # seconds
MOST = 100


class ServiceNotReady(Check):
    """Either the service is ill, or the command that asks it is."""

    code = "service_not_ready"
    severity = "warning"
    meaning = (
        "A replica of a service has run for ten minutes without being ready, or has not been ready any more for so "
        "long. A rolling restart waits for it."
    )
    clue = "unready"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every one of them that is no crash loop, which is a finding of its own."""
        for replica in service_troubles.unready(cluster.db, PATIENCE, MOST):
            if replica.restarts < RESTARTS:
                yield self.told(replica)

    def told(self, replica: Unready) -> Finding:
        """The finding."""
        return self.finding(
            f"job:{replica.job_id}",
            f"job {replica.job_id}, a replica of service {replica.service_id} ({replica.name}), runs on "
            f"{replica.worker} and has not been ready for {format_age(replica.unready_s)}",
            self.by_hand(
                f"clusterctl logs {replica.job_id} --tail 20",
                f"see what it waits for; its --ready-cmd stands in `clusterctl job {replica.job_id} -o json`",
            ),
            since=replica.since,
            evidence={
                "service": replica.service_id,
                "worker": replica.worker,
                "attempt": replica.attempt,
                "restarts": replica.restarts,
                "unready_s": round(replica.unready_s, 1),
            },
            concerns=(f"service:{replica.service_id}", f"worker:{replica.worker}"),
        )
