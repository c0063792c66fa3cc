"""What the scheduler says: one line of what it did, only when that is news."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from clusterctl.model.plan import Wait
from clusterctl.model.snapshot import WorkerPicture
from clusterctl.model.states import LiveState
from clusterctl.store.totals import Totals
from clusterctl.units import format_cpus, format_duration

log = logging.getLogger("schedd")


class Diary:
    """Keeps back what would be said at every round, and says it once a pulse, or when it changes."""

    def __init__(self) -> None:
        self._placed: Counter[str] = Counter()
        self._rounds = 0
        self._conflicts = 0
        self._waits: Counter[str] = Counter()
        self._active: tuple[int, int, bool] | None = None
        self._up: set[str] = set()
        self._known: set[str] = set()

    def note_round(self, placed: Counter[str], conflicts: int, waits: Sequence[Wait]) -> None:
        """A round has ended."""
        self._placed += placed
        self._conflicts += conflicts
        self._rounds += 1
        counts = Counter(wait.reason for wait in waits)
        if counts != self._waits:
            self._waits = counts
            said = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
            log.debug("groups that wait: %s", said or "none")

    def tell_rounds(self) -> None:
        """Say what was placed since this was last called, if anything was."""
        if self._placed:
            where = ", ".join(f"{count} on {worker}" for worker, count in sorted(self._placed.items())[:8])
            more = f" and {len(self._placed) - 8} other workers" if len(self._placed) > 8 else ""
            log.info("placed %d jobs in %d rounds: %s%s", self._placed.total(), self._rounds, where, more)
        if self._conflicts:
            log.info("%d claims met a changed world and were dropped", self._conflicts)
        self._placed.clear()
        self._rounds = self._conflicts = 0

    def note_workers(self, workers: Sequence[WorkerPicture], waiting: bool) -> None:
        """Say who joined or came back, and how much is active, when that changes."""
        up = [worker for worker in workers if worker.live_state is LiveState.UP]
        for worker in up:
            if worker.name not in self._known:
                log.info("worker registered: %s (%s CPUs)", worker.name, format_cpus(worker.capacity.cpu_milli))
            elif worker.name not in self._up:
                log.info("worker back: %s", worker.name)
        self._up = {worker.name for worker in up}
        self._known |= self._up
        cpu_milli = sum(worker.capacity.cpu_milli for worker in up)
        active = (len(up), cpu_milli, waiting and not up)
        if active == self._active:
            return
        if self._active is None or active[:2] != self._active[:2]:
            log.info("active workers: %d, %s CPUs", len(up), format_cpus(cpu_milli))
        if waiting and not up:
            log.warning("no active workers, nothing placed")
        self._active = active

    def tell_statistics(self, sums: Totals, pending: int) -> None:
        """The line of statistics. *pending*: how many wait for a worker only."""
        cpus = sums.cpus
        log.info(
            "statistics: workers %d up %d silent %d lost; CPUs %g total %g reserved %g allocated %s used, %.0f%%; "
            "%d pending, oldest wait %s",
            sums.workers.up,
            sums.workers.silent,
            sums.workers.lost,
            cpus.total,
            cpus.reserved,
            cpus.allocated,
            "?" if cpus.used is None else f"{cpus.used:.1f}",
            cpus.utilization * 100,
            pending,
            "none" if sums.oldest_wait_s is None else format_duration(round(sums.oldest_wait_s)),
        )
