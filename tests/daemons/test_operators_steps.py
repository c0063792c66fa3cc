"""What becomes of jobs in a living cluster that an operator holds, releases, or lets run again."""

from __future__ import annotations

from uuid import uuid4

from clusterctl.model.states import Outcome
from clusterctl.store import job_steps, jobs, resubmissions
from tests.cluster import GRACE, Cluster


def test_a_running_job_that_is_requeued_is_ended_and_runs_again_as_its_next_attempt(cluster: Cluster) -> None:
    worker, job = cluster.running_job(retries=1)
    job_steps.restart(cluster.db, [job], "again")
    cluster.pass_time(20)
    assert cluster.attempts(job) == [Outcome.REQUEUED, None]
    assert cluster.job_row(job, "state, attempt, failures, losses") == ("running", 2, 0, 0)
    assert worker.machine.ran == [job, job]
    first, second = worker.machine.ledger
    assert first.ended <= second.began


def test_a_stubborn_job_that_is_requeued_is_killed_before_it_runs_again(cluster: Cluster) -> None:
    worker, job = cluster.running_job(manner="stubborn")
    job_steps.restart(cluster.db, [job], "again")
    cluster.pass_time(GRACE - 1)
    assert len(worker.machine.ledger) == 1
    cluster.pass_time(20)
    first, second = worker.machine.ledger
    assert first.ended <= second.began


def test_a_job_that_is_requeued_and_held_waits_until_it_is_released(cluster: Cluster) -> None:
    worker, job = cluster.running_job()
    assert job_steps.hold(cluster.db, [job], "held") == []
    job_steps.restart(cluster.db, [job], "again")
    cluster.kill_schedd()
    cluster.pass_time(20)
    assert cluster.state(job) == "pending"
    assert job_steps.hold(cluster.db, [job], "held") == [job]
    cluster.schedd()
    cluster.pass_time(60)
    assert (cluster.state(job), len(worker.machine.ledger)) == ("held", 1)
    job_steps.release(cluster.db, [job])
    cluster.pass_time(20)
    assert (cluster.state(job), len(worker.machine.ledger)) == ("running", 2)


def test_what_is_held_between_its_placement_and_its_start_never_starts(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    job = cluster.job()
    cluster.pass_time(1)
    assert cluster.state(job) == "scheduled"
    assert job_steps.hold(cluster.db, [job], "held") == [job]
    assert cluster.held_milli("w1") == 0
    cluster.pass_time(60)
    assert (cluster.state(job), worker.machine.ran) == ("held", [])


def test_what_has_ended_runs_again_as_another_job(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    job = cluster.job(seconds=1, code=3)
    cluster.pass_time(20)
    assert cluster.state(job) == "failed"
    (new,) = resubmissions.resubmit(cluster.db, [job], "eve", uuid4().hex).values()
    cluster.pass_time(20)
    assert worker.machine.ran == [job, new]
    assert cluster.states([job, new]) == ["failed", "failed"]


def test_cancelling_what_is_being_requeued_ends_it_for_good(cluster: Cluster) -> None:
    worker, job = cluster.running_job(manner="stubborn")
    job_steps.restart(cluster.db, [job], "again")
    cluster.pass_time(2)
    jobs.cancel(cluster.db, [job])
    cluster.pass_time(GRACE + 20)
    assert (cluster.state(job), worker.machine.ran) == ("cancelled", [job])
    assert cluster.attempts(job) == [Outcome.CANCELLED]
    assert cluster.job_row(job, "reason") == ("cancelled",)
