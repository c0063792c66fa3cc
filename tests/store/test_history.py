"""Forgetting: what is old goes, what still matters stays, and nothing half."""

from __future__ import annotations

from clusterctl.model.claim_log import refusal
from clusterctl.model.orders import Usage
from clusterctl.model.plan import Wait
from clusterctl.model.registration import Measures
from clusterctl.model.selection import Selection
from clusterctl.model.states import Outcome
from clusterctl.store import claims, history, jobs, stories
from tests.store.scene import Scene, new_token

MEASURES = Measures(used_milli=1, memory_mb=2, load1=0.5)


def days_pass(scene: Scene, days: int = 100) -> None:
    """Let the cluster's clock go on."""
    scene.db.run("SELECT set_config('clusterctl.now', (now() + %s * interval '1 d')::text, false)", days)


def test_ended_jobs_are_forgotten_with_their_submission_and_live_ones_are_not(scene: Scene) -> None:
    worker = scene.worker()
    (ended,), (running,), (waiting,) = scene.jobs(), scene.jobs(), scene.jobs()
    scene.finish(worker, ended)
    scene.run(worker, [running])
    assert history.prune_jobs(scene.db, 3600) == 0
    days_pass(scene)
    assert history.prune_jobs(scene.db, 3600) == 1
    assert [job.id for job in jobs.read(scene.db, Selection(everything=True), 10)] == [running, waiting]
    assert scene.db.value("SELECT count(*) FROM submissions") == 2
    assert scene.db.value("SELECT count(*) FROM allocations") == 1
    scene.check()


def test_a_submission_is_forgotten_with_the_last_of_its_jobs(scene: Scene) -> None:
    worker, ids = scene.worker(), scene.jobs(3)
    for job in ids:
        scene.finish(worker, job)
    days_pass(scene)
    assert [history.prune_jobs(scene.db, 0, most=2) for _ in range(3)] == [2, 1, 0]
    assert scene.db.value("SELECT count(*) FROM submissions") == 0


def test_a_child_outlives_its_parents_row(scene: Scene) -> None:
    from clusterctl.model.spec import After

    (parent,) = scene.jobs()
    (child,) = scene.jobs(after=(After(parent, "any"),), hold=True)
    scene.finish(scene.worker(), parent)
    days_pass(scene)
    assert history.prune_jobs(scene.db, 0) == 1
    assert scene.state(child) == "held"
    scene.check()


def test_old_attempts_are_forgotten_but_never_the_last(scene: Scene) -> None:
    worker, (job,) = scene.worker(), scene.jobs()
    for _ in range(3):
        scene.finish(worker, job, Outcome.WORKER_STOPPED)
    scene.finish(worker, job)
    days_pass(scene)
    assert history.prune_allocations(scene.db, 0) == 3
    assert [attempt.attempt for attempt in stories.attempts(scene.db, [job])[job]] == [4]
    scene.check()


def test_retried_jobs_are_gone_over_in_parts_and_the_last_attempts_stay(scene: Scene) -> None:
    worker, ids = scene.worker(), scene.jobs(3)
    for job in ids:
        for _ in range(2):
            scene.finish(worker, job, Outcome.WORKER_STOPPED)
        scene.finish(worker, job)
    days_pass(scene)
    assert history.prune_attempts(scene.db, 1e9, 0, 10) == (0, 0)
    assert history.prune_attempts(scene.db, 0, 0, 2) == (4, ids[1])
    assert history.prune_attempts(scene.db, 0, ids[1], 2) == (2, 0)
    assert [each.attempt for job in ids for each in stories.attempts(scene.db, [job])[job]] == [3, 3, 3]
    scene.check()


def test_a_no_that_stands_is_not_forgotten(scene: Scene) -> None:
    claims.log_said(scene.db, 1, [refusal(Wait(shape=new_token(), job_id=1, reason="fits_now"), "full")])
    claims.log_conflicts(scene.db, 1, [(1, 1)])
    days_pass(scene)
    assert history.prune_claims(scene.db, 0) == 1
    assert scene.db.value("SELECT count(*) FROM claims WHERE open") == 1


def test_samples_are_kept_for_a_while(scene: Scene) -> None:
    history.sample(scene.db, 1, MEASURES, {7: Usage(cpus=0.25), 8: Usage(cpus=0.5)})
    history.sample(scene.db, 1, MEASURES, {})
    assert history.prune_samples(scene.db, 3600) == 0
    days_pass(scene)
    assert history.prune_samples(scene.db, 3600) == 4
