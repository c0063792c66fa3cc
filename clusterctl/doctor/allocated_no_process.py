"""``allocated_no_process``: an attempt that its own agent does not run."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note, facts, holders_of
from clusterctl.model.findings import Finding, Mended
from clusterctl.model.states import Outcome
from clusterctl.store import evidence, mends


class AllocatedNoProcess(Check):
    """An agent compares at every beat, and reports what it does not run: one that did not, does not look.

    What is known is only that it measures itself and not the attempt. So nothing is released: the agent is asked to
    end the attempt, and says itself that it has ended or never was.
    """

    code = "allocated_no_process"
    severity = "critical"
    meaning = "An attempt is allocated on a worker that is up, whose agent has not measured it in its last three looks."
    cure = "Asks its agent to end it; its job waits again and spends no retry. Nothing is released before it has ended."
    is_stuck = True

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Attempts that are missing in what their worker measures."""
        settings = cluster.settings
        for attempt in evidence.unmeasured(cluster.db, settings.beat_every + settings.sample_every):
            subject = f"allocation:{attempt.allocation_id}"
            asked = ", and was asked to end it" if attempt.stopping else ""
            yield self.finding(
                subject,
                f"{attempt.worker} should run job {attempt.job_id}, and has not seen it in three looks{asked}",
                self.by_hand(
                    f"clusterctl worker {attempt.worker}", "its agent has been asked; if it stays so, restart it"
                )
                if attempt.stopping
                else self.fix(
                    subject,
                    f"{attempt.worker} is asked to end allocation {attempt.allocation_id}; "
                    f"then job {attempt.job_id} waits again",
                    "if it does run, it is ended, and begins anew",
                    allocation_id=attempt.allocation_id,
                    token=attempt.token,
                ),
                since=attempt.since,
                evidence=facts(attempt) | {"unseen_since": attempt.since, "stop_requested": attempt.stopping},
                concerns=holders_of(attempt),
            )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Ask its agent, if it has not ended and nobody has."""
        guard = finding.fix.guard
        worker = mends.ask_to_stop(cluster.db, guard["allocation_id"], guard["token"], Outcome.WORKER_STOPPED)
        if worker is None:
            return self.fated("changed", finding, "it has ended, or was asked to end")
        return self.fated("done", finding, finding.fix.change)
