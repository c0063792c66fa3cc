"""How fast a round is decided: 1,000 workers, and 100,000 waiting jobs of 300 shapes and 10 tenants.

Then with everything on: 5,000 replicas of as many shapes wait too, 8,000 jobs that run have time limits, tenants have
quotas and a past, and the workers are measured; ``unchanged`` is the round in which nothing can start. ``idle`` is the
round of a full cluster without waiting replicas: 600 shapes of 50 tenants that fit nowhere, and 8,000 time limits.

``large``: 10,000 workers and 1,000,000 waiting jobs, in a process of its own whose memory is told too.

CPU seconds of ``plan`` alone, the median of a few runs. All that can start may start in one round; ``round`` is one as
schedd holds it, of 5,000 starts at most. A decision is a start, or a shape that waits. All numbers are drawn from one
seed, so that two versions do the same work.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import accumulate
from random import Random
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import process_time
from typing import Any, get_args

from msgspec.structs import replace

from clusterctl.model.plan import Plan
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending, Measured, QueueGroup, Quota, Snapshot, WorkerPicture
from clusterctl.model.steering import Policy, QueueOrder, Steering
from clusterctl.scheduling import plan

WORKERS, SHAPES, TENANTS = 1_000, 300, 10
REPLICAS, ENDINGS = 5_000, 8_000
IDLE_SHAPES, IDLE_TENANTS = 600, 50
LARGE_RUNS = 3
ZONES = "abcd"
GIB = 1024  # MiB


def measure(quick: bool) -> dict[str, object]:
    """Decisions a second, by policy, order and size of round; milliseconds of a round in which nothing fits."""
    jobs, runs = (10_000, 2) if quick else (100_000, 5)
    one_round = snapshot(jobs)
    whole = replace(one_round, max_starts=jobs)
    by_policy = {
        policy: runs_of(replace(whole, steering=Steering(batch_placement=policy)), runs) for policy in get_args(Policy)
    }
    by_order = {
        order: runs_of(replace(whole, steering=Steering(queue_order=order)), runs) for order in get_args(QueueOrder)
    }
    full = replace(one_round, workers=tuple(filled(worker) for worker in one_round.workers))
    assert not plan(full).starts
    idle_runs = runs_ms(idle(), 4 * runs)
    return {
        "workers": WORKERS,
        "pending": jobs,
        "shapes": SHAPES,
        "tenants": TENANTS,
        "starts": len(plan(whole).starts),
        "decisions_per_s": {policy: median(found) for policy, found in by_policy.items()},
        "runs_decisions_per_s": by_policy,
        "decisions_per_s_by_order": {order: median(found) for order, found in by_order.items()},
        "runs_decisions_per_s_by_order": by_order,
        "round": {
            "starts": len(plan(one_round).starts),
            "ms": milliseconds(one_round, runs),
            "decisions_per_s": median(runs_of(one_round, runs)),
        },
        "nothing_fits_ms": milliseconds(full, runs),
        "idle_ms": round(median(idle_runs), 2),
        "runs_idle_ms": idle_runs,
        "everything": everything(full, one_round, runs),
        "large": in_a_process_of_its_own(2_000 if quick else 10_000, 2 * jobs if quick else 10 * jobs),
    }


def in_a_process_of_its_own(workers: int, jobs: int) -> dict[str, Any]:
    """``large``, with nothing else in memory."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.placement", str(workers), str(jobs)], capture_output=True, check=True, text=True
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def large(workers: int, jobs: int) -> dict[str, Any]:
    """Decisions a second in one round of so many jobs, and the most memory that this process had, in MiB."""
    whole = replace(snapshot(jobs, workers), max_starts=jobs)
    found = {
        policy: runs_of(replace(whole, steering=Steering(batch_placement=policy)), LARGE_RUNS)
        for policy in get_args(Policy)
    }
    return {
        "workers": workers,
        "pending": jobs,
        "decisions_per_s": {policy: median(each) for policy, each in found.items()},
        "runs_decisions_per_s": found,
        "rss_mb": getrusage(RUSAGE_SELF).ru_maxrss // 1024,
    }


def idle() -> Snapshot:
    """A round in which nothing changes: the workers are full, and nobody's time is over."""
    names = [f"tenant-{number}" for number in range(IDLE_TENANTS)]
    workers = tuple(
        WorkerPicture(id=at, name=f"worker-{at:04}", capacity=Resources(16_000, 64_000), allocated=Resources(16_000))
        for at in range(WORKERS)
    )
    queue = tuple(
        QueueGroup(
            shape=f"{number:03}",
            request=Resources(1000 * (1 + number % 8)),
            tenant=names[number % IDLE_TENANTS],
            priority=40 + number % 5,
            time_limit_s=600 * (1 + number % 3),
            ids=(number,),
            submitted=(-86_400.0 + number,),
            more=True,
        )
        for number in range(IDLE_SHAPES)
    )
    endings = (
        Ending(worker_id=at % WORKERS, request=Resources(1875), at=60.0 + 3600 * at / ENDINGS) for at in range(ENDINGS)
    )
    return Snapshot(
        at=0.0,
        workers=workers,
        queue=queue,
        used={name: Resources(1000 * number) for number, name in enumerate(names)},
        quotas={name: Quota(cpu_milli=10**6) for name in names[::2]},
        endings=tuple(endings),
    )


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


def runs_of(picture: Snapshot, runs: int) -> list[int]:
    """Starts and waits per second of CPU, run by run."""
    found = []
    for _ in range(runs):
        seconds, outcome = timed(picture)
        found.append(round((len(outcome.starts) + len(outcome.waits)) / seconds))
    return found


def milliseconds(picture: Snapshot, runs: int) -> float:
    """CPU time of one round."""
    return round(median(runs_ms(picture, runs)), 2)


def runs_ms(picture: Snapshot, runs: int) -> list[float]:
    """The same, run by run."""
    return [round(timed(picture)[0] * 1000, 2) for _ in range(runs)]


def timed(picture: Snapshot) -> tuple[float, Plan]:
    """The CPU seconds that it took to decide, and what was decided."""
    begun = process_time()
    outcome = plan(picture)
    return process_time() - begun, outcome


def snapshot(jobs: int, machines: int = WORKERS) -> Snapshot:
    """An idle cluster of machines that are much alike but not equal, and a long mixed queue."""
    chance = Random(1)
    workers = tuple(worker(chance, number) for number in range(machines))
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
    sizes = [int(size) for size in sys.argv[1:]]
    print(json.dumps(large(*sizes) if sizes else measure(quick=False), indent=2))
