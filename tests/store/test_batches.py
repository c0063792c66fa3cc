"""The cost of a batch grows with the batch, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clusterctl.store import allocations, jobs, releases
from clusterctl.store.connection import Database
from tests.store import crowd
from tests.store.costs import cpu_seconds
from tests.store.scene import Scene, end, new_token

BATCH, BATCHES = 500, 20
MANY = 10_000  # jobs
TOO_LONG = 0.1  # seconds a batch: it takes 0.03, and two to ten times as much where it grows with the tables


def seconds(db: Database, action: Callable[[int], int]) -> float:
    """What one batch costs, on average; *action* answers how many it did."""
    done: list[int] = []
    spent = cpu_seconds(db, lambda: done.extend(map(action, range(BATCHES))))
    assert done == [BATCH] * BATCHES
    return spent / BATCHES


@pytest.mark.parametrize("statistics", ["none", "of a few ended jobs", "of many ended jobs"])
def test_a_batch_of_five_hundred_costs_little_whatever_postgres_believes(scene: Scene, statistics: str) -> None:
    """With statistics from when all had ended, or none; and plans from when there was next to nothing, or none."""
    if statistics == "of many ended jobs":
        scene.db.script(crowd.past(2 * MANY))
    worker = scene.worker("big", cpus=100)
    if statistics != "none":
        for job in scene.jobs(10):
            scene.finish(worker, job)
        scene.db.run("ANALYZE")
    scene.db.run("UPDATE workers SET cpu_milli = 100000000, memory_mb = 100000000")
    ids, token = scene.jobs(MANY), new_token()
    held = scene.db.value("SELECT max(id) FROM allocations") or 0

    def reserve(number: int) -> int:
        return len(scene.reserve(worker, ids[number * BATCH : (number + 1) * BATCH]))

    def start(number: int) -> int:
        return len(allocations.start(scene.db, worker.worker_id, worker.incarnation, token, BATCH))

    def finish(number: int) -> int:
        mine = range(held + number * BATCH + 1, held + (number + 1) * BATCH + 1)
        return len(releases.end(scene.db, "big", [end(allocation, token) for allocation in mine]))

    assert seconds(scene.db, reserve) < TOO_LONG
    assert seconds(scene.db, start) < TOO_LONG
    assert seconds(scene.db, finish) < TOO_LONG
    scene.check()


def test_a_whole_array_is_cancelled_at_once(scene: Scene) -> None:
    (first,) = scene.jobs()
    jobs.cancel(scene.db, [first])
    ids = scene.jobs(10_000)
    assert cpu_seconds(scene.db, lambda: jobs.cancel(scene.db, ids)) < 3.0  # 0.3; each with each would take a minute
    assert set(scene.states(ids)) == {"cancelled"}
