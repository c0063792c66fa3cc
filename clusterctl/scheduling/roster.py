"""The workers of one snapshot, arranged so that a question about all of them is answered in one step.

A set of workers is an int (``Members``): bit *i* stands for the *i*-th worker by name. Intersecting two sets
of a thousand workers is then one ``&``, and counting one ``bit_count()``, which is what lets a round ask every
filter about every group.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from operator import or_

from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import MEASURING
from clusterctl.scheduling.quotas import Quotas
from clusterctl.scheduling.rules import Kind, Rule, rule_for
from clusterctl.scheduling.usage import is_usable, room

Members = int


class Roster:
    """The workers by name, and who of them is what."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.workers = tuple(sorted(snapshot.workers, key=lambda worker: (worker.name, worker.id)))
        self.everyone: Members = (1 << len(self.workers)) - 1
        self.quotas = Quotas(snapshot)
        self._at = snapshot.at
        self._steering = snapshot.steering
        self._rules: dict[str, Rule | None] = {}

    def where(self, holds: Callable[[WorkerPicture], bool]) -> Members:
        """The workers of which *holds* is true."""
        return sum(1 << at for at, worker in enumerate(self.workers) if holds(worker))

    @cached_property
    def up(self) -> Members:
        """Those whose agent is up."""
        return self.where(lambda worker: worker.live_state == LiveState.UP)

    @cached_property
    def open(self) -> Members:
        """Those that may take new jobs."""
        return self.where(lambda worker: worker.admin_state == AdminState.OPEN)

    @cached_property
    def untroubled(self) -> Members:
        """Those whose agent wants new work."""
        return self.where(lambda worker: not worker.trouble)

    @property
    def active(self) -> Members:
        """Those that take new work at all."""
        return self.up & self.open & self.untroubled

    @cached_property
    def measured(self) -> Members:
        """Those of which it is known what they use."""
        at, ttl = self._at, self._steering.measure_ttl
        return self.where(lambda worker: is_usable(worker.measured, worker.capacity, at, ttl))

    def rule(self, kind: Kind) -> Rule | None:
        """By which policy jobs of that kind are placed; None if none are."""
        if kind not in self._rules:
            self._rules[kind] = rule_for(kind, self._steering, lambda: bool(self.active & self.measured))
        return self._rules[kind]

    def measures(self, kind: Kind) -> bool:
        """Whether jobs of that kind are placed by what is measured."""
        rule = self.rule(kind)
        return rule is not None and rule.measures

    def seen_by(self, rule: Rule) -> tuple[WorkerPicture, ...]:
        """The workers as that policy is to see them: without measures that are of no use, or without any."""
        if rule.policy not in MEASURING:
            return self.workers
        usable = self.measured if rule.measures else 0
        return tuple(
            worker if usable >> at & 1 or worker.measured is None else replace(worker, measured=None)
            for at, worker in enumerate(self.workers)
        )

    @cached_property
    def names(self) -> dict[str, Members]:
        """Who bears each name."""
        return {worker.name: 1 << at for at, worker in enumerate(self.workers)}

    @cached_property
    def ids(self) -> dict[int, Members]:
        """Who has each id."""
        return {worker.id: 1 << at for at, worker in enumerate(self.workers)}

    @cached_property
    def labels(self) -> dict[tuple[str, str], Members]:
        """Who carries each label, by (key, value)."""
        carriers: dict[tuple[str, str], Members] = defaultdict(int)
        for at, worker in enumerate(self.workers):
            for label in worker.labels.items():
                carriers[label] |= 1 << at
        return dict(carriers)

    @cached_property
    def free(self) -> tuple[Resources, ...]:
        """What is free on each, in their order."""
        return tuple(worker.free for worker in self.workers)

    @cached_property
    def capacities(self) -> Amounts:
        """Who has how much when empty."""
        return Amounts([worker.capacity for worker in self.workers])

    @cached_property
    def rooms(self) -> Amounts:
        """Who has how much free."""
        return Amounts(self.free)

    @cached_property
    def spare(self) -> tuple[Resources, ...]:
        """What each has left by its load, in their order; everything, where that is not known."""
        usable = self.measured
        return tuple(room(worker) if usable >> at & 1 else worker.capacity for at, worker in enumerate(self.workers))

    @cached_property
    def spares(self) -> Amounts:
        """Who has how much left by its load."""
        return Amounts(self.spare)


class Amounts:
    """Who has how much of each kind."""

    def __init__(self, amounts: Sequence[Resources]) -> None:
        self._cpu = _Ladder([amount.cpu_milli for amount in amounts])
        self._memory = _Ladder([amount.memory_mb for amount in amounts])
        self._gpus = _Ladder([amount.gpus for amount in amounts])

    def at_least(self, request: Resources) -> Members:
        """Those that have enough of every kind."""
        return (
            self._cpu.at_least(request.cpu_milli)
            & self._memory.at_least(request.memory_mb)
            & self._gpus.at_least(request.gpus)
        )


class _Ladder:
    """One kind of amount: the distinct amounts, upwards, and who stands on each rung or above it."""

    def __init__(self, amounts: Sequence[int]) -> None:
        standing: dict[int, Members] = defaultdict(int)
        for at, amount in enumerate(amounts):
            standing[amount] |= 1 << at
        self._rungs = sorted(standing)
        above = accumulate((standing[rung] for rung in reversed(self._rungs)), or_, initial=0)
        self._above = list(above)[::-1]

    def at_least(self, amount: int) -> Members:
        return self._above[bisect_left(self._rungs, amount)]


def each(members: Members) -> Iterator[int]:
    """The positions of *members*, lowest name first."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest
