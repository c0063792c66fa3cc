"""What the leader does about fairness as time passes: use of late, quotas, deadlines, and what operators have set."""

from __future__ import annotations

import logging

import pytest

from clusterctl.model.tenants import Grant
from clusterctl.store import grants, steering
from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker


def recent_cpus(cluster: Cluster, tenant: str) -> float:
    """Of late, as the leader has written it down."""
    return float(cluster.db.value("SELECT recent_cpu_milli FROM tenants WHERE name = %s", tenant)) / 1000


def grant(cluster: Cluster, tenant: str, granted: Grant) -> None:
    """As an operator does."""
    grants.lock(cluster.db, tenant)
    grants.put(cluster.db, tenant, granted)


def test_what_tenants_use_is_remembered_and_forgotten(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(fair_half_life=60.0)
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.job(seconds=120, cpus=4, tenant="sim")
    cluster.pass_time(80)
    assert 2.0 < recent_cpus(cluster, "sim") < 2.7
    cluster.pass_time(40 + 60)
    assert 1.0 < recent_cpus(cluster, "sim") < 2.0
    cluster.pass_time(1200)
    assert cluster.db.rows("SELECT name FROM tenants") == []


def test_without_a_memory_nothing_is_written(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(fair_half_life=0.0)
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    cluster.job(seconds=120, cpus=4, tenant="sim")
    cluster.pass_time(60)
    assert cluster.db.rows("SELECT name FROM tenants") == []


def test_who_has_used_much_of_late_comes_after_who_has_not(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(fair_half_life=3600.0)
    cluster.schedd()
    cluster.worker("w1", cpus=1)
    cluster.job(seconds=600, tenant="old")
    cluster.pass_time(300)
    first = cluster.job(seconds=10, tenant="old")
    second = cluster.job(seconds=10, tenant="new")
    cluster.pass_time(312)
    assert cluster.states([first, second]) == ["pending", "running"]


def test_a_quota_holds_from_the_next_round_on(cluster: Cluster) -> None:
    grant(cluster, "sim", Grant(max_cpu_milli=2000))
    cluster.schedd()
    cluster.worker("w1", cpus=8)
    jobs = cluster.jobs(4, seconds=100, tenant="sim")
    other = cluster.job(seconds=100, tenant="bob")
    cluster.pass_time(10)
    assert sorted(cluster.states(jobs)) == ["pending", "pending", "running", "running"]
    assert cluster.state(other) == "running"
    grant(cluster, "sim", Grant(max_running=3))
    cluster.pass_time(10)
    assert sorted(cluster.states(jobs)) == ["pending", "running", "running", "running"]
    grant(cluster, "sim", Grant())
    cluster.pass_time(10)
    assert cluster.states(jobs) == ["running"] * 4


def test_a_job_that_cannot_keep_its_deadline_any_more_is_cancelled_and_one_that_runs_goes_on(cluster: Cluster) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=1)
    runs = cluster.job(seconds=100, deadline_s=30.0)
    cluster.pass_time(6)
    waits = cluster.job(seconds=10, deadline_s=60.0, time_limit_s=20)
    cluster.pass_time(38)
    assert cluster.states([runs, waits]) == ["running", "pending"]
    cluster.pass_time(4)
    assert cluster.states([runs, waits]) == ["running", "cancelled"]
    assert cluster.job_row(waits, "reason") == ("deadline",)
    cluster.pass_time(80)
    assert cluster.state(runs) == "completed"


def test_what_operators_set_holds_from_the_next_round_on_and_for_the_next_leader(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    steering.put(cluster.db, "batch_placement", "none", "ada")
    job = cluster.job(seconds=10)
    cluster.pass_time(20)
    assert cluster.state(job) == "pending"
    assert "batch_placement is none, set by ada" in caplog.messages
    cluster.kill_schedd()
    cluster.schedd("s2")
    cluster.pass_time(30)
    assert cluster.state(job) == "pending"
    steering.drop(cluster.db, "batch_placement")
    cluster.pass_time(15)
    assert cluster.state(job) != "pending"
    assert "batch_placement is our own setting again" in caplog.messages


def test_what_nobody_can_read_stops_no_leader_and_is_told_once(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    steering.put(cluster.db, "batch_placement", "by the moon", "ada")
    steering.put(cluster.db, "no such setting", "x", "eve")
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    job = cluster.job(seconds=1)
    cluster.pass_time(60)
    assert cluster.state(job) == "completed"
    told = [message for message in caplog.messages if "cannot be understood" in message]
    assert told == [
        "batch_placement, set by ada, cannot be understood and is ignored: 'by the moon'",
        "no such setting, set by eve, cannot be understood and is ignored: 'x'",
    ]


def test_a_measure_is_as_old_as_it_is_however_often_it_is_told(make_cluster: ClusterMaker) -> None:
    cluster = make_cluster(sample_every=20.0)
    cluster.schedd()
    cluster.worker("w1")
    ages = []
    for _ in range(12):
        cluster.pass_time(5)
        ages.append(cluster.db.value("SELECT extract(epoch FROM cluster_time() - measured_at)::float8 FROM workers"))
    assert 14 <= max(ages) <= 26
    assert min(ages) <= 6
