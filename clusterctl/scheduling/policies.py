"""Which of the workers that can have a job should: ``score``, higher is better, ties by worker name.

Law: a policy orders workers alike for every job. What a job takes, it takes wherever it goes, so it shifts all
scores by the same amount and never swaps two workers. Placement rests on this: it keeps the workers in order
once for all jobs instead of once per kind of job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Policy, QueueGroup, WorkerPicture

Score = Callable[[QueueGroup, WorkerPicture, Resources], float]

# A score is left-over GPUs, with CPUs and memory as the digits behind the point. A double holds 6 + 22 + 25 bits
# exactly: up to 63 GPUs, 4,194 CPUs and 32 TiB it orders just as the tuple (gpus, cpu_milli, memory_mb) would.
CPU_DIGIT = 2.0**-22
MEMORY_DIGIT = 2.0**-47


def pack(group: QueueGroup, worker: WorkerPicture, free: Resources) -> float:
    """The snuggest fit: the least left over, scarcest kind first (GPUs, then CPUs, then memory)."""
    return -left_over(group, free)


def spread(group: QueueGroup, worker: WorkerPicture, free: Resources) -> float:
    """The emptiest worker: the most left over, in the same order of kinds."""
    return left_over(group, free)


def first_fit(group: QueueGroup, worker: WorkerPicture, free: Resources) -> float:
    """One worker is as good as another, so that the tie, by name, decides."""
    return 0.0


POLICIES: Mapping[Policy, Score] = {"pack": pack, "spread": spread, "first_fit": first_fit}


def left_over(group: QueueGroup, free: Resources) -> float:
    """What stays free once *group*'s request is taken, as one number: GPUs before the point, the rest behind it."""
    request = group.request
    return (
        (free.gpus - request.gpus)
        + (free.cpu_milli - request.cpu_milli) * CPU_DIGIT
        + (free.memory_mb - request.memory_mb) * MEMORY_DIGIT
    )
