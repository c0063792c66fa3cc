"""What an agent ends, and when: cancelled jobs, strangers, limits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from clusterctl.model.orders import End
from clusterctl.model.states import Outcome
from clusterctl.store import releases
from tests.cluster import GRACE, Cluster
from tests.daemons.conftest import ClusterMaker


def test_a_running_job_that_is_cancelled_ends_within_a_second(cluster: Cluster) -> None:
    worker, job = cluster.running_job()
    cluster.pass_time(0.5)
    cluster.cancel(job)
    cluster.pass_time(1)
    assert cluster.state(job) == "cancelled"
    assert worker.machine.attempts == {}
    assert cluster.held_milli("w1") == 0


def test_a_stubborn_job_is_killed_after_the_grace_and_holds_its_cpus_until_then(cluster: Cluster) -> None:
    _, job = cluster.running_job(manner="stubborn")
    cluster.cancel(job)
    cluster.pass_time(GRACE - 1)
    assert (cluster.state(job), cluster.held_milli("w1")) == ("running", 1000)
    cluster.pass_time(2)
    assert (cluster.state(job), cluster.held_milli("w1")) == ("cancelled", 0)


def test_the_grace_of_a_stop_came_with_the_order_whatever_the_agent_is_set_to(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.settings = replace(cluster.settings, term_grace=10.0 * GRACE)  # of the agent, which begins only now
    cluster.worker("w1")
    job = cluster.job(seconds=1000, manner="stubborn")
    cluster.pass_time(6)
    cluster.cancel(job)
    cluster.pass_time(GRACE - 1)
    assert cluster.state(job) == "running"
    cluster.pass_time(2)
    assert cluster.state(job) == "cancelled"


def test_a_job_cancelled_before_its_start_never_runs(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    waits, reserved = cluster.job(cpus=100), cluster.job()
    cluster.pass_time(1)
    assert cluster.states([waits, reserved]) == ["pending", "scheduled"]
    cluster.cancel(waits, reserved)
    cluster.pass_time(20)
    assert cluster.states([waits, reserved]) == ["cancelled"] * 2
    assert worker.machine.ran == []


def test_what_runs_and_is_no_longer_ours_is_stopped_and_told_once(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    worker, job = cluster.running_job(manner="stubborn", on_worker_loss="fail")
    (allocation, token) = cluster.db.rows("SELECT id, start_token::text FROM allocations")[0]
    lost = End(allocation_id=allocation, start_token=token, outcome=Outcome.WORKER_LOST)
    releases.end(cluster.db, "leader", [lost])
    cluster.pass_time(GRACE + 12)
    assert worker.machine.attempts == {}
    assert caplog.messages.count(f"allocation {allocation} is no longer ours, stopping it") == 1
    assert cluster.state(job) == "failed"
    assert cluster.db.value("SELECT verb FROM audit") == "late_report"


def test_a_time_limit_ends_a_job_as_timeout(cluster: Cluster) -> None:
    _, job = cluster.running_job(time_limit_s=30)
    cluster.pass_time(32)
    assert cluster.state(job) == "timeout"


def test_more_starts_than_one_exchange_takes_are_all_taken(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster()
    cluster.schedd()
    worker = cluster.worker("w1", cpus=500)
    jobs = cluster.jobs(450, seconds=100)
    cluster.pass_time(6)
    assert worker.machine.ran == jobs


def test_memory_limits_are_watched_while_postgres_is_away(cluster: Cluster) -> None:
    worker, job = cluster.running_job(memory_mb=100)
    with cluster.without_postgres():
        cluster.pass_time(20)
        assert len(worker.machine.attempts) == 1
        with large_child() as parent:
            worker.machine.supervisor_pid = parent
            cluster.pass_time(1.5)
            assert not worker.machine.attempts
    cluster.pass_time(12)
    assert cluster.attempts(job) == ["out_of_memory"]
    assert cluster.state(job) == "failed"


def test_a_memory_limit_is_looked_at_within_a_second_of_the_start(cluster: Cluster) -> None:
    cluster.schedd()
    worker = cluster.worker("w1")
    with large_child() as parent:
        worker.machine.supervisor_pid = parent
        cluster.job(seconds=1000, memory_mb=100)
        while not worker.machine.ran:
            cluster.pass_time(0.1)
            assert cluster.clock.seconds() < 10
        cluster.pass_time(1.1)
    assert not worker.machine.attempts


@contextmanager
def large_child() -> Iterator[int]:
    """A process of 200 MiB; the pid of its parent, which a sampler may take for a supervisor."""
    script = "x = bytearray(200 << 20); print(); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        yield os.getpid()
        child.kill()
