"""``alloc_on_dead_incarnation``: an attempt that a reboot of its machine has ended, and nobody has said so."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note, facts, holders_of
from clusterctl.model.findings import Finding, Mended
from clusterctl.store import evidence, releases
from clusterctl.units import format_age

BEATS = 3  # an agent needs one


class AllocOnDeadIncarnation(Check):
    """An older incarnation alone is no fault: a new agent takes up what the old one left running.

    But what was started before the machine was last started cannot run any more, and its agent says so at its first
    beat.
    """

    code = "alloc_on_dead_incarnation"
    severity = "warning"
    meaning = "An attempt was started before its machine was last started, and is still allocated."
    cure = "Releases it as `worker_rebooted`. Nothing survives a reboot, so no copy of it can run."
    is_stuck = True
    clue = "booted"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Attempts of before the boot, of which the agent has had the time to speak."""
        after = BEATS * cluster.settings.beat_every
        for attempt in evidence.before_boot(cluster.db, after):
            subject = f"allocation:{attempt.allocation_id}"
            yield self.finding(
                subject,
                f"job {attempt.job_id} was started by incarnation {attempt.incarnation} of {attempt.worker}; its "
                f"machine was started since, and for {format_age(after)} its agent has not said that the job is gone",
                self.fix(
                    subject,
                    f"allocation {attempt.allocation_id} is released as worker_rebooted, and job {attempt.job_id} goes "
                    "the way of a loss",
                    "none while what the agent said of its boot is true",
                    allocation_id=attempt.allocation_id,
                    token=attempt.token,
                    incarnation=attempt.worker_incarnation,
                ),
                since=attempt.since,
                evidence=facts(attempt) | {"registered_at": attempt.since},
                concerns=holders_of(attempt),
            )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Release it, if the worker is still the incarnation that was seen."""
        guard = finding.fix.guard
        ended = releases.release_rebooted(cluster.db, guard["allocation_id"], guard["token"], guard["incarnation"])
        if not ended:
            return self.fated("changed", finding, "it has ended, or its worker has registered anew")
        return self.fated("done", finding, f"released; job {ended[0].job_id} is {ended[0].state} now")
