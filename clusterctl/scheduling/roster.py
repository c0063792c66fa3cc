"""The workers of one snapshot, arranged so that a question about all of them is answered in one step.

A set of workers is an int (``Members``): bit *i* stands for the *i*-th worker by name. Intersecting two sets
of a thousand workers is then one ``&``, and counting one ``bit_count()``, which is what lets a round ask every
filter about every group.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from operator import or_
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import MEASURING
from clusterctl.scheduling.quotas import Quotas
from clusterctl.scheduling.rules import Kind, Rule, rule_for
from clusterctl.scheduling.usage import is_usable, room

Members = int


class Sieve(NamedTuple):
    """What the chain of filters made of everybody: whom each removed, in its order, and how many; and who is left.

    ``pool``: among whom only size decides; many groups share few pools. ``reason``: the word for a wait, if nobody is
    left. Many groups share a sieve: nothing in it may be changed.
    """

    lost: dict[str, Members]
    removed: dict[str, int]
    left: Members
    pool: Members
    reason: str


class Roster:
    """The workers by name, and who of them is what."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.workers = tuple(sorted(snapshot.workers, key=lambda worker: (worker.name, worker.id)))
        self.everyone: Members = (1 << len(self.workers)) - 1
        self.quotas = Quotas(snapshot)
        self._at = snapshot.at
        self._steering = snapshot.steering
        self._rules: dict[str, Rule | None] = {}
        self.sieves: dict[Hashable, Sieve] = {}  # what ``filters`` has found already

    def where(self, holds: Callable[[WorkerPicture], bool]) -> Members:
        """The workers of which *holds* is true."""
        return members([holds(worker) for worker in self.workers])

    @cached_property
    def up(self) -> Members:
        """Those whose agent is up."""
        return members([worker.live_state == LiveState.UP for worker in self.workers])

    @cached_property
    def open(self) -> Members:
        """Those that may take new jobs."""
        return members([worker.admin_state == AdminState.OPEN for worker in self.workers])

    @cached_property
    def untroubled(self) -> Members:
        """Those whose agent wants new work."""
        return members([not worker.trouble for worker in self.workers])

    @cached_property
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
    def positions(self) -> dict[int, int]:
        """Where each id stands."""
        return {worker.id: at for at, worker in enumerate(self.workers)}

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

    def rungs(self, request: Resources) -> tuple[int, int, int]:
        """How high that stands, in each kind: what stands equally high is had by the same workers."""
        return (
            bisect_left(self._cpu.rungs, request.cpu_milli),
            bisect_left(self._memory.rungs, request.memory_mb),
            bisect_left(self._gpus.rungs, request.gpus),
        )

    def at_least(self, request: Resources) -> Members:
        """Those that have enough of every kind."""
        cpu, memory, gpus = self.rungs(request)
        return self._cpu.above(cpu) & self._memory.above(memory) & self._gpus.above(gpus)


class _Ladder:
    """One kind of amount: the distinct amounts, upwards, and who stands on each rung or above it."""

    def __init__(self, amounts: Sequence[int]) -> None:
        self._amounts = amounts
        self._everyone: Members = (1 << len(amounts)) - 1
        self.rungs = sorted(set(amounts))

    def above(self, rung: int) -> Members:
        """Those on that rung or above it."""
        if not rung:
            return self._everyone
        return 0 if rung == len(self.rungs) else self._above[rung]

    @cached_property
    def _above(self) -> Sequence[Members]:
        """By rung. Often nobody asks: machines are alike, and what is asked for is more than all have, or less."""
        standing: dict[int, Members] = defaultdict(int)
        for at, amount in enumerate(self._amounts):
            standing[amount] |= 1 << at
        return list(accumulate((standing[rung] for rung in reversed(self.rungs)), or_))[::-1]


def members(flags: Iterable[bool]) -> Members:
    """The positions at which *flags* are true, read as one numeral: adding bit by bit takes three times as long."""
    return int("".join(["1" if flag else "0" for flag in flags])[::-1] or "0", 2)


def each(members: Members) -> Iterator[int]:
    """The positions of *members*, lowest name first."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest
