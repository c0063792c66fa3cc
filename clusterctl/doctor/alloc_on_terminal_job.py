"""``alloc_on_terminal_job``: resources are held for a job that has ended, or that waits."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Fix, Mended
from clusterctl.model.states import TERMINAL, Outcome
from clusterctl.store import disagreements, mends
from clusterctl.store.disagreements import Stray


class AllocOnTerminalJob(Check):
    """The database refuses what would lead here. What may run is ended by its agent before it is released."""

    code = "alloc_on_terminal_job"
    severity = "critical"
    meaning = "An allocation is live, and its job has ended or waits: nothing will ever release it."
    cure = (
        "Releases it if nobody has started it, or its agent has said that it ended; else asks the agent to end it, "
        "and releases it the next time."
    )
    is_stuck = True
    covers = frozenset(
        {
            "a job is scheduled while reserved, running while allocated, and else holds nothing",
            "a live allocation is its job's newest attempt",
        }
    )
    clue = "disagreeing"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Live allocations that their jobs do not hold."""
        for stray in disagreements.strays(cluster.db):
            yield self.finding(
                f"allocation:{stray.allocation_id}",
                f"allocation {stray.allocation_id} on {stray.worker} is {stray.status} for job {stray.job_id}, which "
                f"is {stray.job_state}{told(stray)}",
                self.way_out(stray),
                since=stray.since,
                evidence={
                    "job_id": stray.job_id,
                    "job_state": stray.job_state,
                    "status": stray.status,
                    "worker": stray.worker,
                    "live_state": stray.live_state,
                    "stop_requested": stray.stopping,
                    "reported": stray.reported,
                },
                concerns=(f"job:{stray.job_id}", f"worker:{stray.worker}"),
            )

    def way_out(self, stray: Stray) -> Fix:
        """Release it where no process can be; ask for its end where one can."""
        subject = f"allocation:{stray.allocation_id}"
        guard = {"allocation_id": stray.allocation_id, "status": stray.status}
        released = f"allocation {stray.allocation_id} is released"
        if stray.status == "reserved":
            return self.fix(
                subject, released, "none: no start was won", way="release", outcome=Outcome.START_TIMEOUT.value, **guard
            )
        if stray.reported is not None:
            outcome = stray.reported if stray.job_state in TERMINAL else Outcome.CANCELLED.value
            risk = "none: its agent has said that nothing of it is left"
            return self.fix(subject, released, risk, way="release", outcome=outcome, **guard)
        if stray.live_state != "up":
            change = "its worker must be heard first, or confirmed dead"
            return self.by_vouching(stray.worker, change)
        if stray.stopping:
            return self.by_hand("", "its agent has been asked to end it; look again")
        return self.fix(
            subject,
            f"{stray.worker} is asked to end allocation {stray.allocation_id}; look again then",
            "its processes are ended",
            way="ask",
            token=stray.token,
            **guard,
        )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Go the way that was found, if the allocation is still as it was seen."""
        guard = finding.fix.guard
        id = guard["allocation_id"]
        if guard["way"] == "ask":
            done = mends.ask_to_stop(cluster.db, id, guard["token"], Outcome.CANCELLED) is not None
        else:
            done = bool(disagreements.release_strays(cluster.db, [id], guard["status"], guard["outcome"]))
        if not done:
            return self.fated("changed", finding, "it is no longer as it was")
        return self.fated("done", finding, finding.fix.change)


def told(stray: Stray) -> str:
    """What its agent is known to have done."""
    if stray.reported is not None:
        return f"; its agent has said that it ended ({stray.reported})"
    return "; its agent was asked to end it" if stray.stopping else ""
