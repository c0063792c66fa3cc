"""Which agent is a worker, for how long, and how it leaves."""

from __future__ import annotations

import pytest

from clusterctl.model.errors import NameTaken
from tests.cluster import GRACE, Cluster, Worker, registration


def test_an_agent_whose_registration_is_over_registers_again_and_keeps_its_jobs(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=60.0)
    cluster.db.run("UPDATE workers SET incarnation = incarnation + 1")
    cluster.pass_time(10)
    assert cluster.live_state("w1") == "up"
    assert cluster.db.value("SELECT incarnation FROM workers") >= 2
    cluster.pass_time(60)
    assert cluster.attempts(job) == ["exited"]
    assert worker.machine.ran == [job]
    another = cluster.job(seconds=1)
    cluster.pass_time(15)
    assert cluster.state(another) == "completed"


def test_a_name_that_another_agent_has_is_refused(cluster: Cluster) -> None:
    cluster.worker("w1")
    impostor = Worker(cluster, registration("w1", cpus=4, agent="somebody else"))
    impostor.begin()
    with pytest.raises(NameTaken):
        impostor.agent.cycle()
    impostor.die()


def test_a_name_is_free_again_once_its_worker_is_silent_and_holds_nothing(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=60.0)
    worker.die()
    cluster.pass_time(30)
    heir = Worker(cluster, registration("w1", cpus=4, agent="somebody else"))
    heir.begin()
    with pytest.raises(NameTaken):
        heir.agent.cycle()
    heir.die()
    worker.begin()
    cluster.pass_time(60)
    assert cluster.state(job) == "completed"
    worker.leave()
    heir.begin()
    heir.agent.cycle()
    assert cluster.live_state("w1") == "up"
    heir.die()


def test_capacity_never_shrinks_below_what_is_held(cluster: Cluster) -> None:
    worker, job = cluster.running_job(cpus=4)
    worker.die()
    worker.registration = registration("w1", cpus=2)
    worker.begin()
    cluster.pass_time(6)
    assert cluster.db.value("SELECT cpu_milli FROM workers") == 4000
    assert cluster.state(job) == "running"


def test_leaving_lets_jobs_run_and_takes_the_cpus_out_at_once(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=60.0)
    worker.leave()
    assert cluster.db.row("SELECT live_state, live_reason FROM workers") == ("silent", "stopped")
    waiting = cluster.job()
    cluster.pass_time(20)
    assert cluster.states([job, waiting]) == ["running", "pending"]
    worker.begin()
    cluster.pass_time(60)
    assert cluster.states([job, waiting]) == ["completed", "completed"]
    assert cluster.attempts(job) == ["exited"]


def test_an_agent_that_has_lost_its_registration_leaves_all_the_same_tells_its_ends_and_does_not_come_back(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    worker, job = cluster.running_job()
    cluster.db.run("UPDATE workers SET incarnation = incarnation + 1")
    while not any("registering again" in message for message in caplog.messages):
        cluster.pass_time(0.05)
        assert cluster.clock.seconds() < 30
    worker.leave(stop_jobs=True)
    assert cluster.db.row("SELECT live_state, live_reason FROM workers") == ("silent", "stopped")
    assert cluster.attempts(job) == ["worker_stopped"]


def test_leaving_with_stop_jobs_sends_them_back_into_the_queue_for_free(cluster: Cluster) -> None:
    worker, job = cluster.running_job()
    other = cluster.job(seconds=1000, manner="stubborn")
    cluster.pass_time(6)
    began = cluster.clock.seconds()
    worker.leave(stop_jobs=True)
    assert GRACE <= cluster.clock.seconds() - began < GRACE + 2
    assert [cluster.attempts(id) for id in (job, other)] == [["worker_stopped"]] * 2
    assert cluster.states([job, other]) == ["pending"] * 2
    assert cluster.job_row(job, "failures, losses") == (0, 0)
    cluster.check()
    heir = cluster.worker("w2")
    cluster.pass_time(8)
    assert sorted(heir.machine.ran) == [job, other]


def test_an_agent_that_leaves_during_an_outage_stops_its_jobs_and_the_next_one_reports_it(cluster: Cluster) -> None:
    worker, job = cluster.running_job()
    with cluster.without_postgres():
        worker.leave(stop_jobs=True)
        assert worker.machine.attempts == {}
    worker.begin()
    cluster.pass_time(2)
    assert cluster.attempts(job)[0] == "worker_stopped"
