"""``slo_violated``: a service answers more slowly than it should."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import reports, steering
from clusterctl.store.reports import Slow


class SloViolated(Check):
    """As its replicas say themselves, lately: what is silent violates nothing."""

    code = "slo_violated"
    severity = "warning"
    meaning = (
        "Replicas of a service have reported, within `measure_ttl`, a 99th percentile of their latency above the "
        "`--slo-p99-ms` of the service."
    )
    clue = "reported"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Ask what was reported."""
        within = steering.in_force(cluster.db, cluster.settings).measure_ttl
        yield from map(self.told, reports.slow(cluster.db, within))

    def told(self, service: Slow) -> Finding:
        """The finding."""
        which = f"service {service.service_id}{f' ({service.name})' if service.name else ''}"
        verb = "answers" if service.slow == 1 else "answer"
        return self.finding(
            f"service:{service.service_id}",
            f"{service.slow} of {service.of} replicas of {which} {verb} more slowly than {service.slo_p99_ms} ms: "
            f"p99 up to {service.worst_ms:.3g} ms, job {service.job_id} on {service.worker}",
            self.by_hand(
                f"clusterctl scale {service.service_id} {service.of + 1}",
                "more replicas share the load; or see what slows these down: `clusterctl worker NAME`",
            ),
            since=service.reported_at,
            evidence={
                "slo_p99_ms": service.slo_p99_ms,
                "worst_p99_ms": round(service.worst_ms, 3),
                "slow": service.slow,
                "replicas": service.of,
                "job_id": service.job_id,
                "workers": service.workers,
            },
            concerns=(f"job:{service.job_id}", *(f"worker:{name}" for name in service.workers)),
        )
