"""Answers that are lost, agents that die, a Postgres that is away: what is heard once is run once, and told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterctl.model.orders import End
from clusterctl.model.states import Outcome
from clusterctl.store import releases
from tests.cluster import Cluster, Worker, registration
from tests.line import Line


@pytest.fixture
def line(cluster: Cluster, tmp_path: Path) -> Iterator[Line]:
    """The way to Postgres of ``w1``, the only worker."""
    with Line(cluster.url, tmp_path) as line:
        cluster.schedd()
        worker = cluster.workers["w1"] = Worker(cluster, registration("w1", cpus=4))
        worker.begin(line.url)
        cluster.pass_time(1)
        yield line
        worker.die()


def lose_an_end(cluster: Cluster, line: Line) -> None:
    """Let time pass until an answer has been lost that tells what became of a job."""
    line.lose_next_answer(b"failed")
    await_loss(cluster, line)


def lose_a_start(cluster: Cluster, line: Line) -> None:
    """Let time pass until an answer has been lost that brought orders: what is to be run stands in it."""
    line.lose_next_answer(b"simulate")
    await_loss(cluster, line)


def await_loss(cluster: Cluster, line: Line) -> None:
    """Let time pass until something has been lost."""
    while not line.lost:
        cluster.pass_time(0.1)
        assert cluster.clock.seconds() < 60


def test_a_lost_answer_to_a_start_is_recalled_and_the_job_runs_once(cluster: Cluster, line: Line) -> None:
    machine = cluster.workers["w1"].machine
    jobs = cluster.jobs(3, seconds=5)
    lose_a_start(cluster, line)
    assert cluster.states(jobs) == ["running"] * 3
    assert machine.ran == []
    cluster.pass_time(20)
    assert machine.ran == jobs
    assert cluster.states(jobs) == ["completed"] * 3
    assert [cluster.attempts(job) for job in jobs] == [["exited"]] * 3


def test_a_start_whose_answer_was_lost_to_an_agent_that_then_dies_is_made_again(cluster: Cluster, line: Line) -> None:
    worker = cluster.workers["w1"]
    job = cluster.job(seconds=5)
    lose_a_start(cluster, line)
    worker.die()
    worker.begin()
    cluster.pass_time(30)
    assert worker.machine.ran == [job]
    assert cluster.attempts(job) == ["never_started", "exited"]


def test_a_lost_answer_to_an_end_changes_nothing(cluster: Cluster, line: Line) -> None:
    machine = cluster.workers["w1"].machine
    job = cluster.job(seconds=4, code=3)
    while machine.next_end() - cluster.clock.seconds() > 0.5:
        cluster.pass_time(0.1)
    lose_an_end(cluster, line)
    assert cluster.state(job) == "failed"
    assert machine.journal
    cluster.pass_time(20)
    assert cluster.job_row(job, "exit_code, failures") == (3, 1)
    assert cluster.db.rows("SELECT verb FROM audit") == []
    assert machine.journal == {}


def test_a_beat_without_news_is_one_statement_and_no_transaction(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    cluster.pass_time(6)
    assert worker.life
    db = worker.life.db
    asked: list[str] = []

    def note(place: str) -> None:
        if place != "after":
            asked.append(db.asked if place == "before" else place)

    db.hazard = note
    before = cluster.db.value("SELECT beat FROM workers")
    cluster.pass_time(20)
    statements = [words for words in asked if "INSERT INTO samples" not in words]
    assert len(statements) == cluster.db.value("SELECT beat FROM workers") - before >= 4
    assert all("UPDATE workers" in words for words in statements)


def test_orders_for_which_nobody_rang_are_taken_right_after_a_beat(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    cluster.pass_time(6)
    jobs = cluster.jobs(3, seconds=1000)
    while not worker.machine.ran:
        cluster.pass_time(0.01)
        assert cluster.clock.seconds() < 30
    assert worker.machine.ran == jobs
    after = "SELECT extract(epoch FROM min(started_at) - (SELECT last_heartbeat_at FROM workers))::float8 FROM jobs"
    assert 0 <= cluster.db.value(after) < 0.1


def test_what_an_agent_won_and_died_before_starting_waits_again_and_spends_no_retry(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    job = cluster.job(seconds=5)
    worker.machine.kills_agent_at_start = True
    cluster.pass_time(6)
    assert worker.life is None
    assert cluster.state(job) == "running"
    worker.begin()
    cluster.pass_time(30)
    assert cluster.attempts(job) == ["never_started", "exited"]
    assert cluster.state(job) == "completed"
    assert cluster.job_row(job, "failures, losses") == (0, 1)
    assert worker.machine.ran == [job]


def test_an_agent_that_is_killed_and_started_again_finds_its_jobs_running(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=60.0)
    worker.die()
    cluster.pass_time(3)
    worker.begin()
    cluster.pass_time(3)
    assert cluster.state(job) == "running"
    cluster.pass_time(60)
    assert cluster.state(job) == "completed"
    assert cluster.attempts(job) == ["exited"]
    assert worker.machine.ran == [job]


def test_what_ended_while_there_was_no_agent_is_reported_by_the_next_with_its_true_time(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=20.0, code=7)
    worker.die()
    cluster.pass_time(120)
    assert cluster.state(job) == "running"
    worker.begin()
    cluster.pass_time(1)
    assert cluster.state(job) == "failed"
    assert cluster.job_row(job, "exit_code") == (7,)
    assert worker.machine.journal == {}


def test_the_end_of_an_attempt_is_told_once_more_by_an_agent_that_cannot_know_it_was_heard(cluster: Cluster) -> None:
    _, job = cluster.running_job(seconds=20.0)
    (allocation, token) = cluster.db.rows("SELECT id, start_token::text FROM allocations")[0]
    cluster.pass_time(30)
    assert cluster.state(job) == "completed"
    report = End(allocation_id=allocation, start_token=token, outcome=Outcome.EXITED, exit_code=0)
    assert releases.end(cluster.db, "w1", [report, report]) == []
    cluster.check()
    assert cluster.db.rows("SELECT verb FROM audit") == []


def test_a_report_that_contradicts_what_is_recorded_is_kept_and_changes_nothing(cluster: Cluster) -> None:
    _, job = cluster.running_job(seconds=20.0)
    (allocation, token) = cluster.db.rows("SELECT id, start_token::text FROM allocations")[0]
    lost = End(allocation_id=allocation, start_token=token, outcome=Outcome.WORKER_LOST)
    releases.end(cluster.db, "leader", [lost])
    cluster.pass_time(60)
    assert cluster.attempts(job) == ["worker_lost", "exited"]
    assert {verb for (verb,) in cluster.db.rows("SELECT verb FROM audit")} <= {"late_report"}


def test_ends_are_kept_through_an_outage_and_reported_with_their_true_times(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=20.0)
    with cluster.without_postgres():
        cluster.pass_time(300)
        assert len(worker.machine.journal) == 1
    cluster.pass_time(12)
    assert cluster.state(job) == "completed"
    (took,) = cluster.job_row(job, "extract(epoch FROM finished_at - started_at)::float8")
    assert took == pytest.approx(20, abs=0.5)
    assert worker.machine.journal == {}


def test_an_outage_shorter_than_the_lease_ends_no_job(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=2000.0)
    with cluster.without_postgres():
        cluster.pass_time(600)
    cluster.pass_time(15)
    assert cluster.state(job) == "running"
    assert worker.machine.ran == [job]


def test_an_outage_longer_than_the_lease_ends_it_and_it_runs_again(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=100.0, lease_s=60)
    with cluster.without_postgres():
        cluster.pass_time(90)
        assert worker.machine.attempts == {}
    cluster.pass_time(150)
    assert cluster.attempts(job) == ["lease_expired", "exited"]
    assert cluster.state(job) == "completed"


def test_an_outage_is_told_at_both_ends_and_hardly_between(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="agentd")
    cluster.worker("w1")
    with cluster.without_postgres():
        cluster.pass_time(600)
    cluster.pass_time(15)
    news = [text for text in caplog.messages if "registered" not in text]
    assert news[0].startswith("heartbeat failed: postgres unreachable: ")
    assert news[-1].startswith("back after ")
    assert len(news) == 6


def test_an_agent_that_starts_while_postgres_is_away_registers_when_it_is_back(cluster: Cluster) -> None:
    with cluster.without_postgres():
        cluster.worker("w1")
        cluster.pass_time(60)
    cluster.pass_time(12)
    assert cluster.live_state("w1") == "up"
