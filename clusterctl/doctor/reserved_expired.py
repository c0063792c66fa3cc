"""``reserved_expired``: resources are reserved for a start that did not come in time."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note, cpus
from clusterctl.model.findings import Finding, Mended
from clusterctl.store import evidence, releases
from clusterctl.store.evidence import LateStart
from clusterctl.units import format_age


class ReservedExpired(Check):
    """The leader releases such a reservation at its next pulse; so there is none, or it cannot."""

    code = "reserved_expired"
    severity = "warning"
    meaning = "A reservation was not started in time, and still holds its worker's resources."
    cure = "Releases it; its job waits again and spends no retry. No start was won, so there is no process."
    is_stuck = True
    clue = "overdue"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Reservations that are overdue by more than a leader needs."""
        silent_after = cluster.settings.silent_after
        for late in evidence.late_starts(cluster.db, 2 * cluster.settings.round_every):
            subject = f"allocation:{late.allocation_id}"
            yield self.finding(
                subject,
                f"{cpus(late.cpu_milli)} of {late.worker} held for job {late.job_id}, which {late.worker} "
                f"({standing(late, silent_after)}) did not start in time",
                self.fix(
                    subject,
                    f"allocation {late.allocation_id} is released, job {late.job_id} waits again",
                    "none: nobody has started it, and a start that is won meanwhile wins",
                    allocation_id=late.allocation_id,
                ),
                since=late.start_by,
                evidence={
                    "job_id": late.job_id,
                    "worker": late.worker,
                    "live_state": late.live_state,
                    "heard_at": late.heard_at,
                    "cpus": late.cpu_milli / 1000,
                    "reserved_at": late.reserved_at,
                    "start_by": late.start_by,
                },
                concerns=(f"job:{late.job_id}", f"worker:{late.worker}"),
            )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Release it, if it is still reserved."""
        if not releases.release_reserved(cluster.db, [finding.fix.guard["allocation_id"]]):
            return self.fated("changed", finding, "it is no longer reserved")
        return self.fated("done", finding, finding.fix.change)


def standing(late: LateStart, silent_after_s: float) -> str:
    """``up``; or for how long its worker has not been heard: without a leader nobody calls it silent."""
    return late.live_state if late.heard_age_s <= silent_after_s else f"not heard for {format_age(late.heard_age_s)}"
