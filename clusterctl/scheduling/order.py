"""Whose turn it is: a total order over the queue, in which no tie is left to chance.

``fifo``      batch jobs before services, submitted, id
``priority``  priority (high first), batch jobs before services, submitted, id
``drf``       priority, batch jobs before services, the tenant's weighted dominant share (small first), submitted, id

The dominant share of a tenant is the largest, over the kinds of resources, of what counts against it divided by what
there is. What counts: what its live allocations hold, what it has held of late, and what the round itself has given,
so that tenants take turns. What there is: the capacity of the workers that are up, the same total that ``status``
shows. (Ghodsi et al., "Dominant Resource Fairness", NSDI 2011; weights as in its section 4.)

Services stand in one row, whosever they are: replicas of lost workers first, then the oldest. What they are given
counts in the shares like everything else. A replica of a lost worker, or one that has waited for ``starve_after``,
comes before batch jobs of its priority: else one behind a stream of these would wait for ever.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappop, heapreplace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import LiveState
from clusterctl.model.steering import QueueOrder

Level = tuple[int, int]  # priority, and the rank of their kind: the highest level is served first
SERVICE, BATCH, URGENT_SERVICE = range(3)  # ranks
NOTHING = Resources()


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
        share, memory, gpus = self._cpu / self._all_cpu, self._memory / self._all_memory, self._gpus / self._all_gpus
        share = memory if memory > share else share  # as max() would, in half the time: at every start
        self.share = gpus if gpus > share else share


NOBODYS = Standing(NOTHING, NOTHING, 1.0)  # of a row that has none to compete with


class Line:
    """One group standing in the queue. ``taken`` of its jobs have started in this round."""

    __slots__ = ("group", "level", "taken")

    def __init__(self, group: QueueGroup, level: Level) -> None:
        self.group = group
        self.level = level
        self.taken = 0

    @property
    def head(self) -> Head:
        """Sorts the line among others: whether it comes first, when its first job was submitted, and that job's id."""
        return not self.group.displaced, self.group.submitted[self.taken], self.group.ids[self.taken], self


Head = tuple[bool, float, int, Line]


class Turns:
    """The queue during one round.

    ``current()`` is the line whose turn it is; then either ``start()`` its first job or ``leave()`` with all of
    it. Lines queue up in rows: under ``drf`` one row per tenant, and one for all services; one for all otherwise.
    Only the row whose turn it was has changed when the next is chosen, so two small heaps stay in order without ever
    being searched.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        level_of, row_of = order_of(snapshot)
        self._standings = standings(snapshot) if snapshot.steering.queue_order == "drf" else {}
        rows: dict[Level, dict[str, list[Head]]] = defaultdict(lambda: defaultdict(list))
        for group in snapshot.queue:
            level = level_of(group)
            rows[level][row_of(group)].append(Line(group, level).head)
        self._levels_ahead = [rows[level] for level in sorted(rows)]
        self._level: list[tuple[float, float, int, _Row]] = []

    def current(self) -> Line | None:
        """The line whose turn it is; None when every line has left."""
        while not self._level:
            if not self._levels_ahead:
                return None
            self._enter(self._levels_ahead.pop())
        return self._level[0][3].lines[0][3]

    def start(self) -> None:
        """The first job of the current line has been given what it asked for: on to the job behind it."""
        row = self._level[0][3]
        line = row.lines[0][3]
        if standing := self._standings.get(line.group.tenant):
            standing.give(line.group.request)
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

    def _enter(self, rows: Mapping[str, list[Head]]) -> None:
        """Line the rows of one level up by the shares that the higher ones have left them with."""
        self._level = [_Row(self._standings.get(name, NOBODYS), lines).head for name, lines in rows.items()]
        heapify(self._level)

    def _settle(self, row: _Row) -> None:
        if row.lines:
            heapreplace(self._level, row.head)
        else:
            heappop(self._level)


class _Row:
    """The lines that share one standing, first come first."""

    __slots__ = ("lines", "standing")

    def __init__(self, standing: Standing, lines: list[Head]) -> None:
        heapify(lines)
        self.lines = lines
        self.standing = standing

    @property
    def head(self) -> tuple[float, float, int, _Row]:
        _, submitted, job_id, _ = self.lines[0]
        return self.standing.share, submitted, job_id, self


def capacity_up(workers: Iterable[WorkerPicture]) -> Resources:
    """What there is to share: what those of *workers* have that are up."""
    up = [worker.capacity for worker in workers if worker.live_state == LiveState.UP]
    # Kind by kind: of a thousand workers a thousand sums less, at every look.
    return Resources(
        sum([has.cpu_milli for has in up]), sum([has.memory_mb for has in up]), sum([has.gpus for has in up])
    )


def standings(snapshot: Snapshot) -> dict[str, Standing]:
    """Of each tenant that has jobs in the queue: what counts against it, by its weight."""
    total = capacity_up(snapshot.workers)
    return {
        tenant: Standing(counted(snapshot, tenant), total, snapshot.weights.get(tenant, 1.0))
        for tenant in {group.tenant for group in snapshot.queue}
    }


def counted(snapshot: Snapshot, tenant: str) -> Resources:
    """What counts against *tenant* in the order of turns: what it holds now, and what it has held of late."""
    return snapshot.used.get(tenant, NOTHING) + snapshot.recent.get(tenant, NOTHING)


def order_of(snapshot: Snapshot) -> tuple[Callable[[QueueGroup], Level], Callable[[QueueGroup], str]]:
    """The level, and the row in it, in which a group stands."""
    by_priority, row_of = ORDERS[snapshot.steering.queue_order]

    def level_of(group: QueueGroup) -> Level:
        return group.priority if by_priority else 0, rank(group, snapshot)

    return level_of, row_of


def rank(group: QueueGroup, snapshot: Snapshot) -> int:
    """That of its kind, as long as it has waited."""
    if group.kind == "batch":
        return BATCH
    return URGENT_SERVICE if is_urgent(group, group.submitted[0], snapshot) else SERVICE


def is_urgent(group: QueueGroup, submitted: float, snapshot: Snapshot) -> bool:
    """Whether a replica of *group*, submitted at that moment, comes before batch jobs."""
    return group.displaced or is_overdue(submitted, snapshot)


def is_overdue(submitted: float, snapshot: Snapshot) -> bool:
    """Whether what was submitted at that moment has waited for ``starve_after``."""
    return snapshot.at - submitted >= snapshot.steering.starve_after


def _by_tenant(group: QueueGroup) -> str:
    return group.tenant if group.kind == "batch" else ""


def _all_one_row(group: QueueGroup) -> str:
    return ""


# Whether priorities count, and which row of its level a group stands in.
ORDERS: Mapping[QueueOrder, tuple[bool, Callable[[QueueGroup], str]]] = {
    "fifo": (False, _all_one_row),
    "priority": (True, _all_one_row),
    "drf": (True, _by_tenant),
}
