"""``counters_drift``: a worker counts other amounts than its live allocations hold."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.doctor.worker_oversubscribed import amounts
from clusterctl.model.findings import Finding, Fix, Mended
from clusterctl.store import tallies
from clusterctl.store.tallies import Tally


class CountersDrift(Check):
    """The counters follow the allocations by trigger; only with the triggers off can they drift."""

    code = "counters_drift"
    severity = "critical"
    meaning = "A worker's counters are not the sums of its live allocations: too much or too little seems free."
    cure = "Counts again, under the worker's lock."
    is_stuck = True
    covers = frozenset({"the counters of a worker are the sums of its live allocations"})
    clue = "miscounted"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Workers whose sums are others."""
        for tally in tallies.wrong(cluster.db):
            if tally.counted == tally.held:
                continue
            subject = f"worker:{tally.worker}"
            yield self.finding(
                subject,
                difference(tally),
                self.way_out(tally),
                evidence={"counted": tally.counted, "held": tally.held, "capacity": tally.capacity},
            )

    def way_out(self, tally: Tally) -> Fix:
        """Count again, if that fits."""
        subject = f"worker:{tally.worker}"
        if any(tally.surplus):
            return self.by_hand(
                f"clusterctl doctor --fix-stuck worker_oversubscribed {subject}",
                "it holds more than it has: mend that first",
            )
        revived = tally.live_state == "lost" and any(tally.held[:2])
        return self.fix(
            subject,
            f"{tally.worker} counts {amounts(tally.held)}" + (", and is silent instead of lost" if revived else ""),
            "none: its allocations stay as they are",
            worker_id=tally.worker_id,
            counted=tally.counted,
        )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Count, if it still counts as it did."""
        guard = finding.fix.guard
        if not tallies.recount(cluster.db, guard["worker_id"], guard["counted"]):
            return self.fated("changed", finding, "it counts otherwise by now")
        return self.fated("done", finding, finding.fix.change)


def difference(tally: Tally) -> str:
    """What is wrong. Where only the digest is, schedd goes on with what the worker held before."""
    if tally.counted[:-1] == tally.held[:-1]:
        return f"{tally.worker} counts the right amounts, but the digest of what it holds is of other allocations"
    return f"{tally.worker} counts {amounts(tally.counted)}, and its allocations hold {amounts(tally.held)}"
