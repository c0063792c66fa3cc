"""The workers of one snapshot, arranged so that a question about all of them is answered in one step.

A set of workers is an int (``Members``): bit *i* stands for the *i*-th worker by name. Intersecting two sets
of a thousand workers is then one ``&``, and counting one ``bit_count()``, which is what lets a round ask every
filter about every group.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from operator import or_

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import WorkerPicture
from clusterctl.model.states import AdminState, LiveState

Members = int


class Roster:
    """The workers by name, and who of them is what."""

    def __init__(self, workers: Iterable[WorkerPicture]) -> None:
        self.workers = tuple(sorted(workers, key=lambda worker: (worker.name, worker.id)))
        self.everyone: Members = (1 << len(self.workers)) - 1

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

    @cached_property
    def names(self) -> dict[str, Members]:
        """Who bears each name."""
        return {worker.name: 1 << at for at, worker in enumerate(self.workers)}

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
