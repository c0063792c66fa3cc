"""How fast a round is decided: 1,000 workers, and 100,000 waiting jobs of 300 shapes and 10 tenants.

CPU seconds of ``plan`` alone, the best of a few runs: neighbours on the machine slow a run down, nothing speeds it
up. A decision is a start or a wait. All numbers are drawn from one seed, so that two versions do the same work.
"""

from __future__ import annotations

import json
from itertools import accumulate
from random import Random
from time import process_time
from typing import get_args

from msgspec.structs import replace

from clusterctl.model.plan import Plan
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Policy, QueueGroup, QueueOrder, Snapshot, WorkerPicture
from clusterctl.scheduling import plan

WORKERS, SHAPES, TENANTS = 1_000, 300, 10
ZONES = "abcd"
GIB = 1024  # MiB


def measure(quick: bool) -> dict[str, object]:
    """Decisions a second, by policy, order and size of round; milliseconds of a round in which nothing fits."""
    jobs, runs = (10_000, 2) if quick else (100_000, 5)
    one_round = snapshot(jobs)
    whole = replace(one_round, max_starts=jobs)
    full = replace(one_round, workers=tuple(filled(worker) for worker in one_round.workers))
    assert not plan(full).starts
    return {
        "workers": WORKERS,
        "pending": jobs,
        "shapes": SHAPES,
        "tenants": TENANTS,
        "starts": len(plan(whole).starts),
        "decisions_per_s": {
            policy: decisions_per_s(replace(whole, batch_placement=policy), runs) for policy in get_args(Policy)
        },
        "decisions_per_s_by_order": {
            order: decisions_per_s(replace(whole, queue_order=order), runs) for order in get_args(QueueOrder)
        },
        "round": {
            "starts": len(plan(one_round).starts),
            "ms": milliseconds(one_round, runs),
            "decisions_per_s": decisions_per_s(one_round, runs),
        },
        "nothing_fits_ms": milliseconds(full, runs),
    }


def decisions_per_s(picture: Snapshot, runs: int) -> int:
    """Starts and waits per second of CPU."""
    seconds, outcome = best_of(picture, runs)
    return round((len(outcome.starts) + len(outcome.waits)) / seconds)


def milliseconds(picture: Snapshot, runs: int) -> float:
    """CPU time of one round."""
    return round(best_of(picture, runs)[0] * 1000, 2)


def best_of(picture: Snapshot, runs: int) -> tuple[float, Plan]:
    """The least CPU seconds that a run took, and what it decided."""
    least = float("inf")
    for _ in range(runs):
        begun = process_time()
        outcome = plan(picture)
        least = min(least, process_time() - begun)
    return least, outcome


def snapshot(jobs: int) -> Snapshot:
    """An idle cluster of machines that are much alike but not equal, and a long mixed queue."""
    chance = Random(1)
    workers = tuple(worker(chance, number) for number in range(WORKERS))
    sizes = [jobs // SHAPES + (number < jobs % SHAPES) for number in range(SHAPES)]
    firsts = accumulate(sizes, initial=0)
    queue = tuple(
        group(chance, number, first, size) for number, first, size in zip(range(SHAPES), firsts, sizes, strict=False)
    )
    return Snapshot(at=0.0, workers=workers, queue=queue)


def worker(chance: Random, number: int) -> WorkerPicture:
    """A machine of 16 to 128 CPUs; every eighth has GPUs; no two have quite the same memory, as in life."""
    cpus = chance.choice([16, 32, 64, 64, 128])
    memory_mb = cpus * 4 * GIB - chance.randrange(512)
    return WorkerPicture(
        id=number,
        name=f"worker-{number:04}",
        capacity=Resources(cpus * 1000, memory_mb, 0 if number % 8 else chance.choice([2, 4, 8])),
        labels={"zone": chance.choice(ZONES), "disk": chance.choice(["ssd", "hdd"])},
    )


def filled(worker: WorkerPicture) -> WorkerPicture:
    """The same machine with a little of everything left, and too little of something."""
    left = Resources(200, worker.capacity.memory_mb // 2, worker.capacity.gpus)
    return replace(worker, allocated=worker.capacity - left)


def group(chance: Random, number: int, first: int, size: int) -> QueueGroup:
    """Many jobs of one shape: most small, some of memory, some of GPUs, a third bound to a zone or a disk."""
    cpus = chance.choice([250, 500, 1000, 1000, 2000, 4000])
    memory_mb = chance.choice([256, 512, 1 * GIB, 2 * GIB, 4 * GIB, 16 * GIB]) + 16 * chance.randrange(4)
    zone = {"zone": chance.choice(ZONES)} if chance.random() < 0.25 else {}
    disk = {"disk": "ssd"} if chance.random() < 0.1 else {}
    submitted = sorted(chance.uniform(0, 86_400) for _ in range(size))
    return QueueGroup(
        shape=f"{number:03}",
        request=Resources(cpus, memory_mb, int(chance.random() < 0.05)),
        tenant=f"tenant-{chance.randrange(TENANTS)}",
        priority=chance.choice([25, 50, 50, 50, 75]),
        labels={**zone, **disk},
        ids=tuple(range(first, first + size)),
        submitted=tuple(submitted),
    )


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
