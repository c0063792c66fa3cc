"""How good one worker is while a round fills it up: a score as a function of what it has free.

A gauge knows what does not change in a round, so that a turn costs little. It reads for a job that takes nothing and
has medium priority; what another job adds is the same on every worker (the law of policies).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import floor
from typing import Protocol

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, WorkerPicture
from clusterctl.model.steering import Policy, Steering
from clusterctl.scheduling import slo
from clusterctl.scheduling.usage import parts_of, percent, used
from clusterctl.units import PRIORITIES

# A score is left-over GPUs, with CPUs and memory as the digits behind the point. A double holds 6 + 22 + 25 bits
# exactly: up to 63 GPUs, 4,194 CPUs and 32 TiB it orders just as the tuple (gpus, cpu_milli, memory_mb) would.
CPU_DIGIT = 2.0**-22
MEMORY_DIGIT = 2.0**-47
FINEST = 2.0**47  # in one: every score is a whole number of these, so that it can be compared as one
# Scores that are sums of measures are whole numbers of grains: then the points of a priority add exactly, and two
# workers whose loads differ by a rounding error are equal.
GRAINS = 2.0**20  # in one point
MEDIUM = PRIORITIES["medium"]


def left_over(free: Resources) -> float:
    """So much as one number: GPUs before the point, the rest behind it."""
    return free.gpus + free.cpu_milli * CPU_DIGIT + free.memory_mb * MEMORY_DIGIT


class Gauge(Protocol):
    """One worker."""

    def give(self, group: QueueGroup) -> None:
        """It has been given a job of *group*. What that takes is told by what is free."""

    def read(self, free: Resources) -> float:
        """How good it is while it has so much free; higher is better."""


class Plain:
    """One worker of which nothing but what is free counts."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[Resources], float]) -> None:
        self.read = read

    def give(self, group: QueueGroup) -> None:
        """It makes no difference."""


class Count:
    """The fewer replicas the better."""

    __slots__ = ("_services",)

    def __init__(self, worker: WorkerPicture, rules: Steering) -> None:
        self._services = worker.services

    def give(self, group: QueueGroup) -> None:
        """Replicas count."""
        self._services += group.kind == "service"

    def read(self, free: Resources) -> float:
        """The replicas, negated."""
        return -float(self._services)


def usage(worker: WorkerPicture, rules: Steering) -> Gauge:
    """The less used the better: ``usage_score`` of what is measured and of what was given since, negated."""
    cpu_milli, memory_mb = used(worker, worker.free)  # with all given, so that what is free is taken off again
    all_milli = worker.capacity.cpu_milli
    cpu_part, memory_part = parts_of(rules.usage_cpu_weight, rules.usage_memory_weight)

    def read(free: Resources) -> float:
        cpu_percent = percent(cpu_milli - free.cpu_milli, all_milli)
        return -grained(cpu_percent * cpu_part + (memory_mb - free.memory_mb) / 1024 * memory_part)

    return Plain(read)


class Serving:
    """The better it serves the better: what ``slo_parts`` add up to, taken together so that little is left to do."""

    __slots__ = ("_all_memory", "_all_milli", "_cpu_milli", "_fixed", "_memory_mb", "_shared", "_shares", "_weights")

    def __init__(self, worker: WorkerPicture, rules: Steering) -> None:
        self._cpu_milli, self._memory_mb = used(worker, worker.free)  # with all given, as above
        self._all_milli, self._all_memory = worker.capacity.cpu_milli or 1, worker.capacity.memory_mb or 1
        self._weights = weights = slo.WEIGHTS[rules.slo_weights]
        points = slo.slo_parts(slo.case_of(MEDIUM, worker, 0, 0), weights)
        self._fixed = points["base"] + points["latency"] + points["violations"]
        self._shared = points["fairness"] + points["dominance"]
        self._shares = slo.Shares(worker)

    def give(self, group: QueueGroup) -> None:
        """Its tenant holds more of it."""
        self._shares.give(group)
        dominant, fairness = self._shares.told()
        # As min() would, in a third of the time: at every start.
        fairness = fairness if fairness < 1.0 else 1.0
        dominant = dominant if dominant < 1.0 else 1.0
        self._shared = self._weights.fairness * fairness - self._weights.dominance * dominant

    def read(self, free: Resources) -> float:
        """The points."""
        cpu = (self._cpu_milli - free.cpu_milli) / self._all_milli
        memory = (self._memory_mb - free.memory_mb) / self._all_memory
        points = self._fixed + self._shared + slo.room(cpu, memory, self._weights)
        if self._weights.utilisation:
            points += slo.crowd(cpu, memory, self._weights)
        return grained(points)


SNUG = Plain(lambda free: -left_over(free))
ROOMY = Plain(left_over)
ANY = Plain(lambda free: 0.0)
GAUGES: Mapping[Policy, Callable[[WorkerPicture, Steering], Gauge]] = {
    "pack": lambda worker, rules: SNUG,
    "spread": lambda worker, rules: ROOMY,
    "service_count": Count,
    "resource_usage": usage,
    "slo": Serving,
    "first_fit": lambda worker, rules: ANY,
}

LEARNING: frozenset[str] = frozenset({"service_count", "slo"})  # policies whose gauges look at what is given


def grained(score: float) -> float:
    """The nearest whole number of grains."""
    return floor(score * GRAINS + 0.5) / GRAINS
