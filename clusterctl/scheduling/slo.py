"""The policy ``slo``: how well a worker serves, from its room, its latency, its violations and how it is shared.

One formula, three sets of weights. ``SEED_WEIGHTS`` compute what the scheduler did from which the policy comes, its
oddities included: a worker without violations loses 5 points, and may gain some with its first. ``DOCUMENT_WEIGHTS``
are the design that it was written to. ``CORRECTED_WEIGHTS`` are the document's numbers made monotone: the score never
rises when load, latency or violations rise, and of an unknown latency nothing is supposed, so that no worker is
better off unmeasured than one that keeps to the target.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, WorkerPicture
from clusterctl.model.steering import SloWeightSet
from clusterctl.units import PRIORITIES

WORST_LATENCY = 1.5  # times the target: slower is no worse
MOST_USE = 1000.0  # times the total: more is no worse, and could not be added up
NOISE = 9  # decimals: what is beyond is how floats add up


class SloWeights(msgspec.Struct, frozen=True, kw_only=True):
    """Points. ``unknown_latency`` is given where there is no p99; ``clean`` is taken where there is no violation.

    ``utilisation`` is taken per unit of mean use beyond ``crowded_above``. ``target_ms``: the p99 that earns nothing.
    """

    high: float = 35.0
    medium: float = 25.0
    low: float = 15.0
    capacity: float
    fairness: float = 15.0
    latency: float
    target_ms: float
    unknown_latency: float
    dominance: float = 15.0
    violations: float
    clean: float
    utilisation: float
    crowded_above: float = 0.8


SEED_WEIGHTS = SloWeights(
    capacity=30, latency=25, target_ms=100, unknown_latency=12.5, violations=30, clean=5, utilisation=50
)
DOCUMENT_WEIGHTS = SloWeights(
    capacity=40, latency=20, target_ms=120, unknown_latency=10, violations=20, clean=0, utilisation=0
)
CORRECTED_WEIGHTS = SloWeights(
    capacity=40, latency=20, target_ms=120, unknown_latency=0, violations=20, clean=0, utilisation=0
)
WEIGHTS: Mapping[SloWeightSet, SloWeights] = {
    "corrected": CORRECTED_WEIGHTS,
    "seed": SEED_WEIGHTS,
    "document": DOCUMENT_WEIGHTS,
}


class Case(NamedTuple):
    """What the score looks at: a priority, and a worker's totals and use (of one unit each), latency and sharing."""

    priority: str | int
    cpu_total: float
    cpu_used: float
    memory_total: float
    memory_used: float
    p99_ms: float
    violation_rate: float
    dominant_share: float
    fairness: float


def slo_score(  # noqa: PLR0917 - so it is called in the systems that it comes from
    priority: str | int,
    cpu_total: float,
    cpu_used: float,
    memory_total: float,
    memory_used: float,
    p99_ms: float,
    violation_rate: float,
    dominant_share: float,
    fairness: float,
    weights: SloWeights = SEED_WEIGHTS,
) -> int:
    """0–100, higher is better: the sum of ``slo_parts``, rounded half away from zero.

    *priority* is a word (``high``, ``medium``, ``low``; another counts as low) or a number; *p99_ms* is 0 if unknown;
    the last three are parts of one.
    """
    case = Case(
        priority,
        cpu_total,
        cpu_used,
        memory_total,
        memory_used,
        p99_ms,
        violation_rate,
        dominant_share,
        fairness,
    )
    whole = round(sum(slo_parts(case, weights).values()), NOISE)
    return min(100, max(0, math.floor(whole + 0.5)))  # below zero it is 0 either way


def slo_parts(case: Case, weights: SloWeights = SEED_WEIGHTS) -> dict[str, float]:
    """What ``slo_score`` adds up. What is not a number speaks against a worker: full, dominated, unfair, violating."""
    cpu, memory = use(case.cpu_used, case.cpu_total), use(case.memory_used, case.memory_total)
    return {
        "base": base(case.priority, weights),
        "capacity": room(cpu, memory, weights),
        "fairness": weights.fairness * clamped(case.fairness, 0.0),
        "latency": latency(case.p99_ms, weights),
        "dominance": -weights.dominance * clamped(case.dominant_share, 1.0),
        "violations": violations(case.violation_rate, weights),
        "utilisation": crowd(cpu, memory, weights),
    }


def base(priority: str | int, weights: SloWeights) -> float:
    """The points of a priority class; of a number, those of the class that it reaches."""
    if isinstance(priority, str):
        return {"high": weights.high, "medium": weights.medium}.get(priority, weights.low)
    if priority >= PRIORITIES["high"]:
        return weights.high
    return weights.medium if priority >= PRIORITIES["medium"] else weights.low


def latency(p99_ms: float, weights: SloWeights) -> float:
    """The points of a p99: full for none at all, nothing at the target, half of them lost beyond it."""
    if not p99_ms > 0:
        return weights.unknown_latency
    return weights.latency * (1 - min(p99_ms / weights.target_ms, WORST_LATENCY))


def room(cpu: float, memory: float, weights: SloWeights) -> float:
    """The points of what is free, if such parts of CPUs and memory are used."""
    # As min() would, in a third of the time: at every start.
    cpu = cpu if cpu < 1.0 else 1.0
    memory = memory if memory < 1.0 else 1.0
    return weights.capacity * (2 - cpu - memory) / 2


def crowd(cpu: float, memory: float, weights: SloWeights) -> float:
    """What is taken for being used too much."""
    beyond = (cpu + memory) / 2 - weights.crowded_above
    return -weights.utilisation * beyond if beyond > 0 else 0.0


def violations(rate: float, weights: SloWeights) -> float:
    """What is taken for violations, or for having none."""
    return -weights.clean if rate <= 0 else -weights.violations * clamped(rate, 1.0)


def use(amount: float, total: float) -> float:
    """The part of *total* that is used, at most MOST_USE times as much; all of it if that cannot be told."""
    if not total > 0 or not math.isfinite(amount):
        return 1.0
    return min(max(0.0, amount / total), MOST_USE)


def clamped(part: float, otherwise: float) -> float:
    """Between 0 and 1; *otherwise* if it is not a number."""
    return min(1.0, max(0.0, part)) if part == part else otherwise  # noqa: PLR0124 - NaN is what is not itself


class Shares:
    """What part of one worker each tenant holds: the largest, over the kinds of resources.

    Their sum and that of their squares are carried along, for ``told`` is asked at every start.
    """

    __slots__ = ("_all_cpu", "_all_gpus", "_all_memory", "_held", "_most", "_squares", "_sum")

    def __init__(self, worker: WorkerPicture) -> None:
        # Of a kind that it has not, nobody has a share.
        self._all_cpu = worker.capacity.cpu_milli or math.inf
        self._all_memory = worker.capacity.memory_mb or math.inf
        self._all_gpus = worker.capacity.gpus or math.inf
        self._held: dict[str, tuple[int, int, int, float]] = {}  # cpu_milli, memory_mb, gpus; and what share that is
        self._most = self._sum = self._squares = 0.0
        for tenant, held in worker.held_by_tenant.items():
            self._give(tenant, held)

    def give(self, group: QueueGroup) -> None:
        """The tenant of *group* holds what one more of its jobs asks for."""
        self._give(group.tenant, group.request)

    def _give(self, tenant: str, amount: Resources) -> None:
        cpu, memory, gpus, before = self._held.get(tenant, (0, 0, 0, 0.0))
        cpu += amount.cpu_milli
        memory += amount.memory_mb
        gpus += amount.gpus
        # As max() would, in half the time: at every start.
        share, of_memory, of_gpus = cpu / self._all_cpu, memory / self._all_memory, gpus / self._all_gpus
        share = of_memory if of_memory > share else share
        share = of_gpus if of_gpus > share else share
        self._held[tenant] = cpu, memory, gpus, share
        self._sum += share - before
        self._squares += share * share - before * before
        self._most = share if share > self._most else self._most

    def told(self) -> tuple[float, float]:
        """The largest of them, and how even they are (``measures.jain``)."""
        return self._most, self._sum**2 / (len(self._held) * self._squares) if self._squares else 1.0


def case_of(priority: int, worker: WorkerPicture, cpu_used: float, memory_used: float) -> Case:
    """A job of that *priority* on *worker*, where so much is used: thousandths of CPUs, MiB."""
    capacity, reports = worker.capacity, worker.reports
    dominant, fairness = Shares(worker).told()
    return Case(
        priority,
        capacity.cpu_milli,
        cpu_used,
        capacity.memory_mb,
        memory_used,
        reports.p99_ms,
        reports.violation_rate,
        dominant,
        fairness,
    )
