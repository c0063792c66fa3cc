"""``crash_loop``: a replica of a service ends again and again."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import service_troubles
from clusterctl.store.service_troubles import Crashing

RESTARTS = 3  # without having been ready for long since
STEADY_S = 30.0  # seconds: what ends sooner has ended quickly, as its worker counts it
MOST = 100


class CrashLoop(Check):
    """Nothing can be mended from outside: the program ends, and what it wrote says why."""

    code = "crash_loop"
    severity = "warning"
    meaning = (
        "The process of a replica has ended three times or more on its worker, or was given up there, and has not been "
        "ready for 30 seconds since. Restarts that somebody asked for do not count."
    )
    clue = "crashing"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every one of them."""
        yield from map(self.told, service_troubles.crashing(cluster.db, RESTARTS, STEADY_S, MOST))

    def told(self, replica: Crashing) -> Finding:
        """The finding."""
        how = f" ({replica.last_exit})" if replica.last_exit else ""
        placed = replica.state in ("scheduled", "running")
        fate = f"restarted {replica.restarts} times on {replica.worker}" if placed else f"given up by {replica.worker}"
        return self.finding(
            f"job:{replica.job_id}",
            f"job {replica.job_id}, a replica of service {replica.service_id} ({replica.name}), ends again and "
            f"again{how}: {fate}",
            self.by_hand(
                f"clusterctl logs {replica.job_id} --tail 20",
                f"see why it ends; `clusterctl hold service:{replica.service_id}` stops it meanwhile",
            ),
            since=replica.since,
            evidence={
                "service": replica.service_id,
                "worker": replica.worker,
                "state": replica.state,
                "attempt": replica.attempt,
                "restarts": replica.restarts,
                "all_restarts": replica.all_restarts,
                "failures": replica.failures,
                "last_exit": replica.last_exit,
            },
            concerns=(f"service:{replica.service_id}", f"worker:{replica.worker}"),
        )
