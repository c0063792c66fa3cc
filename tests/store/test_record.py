"""The history: what the leader writes down of how the cluster fares, once each time, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.orders import End
from clusterctl.model.states import Outcome
from clusterctl.store import claims, history, job_steps, jobs, leader, leftovers, releases
from clusterctl.store.leftovers import Keep
from tests.store.scene import Scene

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY = 15.0


class Historic(Scene):
    """A scene whose clock is set by hand."""

    seconds = 0.0

    def at(self, seconds: float) -> None:
        """It is so many seconds after noon."""
        self.seconds = seconds
        moment = (NOON + timedelta(seconds=seconds)).isoformat()
        self.db.run("SELECT set_config('clusterctl.now', %s, false)", moment)

    def record(self, term: int | None = None) -> bool:
        """As the leader does."""
        return history.record(self.db, self.term if term is None else term, EVERY)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """What was written, oldest first."""
        found = self.db.rows("SELECT to_jsonb(history) FROM history ORDER BY at")
        return [tuple(row[0][name] for name in columns) for row in found]


@pytest.fixture
def scene(db: Any) -> Historic:
    """A cluster with a leader, at noon."""
    scene = Historic(db)
    scene.at(0)
    return scene


def test_a_row_says_how_the_cluster_fares_now(scene: Historic) -> None:
    worker, other, lost = (scene.worker(name) for name in ("w1", "w2", "w3"))
    scene.at(5)
    scene.jobs(3)
    job_steps.hold(scene.db, scene.jobs(2), "held by ada")
    scene.reserve(worker, scene.jobs(1, cpus=2))
    scene.run(other, scene.jobs(1, cpus=3))
    scene.db.run("UPDATE workers SET used_milli = 2500, used_memory_mb = 100 WHERE name = 'w2'")
    scene.db.run("UPDATE workers SET live_state = 'lost' WHERE id = %s", lost.worker_id)
    scene.at(15)
    assert scene.record()
    assert scene.rows(
        "at", "span_s", "pending", "scheduled", "running", "held", "oldest_wait_s", "cpu_total", "cpu_reserved",
        "cpu_allocated", "cpu_used", "memory_total", "memory_held", "memory_used", "workers_up", "workers_silent",
        "workers_lost",
    ) == [
        ("2026-03-01T12:00:15+00:00", 15, 3, 1, 1, 2, 10, 16_000, 2000, 3000, 2500, 128_000, 128, 100, 2, 0, 1)
    ]  # fmt: skip


def test_an_empty_cluster_has_history_too(scene: Historic) -> None:
    assert scene.record()
    assert scene.rows("pending", "oldest_wait_s", "cpu_total", "cpu_used", "claims", "wait_p50_s") == [
        (0, None, 0, None, 0, None)
    ]


def test_what_happened_is_counted_once_and_a_little_later(scene: Historic) -> None:
    worker = scene.worker(cpus=64)
    scene.record()
    scene.at(2)
    done, failed, late, gone, waiting, queued = (scene.jobs()[0] for _ in range(6))
    scene.at(4)
    for job, outcome, code in (
        (done, Outcome.EXITED, 0),
        (failed, Outcome.EXITED, 1),
        (late, Outcome.TIME_LIMIT, None),
    ):
        scene.finish(worker, job, outcome, code)
    scene.reserve(worker, [gone])
    claims.log_conflicts(scene.db, 1, [(waiting, worker.worker_id)])
    scene.at(6)
    jobs.cancel(scene.db, [gone, waiting])
    scene.at(15)
    scene.finish(worker, queued)  # too fresh to be sure that all of its kind are seen
    assert scene.record()
    counted = ("claims", "conflicts", "completed", "failed", "cancelled", "wait_p50_s")
    assert scene.rows(*counted)[1:] == [(4, 1, 1, 2, 2, 2)]
    scene.at(30)
    assert scene.record()
    assert scene.rows(*counted)[2:] == [(1, 0, 1, 0, 0, 13)]
    scene.at(45)
    assert scene.record()
    assert scene.rows(*counted)[3:] == [(0, 0, 0, 0, 0, None)]


def test_an_end_that_is_told_late_is_counted_when_it_is_told(scene: Historic) -> None:
    worker = scene.worker()
    (order,), token = scene.run(worker, scene.jobs())
    for second in (15, 30, 45):
        scene.at(second)
        scene.record()
    told = End(allocation_id=order.allocation_id, start_token=token, outcome=Outcome.EXITED, exit_code=0, ago_s=40)
    releases.end(scene.db, "w1", [told])
    scene.at(60)
    scene.record()
    assert [row[0] for row in scene.rows("completed")] == [0, 0, 0, 1]


def test_a_job_that_waits_again_has_not_ended(scene: Historic) -> None:
    worker = scene.worker()
    scene.at(1)
    scene.finish(worker, scene.jobs(retries=3)[0], code=1)
    (stopped,) = scene.jobs()
    scene.finish(worker, stopped, Outcome.WORKER_STOPPED, None)
    scene.at(10)
    jobs.cancel(scene.db, [stopped])  # while it waits again
    scene.at(20)
    scene.record()
    assert scene.rows("completed", "failed", "cancelled", "claims") == [(0, 0, 1, 2)]


def test_waits_are_those_of_first_attempts(scene: Historic) -> None:
    worker = scene.worker(cpus=64)
    ids = [scene.jobs()[0] for _ in range(20)]
    started = []
    for number, job in enumerate(ids):
        scene.at(number / 4)
        started.append(scene.run(worker, [job]))
    (order,), token = started[0]
    scene.end(order, token, Outcome.WORKER_STOPPED, None)
    scene.at(8)
    scene.reserve(worker, [order.job_id])
    scene.at(14)
    scene.record()
    assert scene.rows("claims", "wait_p50_s", "wait_p95_s") == [(21, 2.25, 4.5)]


def test_it_is_written_once_each_time_whoever_leads(scene: Historic) -> None:
    assert scene.record()
    scene.at(7)
    term = leader.take(scene.db, leader.observe(scene.db), "another")
    assert not scene.record(term)
    scene.at(8)
    assert scene.record(term)
    assert scene.rows("span_s") == [(15,), (8,)]


def test_a_deposed_leader_writes_nothing(scene: Historic) -> None:
    leader.take(scene.db, leader.observe(scene.db), "another")
    with pytest.raises(Moved):
        scene.record()
    assert scene.rows("at") == []


def test_after_a_gap_a_row_tells_only_of_what_was_lately(scene: Historic) -> None:
    scene.record()
    worker = scene.worker()
    scene.finish(worker, scene.jobs()[0])
    scene.at(7200)
    scene.finish(worker, scene.jobs()[0])
    scene.at(7210)
    assert scene.record()
    assert scene.rows("span_s", "completed")[1:] == [(history.LONGEST_SPAN_S, 1)]


def test_a_clock_that_goes_back_stops_nobody(scene: Historic) -> None:
    scene.at(3600)
    assert scene.record()
    scene.at(0)
    assert scene.record()
    scene.at(15)
    assert scene.record()
    scene.at(3600)
    assert not scene.record()  # there is a row of that very moment
    assert scene.rows("span_s") == [(15,), (15,), (15,)]


def test_old_history_is_forgotten_a_bite_at_a_time(scene: Historic) -> None:
    for second in range(0, 150, 15):
        scene.at(second)
        scene.record()
    scene.at(3600 + 60)
    keep = Keep(jobs=1e9, allocations=1e9, claims=1e9, samples=1e9, history=3600, audit=1e9)
    (old,) = leftovers.leftovers(scene.db, keep, 100)
    assert (old.kind, old.rows, old.oldest) == ("history", 4, NOON)
    assert [history.prune_history(scene.db, 3600, most=3) for _ in range(3)] == [3, 1, 0]
    assert len(scene.rows("at")) == 6
    assert leftovers.leftovers(scene.db, keep, 100) == []
