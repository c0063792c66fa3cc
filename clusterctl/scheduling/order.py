"""Whose turn it is: a total order over the queue, in which no tie is left to chance.

``fifo``      submitted, id
``priority``  priority (high first), submitted, id
``drf``       priority, the tenant's weighted dominant share (small first), submitted, id

The dominant share of a tenant is the largest, over the kinds of resources, of what its live allocations hold
divided by what there is; ``drf`` counts what the round itself has given, so that tenants take turns. What there
is: the capacity of the workers that are up, the same total that ``status`` shows. (Ghodsi et al., "Dominant
Resource Fairness", NSDI 2011; weights as in its section 4.)
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappop, heapreplace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, QueueOrder, Snapshot, WorkerPicture
from clusterctl.model.states import LiveState


class Standing:
    """What one tenant holds, and its share of the cluster: the largest kind's, divided by its weight (> 0)."""

    __slots__ = ("_all_cpu", "_all_gpus", "_all_memory", "_cpu", "_gpus", "_memory", "share")

    def __init__(self, held: Resources, total: Resources, weight: float) -> None:
        # Of a kind that nobody has, nobody has a share.
        self._all_cpu = total.cpu_milli * weight or math.inf
        self._all_memory = total.memory_mb * weight or math.inf
        self._all_gpus = total.gpus * weight or math.inf
        self._cpu = self._memory = self._gpus = 0
        self.give(held)

    def give(self, request: Resources) -> None:
        """One more job of the tenant holds what it asked for."""
        self._cpu += request.cpu_milli
        self._memory += request.memory_mb
        self._gpus += request.gpus
        self.share = max(self._cpu / self._all_cpu, self._memory / self._all_memory, self._gpus / self._all_gpus)


class Line:
    """One group standing in the queue. ``taken`` of its jobs have started in this round."""

    __slots__ = ("group", "taken")

    def __init__(self, group: QueueGroup) -> None:
        self.group = group
        self.taken = 0

    @property
    def head(self) -> tuple[float, int, Line]:
        """Sorts the line among others: when its first job was submitted, and that job's id."""
        return self.group.submitted[self.taken], self.group.ids[self.taken], self


class Turns:
    """The queue during one round.

    ``current()`` is the line whose turn it is; then either ``start()`` its first job or ``leave()`` with all of
    it. Lines queue up in rows: one row per tenant under ``drf``, one for all otherwise. Only the row whose turn
    it was has changed when the next is chosen, so two small heaps stay in order without ever being searched.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        level_of, row_of = ORDERS[snapshot.queue_order]
        self._standings = _standings(snapshot, row_of)
        rows: dict[int, dict[str, list[tuple[float, int, Line]]]] = defaultdict(lambda: defaultdict(list))
        for group in snapshot.queue:
            rows[level_of(group)][row_of(group)].append(Line(group).head)
        self._levels_ahead = [rows[level] for level in sorted(rows)]
        self._level: list[tuple[float, float, int, _Row]] = []

    def current(self) -> Line | None:
        """The line whose turn it is; None when every line has left."""
        while not self._level:
            if not self._levels_ahead:
                return None
            self._enter(self._levels_ahead.pop())
        return self._level[0][3].lines[0][2]

    def start(self) -> None:
        """The first job of the current line has been given what it asked for: on to the job behind it."""
        row = self._level[0][3]
        line = row.lines[0][2]
        row.standing.give(line.group.request)
        line.taken += 1
        if line.taken < len(line.group.ids):
            heapreplace(row.lines, line.head)
        else:
            heappop(row.lines)
        self._settle(row)

    def leave(self) -> None:
        """The current line waits, to the last of its jobs."""
        row = self._level[0][3]
        heappop(row.lines)
        self._settle(row)

    def _enter(self, rows: Mapping[str, list[tuple[float, int, Line]]]) -> None:
        """Line the rows of one priority up by the shares that the higher ones have left them with."""
        self._level = [_Row(self._standings[name], lines).head for name, lines in rows.items()]
        heapify(self._level)

    def _settle(self, row: _Row) -> None:
        if row.lines:
            heapreplace(self._level, row.head)
        else:
            heappop(self._level)


class _Row:
    """The lines that share one standing, first come first."""

    __slots__ = ("lines", "standing")

    def __init__(self, standing: Standing, lines: list[tuple[float, int, Line]]) -> None:
        heapify(lines)
        self.lines = lines
        self.standing = standing

    @property
    def head(self) -> tuple[float, float, int, _Row]:
        submitted, job_id, _ = self.lines[0]
        return self.standing.share, submitted, job_id, self


def capacity_up(workers: Iterable[WorkerPicture]) -> Resources:
    """What there is to share: what those of *workers* have that are up."""
    return sum((worker.capacity for worker in workers if worker.live_state == LiveState.UP), start=Resources())


def _standings(snapshot: Snapshot, row_of: Callable[[QueueGroup], str]) -> dict[str, Standing]:
    total = capacity_up(snapshot.workers)
    names = {row_of(group) for group in snapshot.queue}
    return {
        name: Standing(snapshot.used.get(name, Resources()), total, snapshot.weights.get(name, 1.0)) for name in names
    }


def _by_priority(group: QueueGroup) -> int:
    return group.priority


def _all_one_level(group: QueueGroup) -> int:
    return 0


def _by_tenant(group: QueueGroup) -> str:
    return group.tenant


def _all_one_row(group: QueueGroup) -> str:
    return ""


ORDERS: Mapping[QueueOrder, tuple[Callable[[QueueGroup], int], Callable[[QueueGroup], str]]] = {
    "fifo": (_all_one_level, _all_one_row),
    "priority": (_by_priority, _all_one_row),
    "drf": (_by_priority, _by_tenant),
}
