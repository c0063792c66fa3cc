"""The workers in the order of one policy, while a round fills them up.

The groups of a queue differ in many ways, but only few *pools* of workers come of it (``filters.pool``): each has
one shelf, shared by all groups that may use it. A worker that takes a job moves on the shelves that it stands on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup
from clusterctl.model.steering import Steering
from clusterctl.scheduling.gauges import FINEST, GAUGES, LEARNING
from clusterctl.scheduling.roster import Members, Roster, each
from clusterctl.scheduling.rules import Rule
from clusterctl.scheduling.shelf import GONE, Amount, Rank, Shelf, rank


class Ranking:
    """What each worker costs by *rule*, the smallest is the best: its score for a job that takes nothing, negated.

    A worker is known by its position in the roster. Its *room* is what it has free, less what it uses beyond what it
    holds if the rule measures; and no more than what others are to have of it, if it is kept for somebody.
    *least*: no job asks for less, of any kind. ``costs``: by now, by position.
    """

    def __init__(self, rule: Rule, roster: Roster, steering: Steering, least: Amount) -> None:
        gauge = GAUGES[rule.policy]
        self._gauges = [gauge(worker, steering) for worker in roster.seen_by(rule)]
        self._learns = rule.policy in LEARNING
        self._beyond = _beyond(roster) if rule.measures else None
        self._least = least
        self._shelves: dict[Members, Shelf] = {}
        self._standing: dict[int, list[Shelf]] = defaultdict(list)  # per worker: the shelves that it stands on
        self.costs = [-gauge.read(free) for gauge, free in zip(self._gauges, roster.free, strict=True)]
        self._rooms = [_amount(self.room(at, free)) for at, free in enumerate(roster.free)]
        self._ranks = [self._rank(at) for at in range(len(self.costs))]

    def shelf(self, pool: Members) -> Shelf:
        """The workers of the pool, in order, as they are by now and will be."""
        shelf = self._shelves.get(pool)
        if shelf is None:
            positions = list(each(pool))
            shelf = self._shelves[pool] = Shelf(positions, self._ranks, self._rooms)
            for at in positions:
                self._standing[at].append(shelf)
        return shelf

    def room(self, at: int, free: Resources) -> Resources:
        """What that worker has room for while it has so much free, whether it is kept or not."""
        return free if self._beyond is None else free - self._beyond[at]

    def give(self, at: int, group: QueueGroup, free: Resources, most: Resources | None) -> None:
        """A job of *group* has gone there."""
        if self._learns:
            self._gauges[at].give(group)
        self.move(at, free, most)

    def move(self, at: int, free: Resources, most: Resources | None) -> None:
        """That worker now has so much free, of which others are to have *most* at most (None: all of it)."""
        room = self.room(at, free)
        self._rooms[at] = _amount(room if most is None else smaller(room, most))
        self.costs[at] = -self._gauges[at].read(free)
        old, new = self._ranks[at], self._rank(at)
        self._ranks[at] = new
        if new < old:
            for shelf in self._standing[at]:
                shelf.risen.add(at)

    def _rank(self, at: int) -> Rank:
        """Where the worker belongs on every shelf: on none, if it cannot have even the smallest of all requests."""
        (cpu, memory, gpus), (has_cpu, has_memory, has_gpus) = self._least, self._rooms[at]
        if cpu > has_cpu or memory > has_memory or gpus > has_gpus:
            return GONE
        return rank(int(self.costs[at] * FINEST), at)


def _amount(room: Resources) -> Amount:
    return room.cpu_milli, room.memory_mb, room.gpus


def _beyond(roster: Roster) -> Sequence[Resources]:
    """What each worker uses beyond what it holds: mostly nothing, for jobs ask for more than they use."""
    return [
        Resources(max(0, free.cpu_milli - spare.cpu_milli), max(0, free.memory_mb - spare.memory_mb))
        for free, spare in zip(roster.free, roster.spare, strict=True)
    ]


def smaller(one: Resources, other: Resources) -> Resources:
    """The smaller of each kind."""
    return Resources(
        min(one.cpu_milli, other.cpu_milli), min(one.memory_mb, other.memory_mb), min(one.gpus, other.gpus)
    )
