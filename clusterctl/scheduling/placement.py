"""Where a job goes: the best worker, by the policy for its kind, of those that can have it, as the round fills them up.

One worker may be kept for a job that waits (``backfill``). Others may start there only if they end in time, or within
what that job leaves. So the worker stands on the shelves with no more room than that, and for those that end in time
it is compared with the best of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup
from clusterctl.model.steering import Steering
from clusterctl.scheduling.policies import shift
from clusterctl.scheduling.ranking import Ranking
from clusterctl.scheduling.roster import Members, Roster
from clusterctl.scheduling.rules import Rule
from clusterctl.scheduling.shelf import Amount

NOBODY = -1
ONE_GPU = Resources(gpus=1)


class Errand:
    """A group that looks for a worker in one pool, by one policy: all that stays the same for each of its jobs."""

    __slots__ = ("amount", "pool", "ranking", "request", "shelf", "shift")

    def __init__(self, group: QueueGroup, pool: Members, ranking: Ranking, shift: float) -> None:
        self.request = group.request
        self.amount = self.request.cpu_milli, self.request.memory_mb, self.request.gpus
        self.pool = pool
        self.ranking = ranking
        self.shelf = ranking.shelf(pool)
        self.shift = shift


class Floor:
    """The workers during one round, by their positions in the roster: what is free, and who is best.

    *queue*: all that may be placed. *rules*: of all its kinds. ``claims``: how many replicas the round has given each.
    """

    def __init__(
        self, roster: Roster, steering: Steering, rules: Collection[Rule], queue: Sequence[QueueGroup]
    ) -> None:
        self.free = list(roster.free)
        self.claims: Counter[int] = Counter()
        self._steering = steering
        self._roster = roster
        self._rules = rules
        self._queue = queue
        self._kept = NOBODY
        self._extra = Resources()

    @cached_property
    def _rankings(self) -> Mapping[Rule, Ranking]:
        """By rule; made when first asked for, and given nothing before: in most rounds nobody starts."""
        least = smallest(group.request for group in self._queue)
        rankings = {rule: Ranking(rule, self._roster, self._steering, least) for rule in self._rules}
        if self._kept != NOBODY:
            for ranking in rankings.values():
                ranking.move(self._kept, self.free[self._kept], self._extra)
        return rankings

    def errand(self, group: QueueGroup, pool: Members, rule: Rule) -> Errand:
        """What it takes to find workers for *group*."""
        if group.request.gpus:  # or those without any would stand in the way, of some policies in front of all others
            pool &= self._roster.capacities.at_least(ONE_GPU)
        return Errand(group, pool, self._rankings[rule], shift(rule.policy, group, self._steering))

    def best(self, errand: Errand, *, in_time: bool) -> int | None:
        """The worker that a job should have; None if it has room nowhere.

        *in_time*: it ends before the worker that is kept is needed.
        """
        best = errand.shelf.best(errand.amount)
        if in_time and self.is_held_back(errand):
            costs, kept = errand.ranking.costs, self._kept
            return kept if best is None else min(kept, best, key=lambda at: (costs[at], at))
        return best

    def is_held_back(self, errand: Errand) -> bool:
        """Whether a job would have room on the worker that is kept, if that were not kept."""
        at = self._kept
        return at != NOBODY and bool(errand.pool >> at & 1) and errand.request <= errand.ranking.room(at, self.free[at])

    def withholds(self, errand: Errand) -> bool:
        """Whether nothing but its being kept is against that worker, for a job that does not end in time."""
        return self._kept != NOBODY and self.is_held_back(errand) and not errand.request <= self._extra

    def costs(self, rule: Rule) -> Sequence[float]:
        """What each worker costs by now; the smallest is the best."""
        return self._rankings[rule].costs

    def give(self, group: QueueGroup, at: int, *, in_time: bool) -> None:
        """A job of *group* goes to that worker."""
        free = self.free[at] = self.free[at] - group.request
        if group.kind == "service":
            self.claims[at] += 1
        most = None
        if at == self._kept:
            most = self._extra = self._extra if in_time else self._extra - group.request
        for ranking in self._rankings.values():
            ranking.give(at, group, free, most)

    def keep(self, at: int, extra: Resources) -> None:
        """Others are to have *extra* of that worker at most, but for those that end in time."""
        self._kept, self._extra = at, extra
        if "_rankings" in self.__dict__:  # else they will be made so
            for ranking in self._rankings.values():
                ranking.move(at, self.free[at], extra)


def smallest(requests: Iterable[Resources]) -> Amount:
    """No request is smaller than that, in any kind."""
    cpu, memory, gpus = zip(*((each.cpu_milli, each.memory_mb, each.gpus) for each in requests), strict=True)
    return min(cpu), min(memory), min(gpus)
