"""What has delayed a job, as ``explain --history`` tells it: in virtual time, on what real daemons wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise

import pytest

from clusterctl import cluster as desk
from clusterctl import operations, views
from clusterctl.model.explanation import Explanation
from clusterctl.model.spec import After
from tests.cluster import Cluster

Tell = Callable[[int], Explanation]


@pytest.fixture
def operator(cluster: Cluster) -> Iterator[desk.Cluster]:
    """Somebody at a terminal, who lives in the same time."""
    with closing(desk.Cluster(cluster.settings, caller="ada")) as found:
        found.db = cluster.new_database()
        yield found


@pytest.fixture
def told(operator: desk.Cluster) -> Tell:
    """Why a job is where it is, and what has delayed it: the delays follow upon each other without a gap."""

    def explain(job: int) -> Explanation:
        found = views.explain(operator, job, history=True)
        for later, earlier in pairwise(found.history):
            assert earlier.until <= later.since
        assert sum(each.seconds for each in found.history) == pytest.approx(sum(each.seconds for each in found.delays))
        return found

    return explain


def delays(found: Explanation) -> list[tuple[str, int]]:
    """Reasons and whole seconds, oldest first; what took no time is left out."""
    return [(each.reason, round(each.seconds)) for each in reversed(found.history) if each.seconds >= 0.5]


def test_every_second_before_a_start_has_its_reason(cluster: Cluster, operator: desk.Cluster, told: Tell) -> None:
    cluster.schedd()
    cluster.worker("w1", cpus=4)
    first = cluster.job(seconds=100, cpus=4)
    cluster.pass_time(10)
    job = cluster.job(seconds=5, code=1, cpus=4, retries=1, after=(After(first, "any"),))
    other = cluster.job(seconds=50, cpus=4)
    cluster.pass_time(20)
    operations.hold(operator, [job], reason="let the other go first")
    cluster.pass_time(100)
    operations.release(operator, [job])
    cluster.pass_time(200)
    assert (cluster.state(job), cluster.state(other)) == ("failed", "completed")
    assert delays(told(job)) == [
        ("dependency", 20),
        ("held", 100),
        ("not_looked_at", 1),  # until the next round
        ("fits_now", 24),
        ("scheduled", 1),
        ("exited", 5),
        ("not_before", 1),
        ("not_looked_at", 1),
        ("scheduled", 1),  # until the agent asks: nobody rings here
    ]
    sentences = {each.reason: each.sentence for each in told(job).history}
    assert sentences["dependency"] == f"it came after job {first}"
    assert sentences["held"] == "held by ada: let the other go first"
    assert sentences["fits_now"].startswith("needs 4 CPUs; every worker that could hold it is full for now")
    assert sentences["exited"] == "attempt 1 ran on w1, and had to be repeated: exit code 1"
    assert sentences["not_before"] == "rested for 1 s after attempt 1: exit code 1"
    longest = told(job).delays[0]
    assert (longest.reason, round(longest.seconds)) == ("held", 100)


def test_a_wait_that_goes_on_is_told_up_to_now(cluster: Cluster, told: Tell) -> None:
    cluster.schedd()
    job = cluster.job()
    cluster.pass_time(40)
    assert delays(told(job)) == [("not_looked_at", 1), ("no_workers", 39)]
    cluster.worker("w1", cpus=2, labels={})
    cluster.db.run("UPDATE workers SET admin_state = 'draining', admin_reason = 'a test'")
    cluster.pass_time(20)
    assert [reason for reason, _ in delays(told(job))][-1] == "admin_open"
    assert sum(seconds for _, seconds in delays(told(job))) == 60


def test_while_nobody_decides_nothing_is_said_to_have_been_decided(cluster: Cluster, told: Tell) -> None:
    cluster.schedd()
    job = cluster.job()
    cluster.pass_time(30)
    cluster.kill_schedd()
    cluster.pass_time(500)
    assert [reason for reason, _ in delays(told(job))][1:] == ["no_workers", "not_looked_at"]
    assert delays(told(job))[-1][1] >= 400


def test_what_a_lost_worker_has_cost_is_told(cluster: Cluster, told: Tell) -> None:
    worker, job = cluster.running_job(seconds=1000, lease_s=60)
    cluster.pass_time(50)
    worker.die()
    cluster.pass_time(400)
    cluster.worker("w2")
    cluster.pass_time(30)
    assert cluster.state(job) == "running"
    found = told(job)
    assert "worker_lost" in {each.reason for each in found.delays}
    (lost,) = (each for each in found.history if each.reason == "worker_lost")
    assert "attempt 1 ran on w1, and had to be repeated" in lost.sentence
    assert lost.seconds >= 100
