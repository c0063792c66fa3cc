"""Workers that should have no more work: those that fail everything, those without room, those that forget."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.cluster import Cluster
from tests.worker import Worker


def admin(cluster: Cluster, name: str = "w1") -> tuple[str, str]:
    """What it may do, and why."""
    found = cluster.db.row("SELECT admin_state, admin_reason FROM workers WHERE name = %s", name)
    assert found
    return found[0], found[1]


# Of one allocation, as of a worker whose counters were edited by hand, the end is always refused.
REFUSE: LiteralString = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = 'CC003'; END $$
"""
SPOIL: LiteralString = """
    CREATE TRIGGER spoilt BEFORE UPDATE ON allocations FOR EACH ROW
        WHEN (NEW.cpu_milli = 4000 AND NEW.status = 'released') EXECUTE FUNCTION refuse()
"""


def black_hole(cluster: Cluster) -> Worker:
    """The worker ``w1``, the largest, which can start nothing."""
    cluster.schedd()
    worker = cluster.worker("w1", cpus=16)
    worker.machine.broken = True
    return worker


def test_a_worker_that_fails_three_jobs_in_a_row_drains_itself_and_the_others_run_them(cluster: Cluster) -> None:
    worker = black_hole(cluster)
    cluster.worker("w2", cpus=2)
    jobs = [cluster.job(cpus=4, retries=3) for _ in range(3)]
    cluster.pass_time(5)
    sentence = "3 different jobs in a row could not start here; the last: there is no such program"
    assert admin(cluster) == ("draining", sentence)
    assert cluster.db.row("SELECT actor, verb, subject, reason FROM audit") == (
        "worker w1",
        "drain",
        "worker:w1",
        sentence,
    )
    cluster.worker("w3", cpus=16)
    cluster.pass_time(60)
    assert cluster.states(jobs) == ["completed"] * 3
    assert worker.machine.ran == []
    assert admin(cluster, "w2")[0] == admin(cluster, "w3")[0] == "open"


def test_a_worker_that_fails_everything_and_is_the_only_one_stays_open_and_says_so(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    black_hole(cluster)
    for _ in range(3):
        cluster.job()
    cluster.pass_time(5)
    assert admin(cluster)[0] == "open"
    assert any(text.startswith("not draining this worker, for there is no other: 3 ") for text in caplog.messages)
    cluster.pass_time(60)
    assert sum(text.startswith("not draining") for text in caplog.messages) == 1


def test_an_array_whose_program_is_missing_drains_nobody(cluster: Cluster) -> None:
    black_hole(cluster)
    cluster.worker("w2", cpus=2)
    cluster.jobs(8, cpus=4)
    cluster.pass_time(30)
    assert admin(cluster)[0] == "open"


def test_the_drain_is_asked_for_when_postgres_is_back(cluster: Cluster) -> None:
    worker = black_hole(cluster)
    cluster.worker("w2", cpus=2)
    for _ in range(2):
        cluster.job(cpus=4)
    cluster.pass_time(5)
    cluster.job(cpus=4)
    while not worker.machine.journal:
        cluster.pass_time(0.01)
        assert cluster.clock.seconds() < 60
    with cluster.without_postgres():
        cluster.pass_time(20)
    cluster.pass_time(30)
    assert admin(cluster)[0] == "draining"


def test_a_worker_in_trouble_gets_no_new_work_until_it_is_over(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    running = cluster.job(seconds=30)
    cluster.pass_time(6)
    worker.trouble = "disk almost full"
    cluster.pass_time(12)
    assert cluster.db.value("SELECT trouble FROM workers") == "disk almost full"
    waiting = cluster.job()
    cluster.pass_time(30)
    assert cluster.states([running, waiting]) == ["completed", "pending"]
    worker.trouble = ""
    cluster.pass_time(30)
    assert cluster.state(waiting) == "completed"
    assert cluster.db.value("SELECT trouble FROM workers") == ""


def test_a_worker_whose_disk_fills_between_two_looks_is_troubled_and_not_drained(cluster: Cluster) -> None:
    worker = black_hole(cluster)
    cluster.worker("w2", cpus=2)
    cluster.pass_time(6)
    worker.trouble = "disk almost full"  # before the agent's next look
    for _ in range(3):
        cluster.job(cpus=4, retries=3)
    cluster.pass_time(4)
    assert admin(cluster)[0] == "open"
    cluster.pass_time(10)
    assert admin(cluster)[0] == "open"
    assert cluster.db.value("SELECT trouble FROM workers WHERE name = 'w1'") == "disk almost full"


def test_what_ran_before_a_reboot_is_told_as_rebooted_although_the_journals_are_gone(cluster: Cluster) -> None:
    worker, job = cluster.running_job(seconds=50.0)
    worker.reboot(forgets=True)
    cluster.pass_time(20)
    assert cluster.attempts(job)[0] == "worker_rebooted"
    cluster.pass_time(90)
    assert cluster.state(job) == "completed"
    assert cluster.job_row(job, "failures, losses") == (0, 1)
    assert worker.machine.ran == [job, job]


def test_a_row_that_is_wrong_stops_neither_the_heart_nor_the_reports_of_others(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=8)
    spoilt, sound = cluster.job(seconds=20, cpus=4), cluster.job(seconds=22)
    cluster.pass_time(6)
    cluster.db.run(REFUSE)
    cluster.db.run(SPOIL)
    cluster.pass_time(60)
    assert (cluster.live_state("w1"), cluster.states([spoilt, sound])) == ("up", ["running", "completed"])
    assert sum(text.startswith("Postgres refuses what is to be said") for text in caplog.messages) >= 1
    another = cluster.job(seconds=1)
    cluster.pass_time(30)
    assert cluster.state(another) == "completed"
    cluster.db.run("DROP TRIGGER spoilt ON allocations")
    cluster.pass_time(30)
    assert cluster.state(spoilt) == "completed"
