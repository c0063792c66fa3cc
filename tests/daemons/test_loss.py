"""A worker that is not heard for longer than the fence loses what it held: never before, and never beside it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clusterctl.model.errors import Moved
from clusterctl.store import releases
from tests.cluster import Cluster, Worker
from tests.daemons.conftest import ClusterMaker

LEASE, GRACE, MARGIN = 30, 5, 10
FENCE = LEASE + GRACE + MARGIN
SILENCE = 15
NOTICED = 4  # seconds after which the leader has seen that a time is over, and acted


@pytest.fixture
def cluster(make_cluster: ClusterMaker) -> Cluster:
    """One whose fence is short, and a schedd."""
    cluster = make_cluster(lease=float(LEASE), term_grace=float(GRACE), lease_margin=float(MARGIN))
    cluster.schedd("s1")
    return cluster


def started(cluster: Cluster, workers: int = 2, **wishes: Any) -> tuple[int, Worker]:
    """A long job that runs on one of so many workers, and that one."""
    for number in range(len(cluster.workers), workers):
        cluster.worker(f"w{number + 1}")
    job = cluster.job(**{"seconds": 1000, "lease_s": LEASE, **wishes})
    cluster.pass_time(6)
    assert cluster.state(job) == "running"
    return job, where(cluster, job)


def where(cluster: Cluster, job: int) -> Worker:
    """The worker on which *job* was started last."""
    begun = {entry.began: worker for worker in cluster.workers.values() for entry in worker.machine.ledger
             if entry.job_id == job}  # fmt: skip
    return begun[max(begun)]


def copies(cluster: Cluster, job: int) -> list[tuple[float, float]]:
    """When each process of *job* began and ended, oldest first."""
    for worker in cluster.workers.values():
        worker.machine.settle()
    ledgers = [entry for worker in cluster.workers.values() for entry in worker.machine.ledger]
    return sorted((entry.began, entry.ended) for entry in ledgers if entry.job_id == job)


@pytest.mark.parametrize("manner", ["", "stubborn"])
def test_a_worker_that_is_cut_off_loses_its_job_after_the_fence_and_it_runs_elsewhere(
    cluster: Cluster, manner: str, caplog: pytest.LogCaptureFixture
) -> None:
    job, worker = started(cluster, manner=manner)
    worker.cut_off()
    cluster.pass_time(FENCE - 3)  # its last beat was up to two seconds ago
    assert (cluster.state(job), cluster.attempts(job)) == ("running", [None])
    cluster.pass_time(3 + NOTICED + 6)
    assert cluster.attempts(job) == ["worker_lost", None]
    assert where(cluster, job) is not worker
    (_, ended), (began, _) = copies(cluster, job)
    assert ended + MARGIN - 2 <= began
    assert "lost 1 attempts with their workers, their jobs are now: 1 pending" in caplog.messages


def test_a_deaf_job_is_gone_before_it_runs_elsewhere_though_its_agent_was_told_of_a_longer_grace(
    cluster: Cluster,
) -> None:
    """The grace that counts is the one that the leader counts with, and not a setting of the worker."""
    cluster.settings = replace(cluster.settings, term_grace=120.0)  # of those that begin from now on
    job, worker = started(cluster, manner="stubborn")
    worker.cut_off()
    cluster.pass_time(FENCE + NOTICED + 6)
    assert cluster.attempts(job) == ["worker_lost", None]
    (_, ended), (began, _) = copies(cluster, job)
    assert ended + MARGIN - 2 <= began


def test_the_late_report_of_a_lost_attempt_is_kept_and_changes_nothing(cluster: Cluster) -> None:
    job, worker = started(cluster)
    worker.cut_off()
    cluster.pass_time(FENCE + NOTICED + 6)
    worker.cut_off(False)
    cluster.pass_time(15)
    assert cluster.attempts(job) == ["worker_lost", None]
    assert cluster.db.rows("SELECT verb, reason, detail ->> 'recorded' FROM audit") == [
        ("late_report", "lease_expired", "worker_lost")
    ]


def test_a_lost_worker_that_comes_back_is_up_and_gets_work_again(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    _, worker = started(cluster, workers=1)
    worker.cut_off()
    cluster.pass_time(FENCE + NOTICED)
    assert cluster.live_state("w1") == "lost"
    assert f"worker lost: w1, not heard for {FENCE}s" in caplog.messages
    worker.cut_off(False)
    cluster.pass_time(20)
    assert cluster.live_state("w1") == "up"
    job = cluster.job(seconds=1)
    cluster.pass_time(15)
    assert cluster.state(job) == "completed"


def test_what_still_runs_on_a_worker_that_was_lost_is_stopped_when_it_comes_back(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """A virtual machine that was frozen for longer than the margin: the limit of the promise, and how it ends."""
    job, worker = started(cluster, workers=1, manner="stubborn")
    assert worker.life
    worker.life.stopped = True
    worker.machine.freeze()
    cluster.pass_time(FENCE + NOTICED)
    assert cluster.attempts(job) == ["worker_lost"]
    worker.machine.thaw()
    worker.life.stopped = False
    cluster.pass_time(12)
    assert "allocation 1 is no longer ours, stopping it" in caplog.messages
    assert cluster.attempts(job) == ["worker_lost", None]
    (_, ended), (began, _) = copies(cluster, job)
    assert ended <= began


def test_a_job_that_shall_fail_with_its_worker_fails(cluster: Cluster) -> None:
    job, worker = started(cluster, on_worker_loss="fail", retries=3)
    worker.cut_off()
    cluster.pass_time(FENCE + NOTICED)
    assert cluster.job_row(job, "state, reason, attempt") == ("failed", "worker_lost", 1)


def test_a_job_that_waits_for_its_worker_is_never_lost_and_goes_on(cluster: Cluster) -> None:
    job, worker = started(cluster, on_worker_loss="wait", seconds=200)
    worker.cut_off()
    cluster.pass_time(3 * FENCE)
    assert (cluster.live_state(worker.name), cluster.state(job)) == ("silent", "running")
    worker.cut_off(False)
    cluster.pass_time(100)
    assert cluster.state(job) == "completed"
    assert len(copies(cluster, job)) == 1


def test_a_loss_spends_nothing_of_the_users_retries(cluster: Cluster) -> None:
    job, worker = started(cluster, seconds=20, code=1, retries=1, lease_s=10)
    worker.cut_off()
    cluster.pass_time(10 + GRACE + MARGIN + NOTICED + 2 * (20 + 10))
    assert cluster.attempts(job) == ["worker_lost", "exited", "exited"]
    assert cluster.job_row(job, "state, failures, losses") == ("failed", 2, 1)


def test_the_sixth_loss_is_one_too_many(cluster: Cluster) -> None:
    job, worker = started(cluster, workers=1)
    for losses in range(1, 6):
        worker.reboot()
        cluster.pass_time(SILENCE + 2**losses + 8)
        assert cluster.job_row(job, "state, losses, failures") == ("running", losses, 0)
    worker.reboot()
    cluster.pass_time(SILENCE + 6)
    assert cluster.job_row(job, "state, reason, losses") == ("lost", "worker_rebooted", 6)


@pytest.mark.parametrize("forgets", [False, True])
def test_a_machine_that_was_started_anew_says_so_and_its_jobs_run_again_long_before_they_were_lost(
    cluster: Cluster, *, forgets: bool
) -> None:
    job, worker = started(cluster, workers=1)
    worker.reboot(forgets=forgets)
    cluster.pass_time(SILENCE + 8)
    assert cluster.attempts(job) == ["worker_rebooted", None]
    assert len(copies(cluster, job)) == 2


def test_a_takeover_begins_to_count_from_zero(cluster: Cluster) -> None:
    job, worker = started(cluster)
    worker.cut_off()
    cluster.pass_time(FENCE - 5)
    cluster.kill_schedd("s1", seen=True)
    cluster.schedd("s2")
    cluster.pass_time(FENCE - 3)
    assert cluster.attempts(job) == [None]
    cluster.pass_time(3 + NOTICED)
    assert cluster.attempts(job)[0] == "worker_lost"


def test_whoever_leads_again_has_forgotten_the_silence_of_its_earlier_reign(cluster: Cluster) -> None:
    job, worker = started(cluster)
    cluster.schedd("s2")
    worker.cut_off()
    cluster.pass_time(FENCE - 5)
    cluster.schedds["s1"].stopped = True
    cluster.pass_time(15)
    cluster.schedds["s1"].stopped = False
    cluster.pass_time(2)
    cluster.kill_schedd("s2", seen=True)
    cluster.pass_time(FENCE - 3)
    assert cluster.db.value("SELECT (holder, term) FROM leader") == ("s1", "3")
    assert cluster.attempts(job) == [None]
    cluster.pass_time(3 + NOTICED)
    assert cluster.attempts(job)[0] == "worker_lost"


def test_a_scheduler_that_was_paused_takes_no_loss_for_granted(cluster: Cluster) -> None:
    job, worker = started(cluster, lease_s=2 * LEASE)
    worker.cut_off()
    cluster.pass_time(3)
    cluster.schedds["s1"].stopped = True
    cluster.pass_time(2 * FENCE)
    cluster.schedds["s1"].stopped = False
    cluster.pass_time(FENCE)
    assert cluster.attempts(job) == [None]


def test_an_outage_that_is_shorter_than_the_lease_loses_nobody(cluster: Cluster) -> None:
    job, _ = started(cluster, lease_s=3 * FENCE, seconds=300)
    with cluster.without_postgres():
        cluster.pass_time(2 * FENCE)
    cluster.pass_time(300 - 2 * FENCE)
    assert cluster.attempts(job) == ["exited"]


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_jumps_loses_nobody(cluster: Cluster, jump: float) -> None:
    job, worker = started(cluster)
    cluster.set_database_clock(jump)
    cluster.pass_time(20)
    assert (cluster.live_state(worker.name), cluster.attempts(job)) == ("up", [None])


def test_a_worker_that_signed_off_loses_what_it_left_running_after_the_fence(cluster: Cluster) -> None:
    job, worker = started(cluster)
    worker.leave()
    cluster.pass_time(FENCE - 3)
    assert cluster.attempts(job) == [None]
    cluster.pass_time(3 + NOTICED)
    assert cluster.attempts(job)[0] == "worker_lost"


def test_an_operator_who_knows_that_a_machine_is_dead_need_not_wait(cluster: Cluster) -> None:
    job, worker = started(cluster)
    worker.lose_power()
    cluster.pass_time(SILENCE + NOTICED)
    releases.confirm_dead(cluster.db, worker.name, *standing(cluster, worker), "burnt down")
    assert cluster.live_state(worker.name) == "lost"
    cluster.pass_time(12)
    assert cluster.attempts(job) == ["worker_lost", None]
    assert where(cluster, job) is not worker
    worker.boot()
    cluster.pass_time(6)
    assert cluster.live_state(worker.name) == "up"
    assert cluster.attempts(job) == ["worker_lost", None]


def test_a_worker_that_is_heard_is_not_dead_whatever_an_operator_says(cluster: Cluster) -> None:
    job, worker = started(cluster)
    with pytest.raises(Moved):
        releases.confirm_dead(cluster.db, worker.name, *standing(cluster, worker), "so they say")
    worker.cut_off()
    cluster.pass_time(SILENCE + NOTICED)
    seen = standing(cluster, worker)
    worker.cut_off(False)
    cluster.pass_time(12)
    with pytest.raises(Moved):
        releases.confirm_dead(cluster.db, worker.name, *seen, "so they said")
    assert cluster.attempts(job) == [None]


def standing(cluster: Cluster, worker: Worker) -> tuple[int, int]:
    """The incarnation and the beat of *worker*, as an operator sees them."""
    row = cluster.db.row("SELECT incarnation, beat FROM workers WHERE name = %s", worker.name)
    assert row
    return row[0], row[1]
