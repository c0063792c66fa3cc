"""``worker_oversubscribed``: a worker holds more than it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Fix, Mended
from clusterctl.store import tallies
from clusterctl.store.tallies import Tally
from clusterctl.units import format_cpus

DRAINED = "it was promised more than it has: restart its agent, then resume it"


class WorkerOversubscribed(Check):
    """A CHECK forbids it for the counters; so these have drifted as well, and both are mended at once."""

    code = "worker_oversubscribed"
    severity = "critical"
    meaning = "The live allocations of a worker add up to more than it has."
    cure = (
        "Takes back its newest reservations until the rest fits, and counts again; their jobs wait again. What runs is "
        "never ended: if that alone is too much, the worker is drained."
    )
    is_stuck = True
    covers = frozenset(
        {"no worker is overbooked", "the counters of a worker are the sums of its live allocations"},
    )
    clue = "miscounted"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Workers on which the sums exceed the capacity."""
        for tally in tallies.wrong(cluster.db):
            if not any(tally.surplus):
                continue
            yield self.finding(
                f"worker:{tally.worker}",
                f"{tally.worker} holds {amounts(tally.held)}, and has {has(tally.capacity)}",
                self.way_out(tally),
                evidence={
                    "worker_id": tally.worker_id,
                    "live_state": tally.live_state,
                    "capacity": tally.capacity,
                    "counted": tally.counted,
                    "held": tally.held,
                },
            )

    def way_out(self, tally: Tally) -> Fix:
        """Give up reservations; and if that is not enough, take nothing new."""
        running = [tally.held[2 * kind + 1] for kind in range(3)]
        subject = f"worker:{tally.worker}"
        if any(amount > there for amount, there in zip(running, tally.capacity, strict=True)):
            return self.fix(
                subject,
                f"all reservations of {tally.worker} that are too much are released, it counts again, and is drained "
                "with the capacity that it holds",
                f"nothing that runs is ended; restart its agent before `clusterctl resume {tally.worker}`, or it keeps "
                "that capacity",
            )
        return self.fix(
            subject,
            f"the newest reservations of {tally.worker} are released until the rest fits, and it counts again",
            "none: no start was won under them, their jobs wait again",
        )

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Take back what is too much, if it holds what it did."""
        seen = finding.evidence
        tally = Tally(
            worker_id=seen["worker_id"],
            worker=finding.subject.removeprefix("worker:"),
            live_state=seen["live_state"],
            capacity=seen["capacity"],
            counted=seen["counted"],
            held=seen["held"],
        )
        relief = tallies.relieve(cluster.db, tally, DRAINED)
        if relief is None:
            return self.fated("changed", finding, "it holds or counts otherwise by now")
        drained = ", and it takes nothing new" if relief.drained else ""
        return self.fated("done", finding, f"{relief.released} reservations released, their jobs wait again{drained}")


def amounts(figures: Sequence[int]) -> str:
    """``2 + 4 CPUs``: reserved and allocated, of each kind of which there is any."""
    kinds = [f"{format_cpus(figures[0])} + {format_cpus(figures[1])} CPUs"]
    if any(figures[2:4]):
        kinds.append(f"{figures[2]} + {figures[3]} MiB")
    if any(figures[4:6]):
        kinds.append(f"{figures[4]} + {figures[5]} GPUs")
    return ", ".join(kinds) + " (reserved + allocated)"


def has(capacity: Sequence[int]) -> str:
    """What there is."""
    return f"{format_cpus(capacity[0])} CPUs, {capacity[1]} MiB, {capacity[2]} GPUs"
