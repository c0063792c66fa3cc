"""Where a job goes: the best worker, by one policy, of those that can have it, as the round fills them up.

The groups of a queue differ in many ways, but only few *pools* of workers come of it (``filters.pool``): each has
one shelf, shared by all groups that may use it. A worker that takes a job moves on the shelves that it stands on.
"""

from __future__ import annotations

from collections import defaultdict

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Policy, QueueGroup
from clusterctl.scheduling.policies import POLICIES
from clusterctl.scheduling.roster import Members, Roster, each
from clusterctl.scheduling.shelf import Entry, Shelf

# Takes nothing: what a worker scores for it is what it scores for any job, but for a shift (the law of policies).
NOBODY = QueueGroup(shape="", request=Resources(), ids=(), submitted=())


class Floor:
    """The workers during one round, and what is still free on each."""

    def __init__(self, roster: Roster, policy: Policy) -> None:
        self._workers = roster.workers
        self._score = POLICIES[policy]
        self._free = list(roster.free)
        self._entries = [self._entry(at) for at in range(len(self._workers))]
        self._shelves: dict[Members, Shelf] = {}
        self._standing: dict[int, list[Shelf]] = defaultdict(list)  # per worker: the shelves that it stands on

    def place(self, group: QueueGroup, pool: Members) -> tuple[int, float] | None:
        """Give a job of *group* its room: the worker's id and its score. None if it fits nowhere in the pool."""
        request = group.request
        shelf = self._shelves.get(pool) or self._shelf(pool)
        entry = shelf.best((request.cpu_milli, request.memory_mb, request.gpus))
        if entry is None:
            return None
        at = entry[1]
        worker, free = self._workers[at], self._free[at]
        self._free[at] = free - request
        self._move(at)
        return worker.id, self._score(group, worker, free)

    def _shelf(self, pool: Members) -> Shelf:
        """A new shelf, with the workers as they are by now."""
        positions = list(each(pool))
        shelf = self._shelves[pool] = Shelf(self._entries[at] for at in positions)
        for at in positions:
            self._standing[at].append(shelf)
        return shelf

    def _move(self, at: int) -> None:
        old, new = self._entries[at], self._entry(at)
        self._entries[at] = new
        for shelf in self._standing[at]:
            shelf.replace(old, new)

    def _entry(self, at: int) -> Entry:
        free = self._free[at]
        return -self._score(NOBODY, self._workers[at], free), at, free.cpu_milli, free.memory_mb, free.gpus
