"""The cost of a batch grows with the batch, and with nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from clusterctl.store import allocations, jobs
from tests.store.scene import Scene, end, new_token

BATCH, BATCHES = 500, 8
TOO_LONG = 0.2  # seconds a batch: it takes 0.03, and ten to thirty times as long where anything grows quadratically


def seconds(action: Callable[[int], int]) -> float:
    """How long *action* takes for one batch, typically; it answers how many it did."""
    taken = []
    for number in range(BATCHES):
        begun = time.perf_counter()
        assert action(number) == BATCH
        taken.append(time.perf_counter() - begun)
    return median(taken)


def test_plans_that_were_made_for_one_job_serve_for_five_hundred(scene: Scene) -> None:
    """On one connection that has planned everything when there was next to nothing, with statistics from then."""
    worker = scene.worker("big", cpus=100)
    for job in scene.jobs(10):
        scene.finish(worker, job)
    scene.db.run("ANALYZE")
    scene.db.run("UPDATE workers SET cpu_milli = 100000000, memory_mb = 100000000")
    ids, token = scene.jobs(BATCH * BATCHES), new_token()

    def reserve(number: int) -> int:
        return len(scene.reserve(worker, ids[number * BATCH : (number + 1) * BATCH]))

    def start(number: int) -> int:
        return len(allocations.start(scene.db, worker.worker_id, worker.incarnation, token, BATCH))

    def finish(number: int) -> int:
        held = range(11 + number * BATCH, 11 + (number + 1) * BATCH)
        return len(allocations.end(scene.db, "big", [end(allocation, token) for allocation in held]))

    assert seconds(reserve) < TOO_LONG
    assert seconds(start) < TOO_LONG
    assert seconds(finish) < TOO_LONG
    scene.check()


def test_a_whole_array_is_cancelled_at_once(scene: Scene) -> None:
    (first,) = scene.jobs()
    jobs.cancel(scene.db, [first])
    ids = scene.jobs(10_000)
    begun = time.perf_counter()
    assert len(jobs.cancel(scene.db, ids)) == len(ids)
    assert time.perf_counter() - begun < 5.0  # 0.3 s; comparing each with each would take a minute
