"""``dead_worker_jobs``: jobs on workers that are not heard, and when the cluster gives them up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note, cpus
from clusterctl.model.findings import Finding, Severity
from clusterctl.scheduling.liveness import is_crowd
from clusterctl.store import evidence, workers
from clusterctl.store.evidence import Holder
from clusterctl.units import format_age

SHOWN = 20  # jobs


class DeadWorkerJobs(Check):
    """Nothing is mended here: only a person can know that a machine is dead. Otherwise the fence is waited for."""

    code = "dead_worker_jobs"
    severity = "warning"
    meaning = (
        "A worker is not heard, and holds jobs. They are given up once their lease, grace and margin are over; it is "
        "only a warning where that waits for a person."
    )
    is_stuck = True
    clue = "unheard"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Workers that are not up, with what they hold."""
        found = evidence.holders(cluster.db)
        withheld = bool(found) and is_crowd(workers.pulses(cluster.db)[1])
        for holder in found:
            why, severity = outlook(holder, withheld)
            silent = "signed off" if holder.live_reason == "stopped" else f"is {holder.live_state}"
            yield self.finding(
                f"worker:{holder.worker}",
                f"{holder.worker} {silent} and holds {cpus(holder.cpu_milli)} for "
                f"{len(holder.jobs)} job{'' if len(holder.jobs) == 1 else 's'}; {why}",
                self.by_vouching(holder.worker, "if you know that its machine runs nothing"),
                since=holder.heard_at,
                severity=severity,
                evidence=evidence_of(holder, withheld),
                concerns=tuple(f"job:{job}" for job in holder.jobs),
            )


def outlook(holder: Holder, withheld: bool) -> tuple[str, Severity]:
    """What will become of it, and how much that is a worry."""
    if withheld:
        return "so many workers are silent at once that nobody is declared lost: mend the network", "critical"
    if holder.unfenced and holder.unfenced == holder.allocated:
        return "by --on-worker-loss wait they stay until it is heard or confirmed dead", "warning"
    if holder.first_lost_at is None or holder.last_lost_at is None:
        return "nobody had started them, so they wait again in a moment", "info"
    after = format_age((holder.first_lost_at - holder.heard_at).total_seconds())
    some = f"; {holder.unfenced} of them never (--on-worker-loss wait)" if holder.unfenced else ""
    return f"they are given up after {after} of silence{some}", "warning" if holder.unfenced else "info"


def evidence_of(holder: Holder, withheld: bool) -> dict[str, Any]:
    """The same for programs."""
    return {
        "live_state": holder.live_state,
        "live_reason": holder.live_reason,
        "incarnation": holder.incarnation,
        "beat": holder.beat,
        "heard_at": holder.heard_at,
        "jobs": holder.jobs[:SHOWN],
        "job_count": len(holder.jobs),
        "allocated": holder.allocated,
        "never_lost": holder.unfenced,
        "cpus": holder.cpu_milli / 1000,
        "first_lost_at": holder.first_lost_at,
        "last_lost_at": holder.last_lost_at,
        "mass_loss_hold": withheld,
    }
