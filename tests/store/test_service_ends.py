"""How replicas end and begin again, how they are held, and when their service has ended."""

from __future__ import annotations

from functools import partial

import pytest

from clusterctl.model.states import Outcome
from clusterctl.store import history, job_steps, jobs, releases, services
from tests.store.conftest import Connect
from tests.store.scene import Scene
from tests.store.service import ended, picture, running, serve
from tests.store.threads import at_once


def test_a_service_ends_with_its_last_replica_and_not_before(scene: Scene) -> None:
    serve(scene, 2)
    jobs.cancel(scene.db, [1])
    assert not ended(scene)
    jobs.cancel(scene.db, [2])
    assert ended(scene)
    assert picture(scene).state == "ended"
    scene.check()


def test_a_running_one_ends_it_once_its_agent_has_stopped_it(scene: Scene) -> None:
    (order,), token, _ = running(scene, 1)
    jobs.cancel(scene.db, [1])
    assert not ended(scene)
    assert (picture(scene).replicas.stopping, picture(scene).replicas.wanted) == (1, 0)
    scene.end(order, token, Outcome.CANCELLED)
    assert ended(scene)
    scene.check()


def test_of_two_that_cancel_the_last_two_at_once_one_ends_it(scene: Scene, connect: Connect) -> None:
    for _ in range(10):
        one, two = serve(scene, 2)
        at_once(*(partial(jobs.cancel, connect(), [job]) for job in (one, two)))
        assert ended(scene, one)
    scene.check()


@pytest.mark.parametrize("outcome, code", [(Outcome.EXITED, 0), (Outcome.EXITED, 1), (Outcome.CRASH_LOOP, None)])
def test_no_end_of_a_process_ends_a_replica(scene: Scene, outcome: Outcome, code: int | None) -> None:
    (order,), token, worker = running(scene, 1)
    scene.end(order, token, outcome, code)
    assert scene.db.row("SELECT state, finished_at, failures FROM jobs") == ("pending", None, 1)
    avoided = worker.worker_id if outcome is Outcome.CRASH_LOOP else None
    assert scene.db.value("SELECT avoid_worker_id FROM jobs") == avoided
    assert scene.db.value("SELECT not_before > cluster_time() FROM jobs")
    scene.check()


def test_a_replica_that_has_run_for_ten_minutes_begins_with_a_clean_sheet(scene: Scene) -> None:
    (order,), token, _ = running(scene, 1)
    scene.db.run("UPDATE jobs SET failures = 7, losses = 4, started_at = started_at - interval '601 s'")
    scene.end(order, token, Outcome.EXITED, 1)
    assert scene.db.row("SELECT failures, losses, not_before - cluster_time() < interval '2 s' FROM jobs") == (
        1,
        0,
        True,
    )


def test_a_replica_that_has_not_rests_longer_each_time(scene: Scene) -> None:
    (order,), token, _ = running(scene, 1)
    scene.db.run("UPDATE jobs SET failures = 3, losses = 2, started_at = started_at - interval '590 s'")
    scene.end(order, token, Outcome.EXITED, 1)
    assert scene.db.row("SELECT failures, losses, not_before - cluster_time() > interval '31 s' FROM jobs") == (
        4,
        2,
        True,
    )


def test_a_replica_of_a_lost_worker_is_displaced_until_it_is_claimed(scene: Scene) -> None:
    running(scene, 1)
    releases.lose(scene.db, scene.term, scene.silence(2000))
    assert scene.db.row("SELECT state, displaced, losses FROM jobs") == ("pending", True, 1)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    scene.reserve(scene.worker("w2"), [1])
    assert scene.db.row("SELECT state, displaced FROM jobs") == ("scheduled", False)
    scene.check()


def test_an_ended_service_is_forgotten_with_its_replicas(scene: Scene) -> None:
    jobs.cancel(scene.db, serve(scene, 2))
    assert services.prune(scene.db, -1.0) == 0, "its replicas are still kept"
    history.prune_jobs(scene.db, -1.0)
    assert services.prune(scene.db, -1.0) == 1
    serve(scene, 1)
    assert services.prune(scene.db, -1.0) == 0
    scene.check()


def test_a_running_replica_is_stopped_and_held(scene: Scene) -> None:
    (order,), token, worker = running(scene, 1)
    assert job_steps.halt(scene.db, [1], "held by ada") == [1]
    assert job_steps.halt(scene.db, [1], "again") == []
    assert scene.db.row("SELECT state, reason FROM jobs") == ("running", "held")
    scene.end(order, token, Outcome.HELD)
    assert scene.db.row("SELECT state, reason, detail, finished_at FROM jobs") == ("held", "held", "held by ada", None)
    assert picture(scene).state == "held"
    job_steps.release(scene.db, [1])
    assert len(scene.run(worker, [1])[0]) == 1
    scene.check()


def test_what_is_to_be_held_can_be_cancelled(scene: Scene) -> None:
    (order,), token, _ = running(scene, 1)
    job_steps.halt(scene.db, [1], "held by ada")
    jobs.cancel(scene.db, [1], "cancelled by bob")
    assert scene.db.value("SELECT stop_outcome FROM allocations") == "cancelled"
    scene.end(order, token, Outcome.HELD)  # its agent has not heard of the second word
    assert scene.db.row("SELECT state, reason, detail FROM jobs") == ("cancelled", "cancelled", "cancelled by bob")
    assert ended(scene)
    scene.check()


def test_a_batch_job_that_runs_is_never_held(scene: Scene) -> None:
    scene.run(scene.worker(), scene.jobs())
    assert job_steps.halt(scene.db, [1], "held") == []
