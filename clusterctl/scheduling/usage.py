"""Measured use: what a measure is worth, who carries least, and whether there is room for more.

A measure is usable if it is fresh, finite, not negative, and not of more memory than the worker has. More CPU than
the worker has registered is no absurdity: nothing holds a job to the CPUs that it asked for. Such a worker is taken
to be full, for an overloaded machine must not look like one of which nothing is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.model.plan import Eligibility
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Measured, WorkerPicture

AGENT = Resources(100, 128, 0)  # what an agent itself uses at most: it is measured with its jobs, and asked for by none
DIGITS = 4  # behind the point, of a metric in words; more if it takes more to tell two apart
NOTHING = Resources()


class Load(NamedTuple):
    """What a worker carries: percent (0–100) of the CPUs that it has registered, and MiB."""

    cpu_percent: float
    memory_mb: float


class Fit(NamedTuple):
    """Whether there is room, and if not, of what there is too little. True and false as ``fits`` is."""

    fits: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.fits


def usage_score(cpu_percent: float, memory_mb: float, cpu_weight: float = 0.5, memory_weight: float = 0.5) -> float:
    """How much a worker carries, lower is better: percent of its CPUs and GiB of memory, weighed.

    Only the ratio of the weights (≥ 0) counts; what is no pair of weights counts as halves.
    """
    cpu_part, memory_part = parts_of(cpu_weight, memory_weight)
    return cpu_percent * cpu_part + memory_mb / 1024 * memory_part


def parts_of(cpu_weight: float, memory_weight: float) -> tuple[float, float]:
    """The weights, so that they add up to 1."""
    whole = cpu_weight + memory_weight
    if cpu_weight >= 0 and memory_weight >= 0 and 0 < whole < math.inf:  # NaN fails each of these
        return cpu_weight / whole, memory_weight / whole
    return 0.5, 0.5


def eligible(scores: Mapping[str, float | None], metric: str = "resource_usage") -> Eligibility:
    """The workers at the minimum of *scores*, and why not the others. A score that is None or not finite is missing."""
    known = {name: score for name, score in scores.items() if score is not None and math.isfinite(score)}
    minimum = min(known.values(), default=None)
    return Eligibility(
        policy=metric,
        eligible=tuple(sorted(name for name, score in known.items() if score == minimum)),
        metrics={name: known.get(name) for name in scores},
        minimum=minimum,
        reasons={
            name: f"{metric}:{compared(known[name], minimum) if name in known and minimum is not None else 'missing'}"
            for name in scores
            if name not in known or known[name] != minimum
        },
    )


def compared(score: float, minimum: float) -> str:
    """``0.2064>0.1833``; with as many digits as it takes to see why."""
    for digits in range(DIGITS, 17):
        told, least = f"{score:.{digits}f}", f"{minimum:.{digits}f}"
        if told != least:
            return f"{told}>{least}"
    return f"{score!r}>{minimum!r}"


def is_usable(measured: Measured | None, capacity: Resources, at: float, ttl: float) -> bool:
    """Whether *measured* says what a worker of that *capacity* uses, at the moment *at*."""
    return (
        measured is not None
        and -ttl <= at - measured.at <= ttl
        and 0 <= measured.cpu_milli < math.inf
        and 0 <= measured.memory_mb <= capacity.memory_mb
    )


def sober(worker: WorkerPicture, at: float, ttl: float) -> WorkerPicture:
    """The worker, without its measure if that is not usable."""
    if worker.measured is None or is_usable(worker.measured, worker.capacity, at, ttl):
        return worker
    return replace(worker, measured=None)


def used(worker: WorkerPicture, given: Resources = NOTHING) -> tuple[float, float]:
    """What a worker uses, in thousandths of CPUs and MiB, once it has also been *given* so much.

    As measured, with what it has been given since; what it holds, if it has no measure. The measure must be usable.
    """
    measured = worker.measured
    if measured is None:
        held = worker.capacity - worker.free
        return held.cpu_milli + given.cpu_milli, held.memory_mb + given.memory_mb
    charged = worker.charged
    cpu_milli = min(measured.cpu_milli, worker.capacity.cpu_milli)
    return (
        cpu_milli + charged.cpu_milli + given.cpu_milli,
        measured.memory_mb + charged.memory_mb + given.memory_mb,
    )


def load(worker: WorkerPicture, at: float, ttl: float, given: Resources = NOTHING) -> Load:
    """What *worker* carries at the moment *at*, by its measure if that is usable (``used``)."""
    return load_of(sober(worker, at, ttl), given)


def load_of(worker: WorkerPicture, given: Resources = NOTHING) -> Load:
    """The same of a worker whose measure is usable, or None."""
    cpu_milli, memory_mb = used(worker, given)
    return Load(percent(cpu_milli, worker.capacity.cpu_milli), memory_mb)


def percent(cpu_milli: float, capacity_milli: int) -> float:
    """So much of that capacity, at most 100; of none, there is none left."""
    return min(100.0, 100 * cpu_milli / capacity_milli) if capacity_milli > 0 else 100.0


def can_fit(
    request: Resources,
    metrics: Measured | None,
    allocatable: Resources,
    now: float,
    *,
    held: Resources,
    ttl: float = 120.0,
) -> Fit:
    """Whether *request* has room where *metrics* were measured: what is *allocatable* there, less what is used.

    Metrics that are not usable decide nothing: then it is what is *held*, reserved or allocated, that is taken. GPUs
    are not measured, and are always counted as held.
    """
    free = allocatable - held
    if metrics is not None and is_usable(metrics, allocatable, now, ttl):
        cpu_milli = allocatable.cpu_milli - math.ceil(min(metrics.cpu_milli, allocatable.cpu_milli))
        free = Resources(cpu_milli, allocatable.memory_mb - math.ceil(metrics.memory_mb), free.gpus)
    return fit(request, free)


def fit(request: Resources, free: Resources) -> Fit:
    """Whether *request* fits into *free*, and what is short first."""
    if request.cpu_milli > free.cpu_milli:
        has, asks = free.cpu_milli / 1000, request.cpu_milli / 1000
        return Fit(False, f"CPU insufficient: free {has:.2f} cores < req {asks:.2f} cores")
    if request.memory_mb > free.memory_mb:
        return Fit(False, f"memory insufficient: free {free.memory_mb} MiB < req {request.memory_mb} MiB")
    if request.gpus > free.gpus:
        return Fit(False, f"GPU insufficient: free {free.gpus} < req {request.gpus}")
    return Fit(True)


def room(worker: WorkerPicture) -> Resources:
    """What *worker*, whose measure must be usable, has left by its load. Of GPUs, which are not measured, all.

    What its agent may use is not counted, or no job could ever have a whole worker.
    """
    cpu_milli, memory_mb = used(worker)
    capacity = worker.capacity
    return Resources(
        capacity.cpu_milli - max(0, math.ceil(cpu_milli) - AGENT.cpu_milli),
        capacity.memory_mb - max(0, math.ceil(memory_mb) - AGENT.memory_mb),
        capacity.gpus,
    )
