"""Which of the workers that can have a job should: ``score``, higher is better, ties by worker name.

Law: a policy orders workers alike for every job. What a job takes, it takes wherever it goes, so it shifts all
scores by the same amount and never swaps two workers. Placement rests on this: it keeps the workers in order
once for all jobs instead of once per kind of job. So a score is the reading of the worker's gauge (``gauges``), and a
shift by the job.

``free`` is what the worker still has free; what it had free in its picture, less that, the round has given away.
``rules`` has the weights. A measure must be usable, or None: then what is held is taken for what is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, WorkerPicture
from clusterctl.model.steering import Policy, Steering
from clusterctl.scheduling.gauges import GAUGES, MEDIUM, left_over
from clusterctl.scheduling.slo import WEIGHTS, base, case_of, slo_parts
from clusterctl.scheduling.usage import load_of, parts_of, used

DEFAULT = Steering()


class Score(Protocol):
    """How good a worker is for a job of a group, while it has so much free."""

    def __call__(
        self, group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT, /
    ) -> float:
        """Higher is better."""


class Parts(Protocol):
    """What that score is made of."""

    def __call__(
        self, group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT, /
    ) -> dict[str, float]:
        """By name."""


def pack(group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT) -> float:
    """The snuggest fit: the least left over, scarcest kind first (GPUs, then CPUs, then memory)."""
    return read("pack", worker, free, rules) + shift("pack", group, rules)


def spread(group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT) -> float:
    """The emptiest worker: the most left over, in the same order of kinds."""
    return read("spread", worker, free, rules) + shift("spread", group, rules)


def first_fit(group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT) -> float:
    """One worker is as good as another, so that the tie, by name, decides."""
    return read("first_fit", worker, free, rules)


def service_count(group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT) -> float:
    """The fewest replicas."""
    return read("service_count", worker, free, rules)


def resource_usage(group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT) -> float:
    """The least used: percent of its CPUs and GiB of memory, as measured and with what it was given since."""
    return read("resource_usage", worker, free, rules)


def slo(group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT) -> float:
    """The worker that serves best: what ``slo_score`` would say, before it is rounded and bounded.

    Unbounded, or all workers of a cluster that is doing well would be equal to a job of high priority.
    """
    return read("slo", worker, free, rules) + shift("slo", group, rules)


POLICIES: Mapping[Policy, Score] = {
    "pack": pack,
    "spread": spread,
    "service_count": service_count,
    "resource_usage": resource_usage,
    "slo": slo,
    "first_fit": first_fit,
}


def read(policy: Policy, worker: WorkerPicture, free: Resources, rules: Steering) -> float:
    """How good *worker* is for a job that takes nothing."""
    return GAUGES[policy](worker, rules).read(free)


def shift(policy: Policy, group: QueueGroup, rules: Steering) -> float:
    """What a job of *group* adds to every score."""
    if policy == "pack":
        return left_over(group.request)
    if policy == "spread":
        return -left_over(group.request)
    if policy == "slo":
        weights = WEIGHTS[rules.slo_weights]
        return base(group.priority, weights) - base(MEDIUM, weights)
    return 0.0


def left_over_parts(
    group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT
) -> dict[str, float]:
    """The GPUs, CPUs and MiB that would stay free."""
    rest = free - group.request
    return {"gpus": rest.gpus, "cpus": rest.cpu_milli / 1000, "memory_mb": rest.memory_mb}


def count_parts(
    group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT
) -> dict[str, float]:
    """The replicas that are there."""
    return {"services": worker.services}


def usage_parts(
    group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT
) -> dict[str, float]:
    """What its CPUs and its memory take from the score."""
    cpu_part, memory_part = parts_of(rules.usage_cpu_weight, rules.usage_memory_weight)
    load = load_of(worker, worker.free - free)
    return {"cpu": -load.cpu_percent * cpu_part, "memory": -load.memory_mb / 1024 * memory_part}


def service_parts(
    group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT
) -> dict[str, float]:
    """What ``slo_score`` adds up."""
    case = case_of(group.priority, worker, *used(worker, worker.free - free))
    return slo_parts(case, WEIGHTS[rules.slo_weights])


def no_parts(group: QueueGroup, worker: WorkerPicture, free: Resources, rules: Steering = DEFAULT) -> dict[str, float]:
    """Nothing: only the name counts."""
    return {}


# What a score is made of, by name: see ``Candidate``.
PARTS: Mapping[Policy, Parts] = {
    "pack": left_over_parts,
    "spread": left_over_parts,
    "service_count": count_parts,
    "resource_usage": usage_parts,
    "slo": service_parts,
    "first_fit": no_parts,
}
