"""How fast a round is decided: 1,000 workers, and 100,000 waiting jobs of 300 shapes and 10 tenants.

Then with everything on: 5,000 replicas of as many shapes wait too, 8,000 jobs that run have time limits, tenants have
quotas and a past, and the workers are measured; ``unchanged`` is the round in which nothing can start.

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
from clusterctl.model.snapshot import Ending, Measured, QueueGroup, Quota, Snapshot, WorkerPicture
from clusterctl.model.steering import Policy, QueueOrder, Steering
from clusterctl.scheduling import plan

WORKERS, SHAPES, TENANTS = 1_000, 300, 10
REPLICAS, ENDINGS = 5_000, 8_000
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
            policy: decisions_per_s(replace(whole, steering=Steering(batch_placement=policy)), runs)
            for policy in get_args(Policy)
        },
        "decisions_per_s_by_order": {
            order: decisions_per_s(replace(whole, steering=Steering(queue_order=order)), runs)
            for order in get_args(QueueOrder)
        },
        "round": {
            "starts": len(plan(one_round).starts),
            "ms": milliseconds(one_round, runs),
            "decisions_per_s": decisions_per_s(one_round, runs),
        },
        "nothing_fits_ms": milliseconds(full, runs),
        "everything": everything(full, one_round, runs),
    }


def everything(full: Snapshot, idle: Snapshot, runs: int) -> dict[str, object]:
    """Milliseconds of rounds with services, endings, quotas, shares of late and measures, by the policy of services."""
    policies = get_args(Policy)
    unchanged = {policy: with_everything(full, policy) for policy in policies}
    assert not any(plan(picture).starts for picture in unchanged.values())
    return {
        "replicas": REPLICAS,
        "endings": ENDINGS,
        "unchanged_ms": {policy: milliseconds(picture, runs) for policy, picture in unchanged.items()},
        "starting_ms": {policy: milliseconds(with_everything(idle, policy), runs) for policy in policies},
    }


def with_everything(picture: Snapshot, policy: Policy) -> Snapshot:
    """The same, and all that else may play a part."""
    chance = Random(2)
    tenants = [f"tenant-{number}" for number in range(TENANTS)]
    ids = [worker.id for worker in picture.workers]
    return replace(
        picture,
        workers=tuple(measured(chance, worker) for worker in picture.workers),
        queue=(*(limited(chance, group) for group in picture.queue), *(replica(chance, at) for at in range(REPLICAS))),
        recent={tenant: Resources(chance.randrange(10**6)) for tenant in tenants},
        quotas={tenant: Quota(cpu_milli=10**9, running=10**6) for tenant in tenants[::2]},
        endings=tuple(
            Ending(worker_id=chance.choice(ids), request=Resources(100, 64), at=chance.uniform(1, 7200))
            for _ in range(ENDINGS)
        ),
        steering=Steering(service_placement=policy),
    )


def measured(chance: Random, worker: WorkerPicture) -> WorkerPicture:
    """The same machine, on which some of what is held is used."""
    held = worker.capacity - worker.free
    used = Measured(
        cpu_milli=held.cpu_milli * chance.random(), memory_mb=held.memory_mb * chance.random(), at=-chance.uniform(0, 5)
    )
    return replace(worker, measured=used, services=chance.randrange(10))


def limited(chance: Random, group: QueueGroup) -> QueueGroup:
    """Half of the groups have a time limit."""
    return replace(group, time_limit_s=chance.choice([None, 600, 3600, 7200]))


def replica(chance: Random, number: int) -> QueueGroup:
    """A service of one replica, like no other."""
    zone = {"zone": chance.choice(ZONES)} if chance.random() < 0.25 else {}
    return QueueGroup(
        shape=f"service-{number}",
        request=Resources(chance.randrange(250, 2000), chance.randrange(128, 4096)),
        tenant=f"tenant-{chance.randrange(TENANTS)}",
        kind="service",
        labels=zone,
        ids=(10**7 + number,),
        submitted=(chance.uniform(0, 86_400),),
    )


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
