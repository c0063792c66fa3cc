"""When so many workers are silent at once that the scheduler rather doubts its own ears."""

from __future__ import annotations

import pytest

from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker

FENCE = 20 + 2 + 8
ALARM = "more than half of the workers are silent at once"
NOTICED = 4


@pytest.fixture
def cluster(make_cluster: ClusterMaker) -> Cluster:
    """Four workers, each with a job of its own that shall fail when it is lost."""
    cluster = make_cluster(lease=20.0, term_grace=2.0, lease_margin=8.0)
    cluster.schedd()
    for number in range(1, 5):
        employ(cluster, number)
    return cluster


def employ(cluster: Cluster, number: int) -> None:
    """One more worker, whose job has its number."""
    cluster.worker(f"w{number}")
    job = cluster.job(seconds=1000, lease_s=20, worker=f"w{number}", on_worker_loss="fail")
    cluster.pass_time(6)
    assert (job, cluster.state(job)) == (number, "running")


def cut_off(cluster: Cluster, *numbers: int, cut: bool = True) -> None:
    for number in numbers:
        cluster.workers[f"w{number}"].cut_off(cut)


def alarms(caplog: pytest.LogCaptureFixture) -> int:
    return sum(ALARM in record.message for record in caplog.records if record.levelname == "ERROR")


def test_three_of_four_that_fall_silent_are_not_declared_lost_and_an_alarm_is_raised_once(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cut_off(cluster, 1, 2, 3)
    cluster.pass_time(3 * FENCE)
    assert cluster.states([1, 2, 3, 4]) == ["running"] * 4
    assert alarms(caplog) == 1


def test_when_enough_of_them_are_heard_again_the_rest_are_lost(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    cut_off(cluster, 1, 2, 3)
    cluster.pass_time(2 * FENCE)
    cut_off(cluster, 3, cut=False)
    cluster.pass_time(12 + NOTICED)
    assert cluster.states([1, 2]) == ["failed"] * 2
    assert cluster.job_row(3, "reason") == ("lease_expired",)
    assert cluster.state(4) == "running"
    assert "loss is declared again: enough workers are heard" in caplog.messages


def test_two_of_four_are_lost_as_ever(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cut_off(cluster, 1, 2)
    cluster.pass_time(FENCE + NOTICED)
    assert cluster.states([1, 2, 3, 4]) == ["failed", "failed", "running", "running"]
    assert alarms(caplog) == 0


def test_workers_that_signed_off_tell_nothing_of_the_network(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    employ(cluster, 5)
    employ(cluster, 6)
    for name in ("w5", "w6"):
        cluster.workers[name].leave()
    cut_off(cluster, 1, 2)
    cluster.pass_time(FENCE + NOTICED)
    assert cluster.states([1, 2, 3, 4]) == ["failed", "failed", "running", "running"]
    assert alarms(caplog) == 0
