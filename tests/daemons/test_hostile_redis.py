"""Whatever stands in the place of Redis, the daemons decide the same, and no cycle of theirs waits for it for long."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
import redis as driver

from clusterctl.clock import Bell
from clusterctl.daemon import Rest
from clusterctl.live.connection import PATIENCE, TIMEOUT
from tests.cluster import Cluster, Worker
from tests.daemons.conftest import ClusterMaker
from tests.strangers import MANNERS, Stranger
from tests.virtual import Life

SLACK = 10.0  # seconds: the machine has other things to do; who is fooled waits for ever
TRIES = 2  # of Redis in one cycle: the second is made only if the first went well


class Stopwatch:
    """Times every cycle of a life, in real seconds."""

    def __init__(self, life: Life) -> None:
        self.slowest = 0.0
        self._cycle: Callable[[], Rest] = life._cycle
        life._cycle = self._timed

    def _timed(self) -> Rest:
        began = time.monotonic()
        try:
            return self._cycle()
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)


def decisions(cluster: Cluster) -> tuple[list[tuple[object, ...]], list[float]]:
    """Run a small day: what was decided, and the slowest cycle of each daemon."""
    cluster.schedd()
    for name, cpus in (("w1", 4), ("w2", 2)):
        cluster.worker(name, cpus=cpus)
    lives = [*cluster.schedds.values(), *(worker.life for worker in cluster.workers.values())]
    watches = [Stopwatch(life) for life in lives if life]
    cluster.jobs(8, seconds=3, cpus=2)
    cluster.job(cpus=9)
    cluster.pass_time(30)
    decided = cluster.db.rows(
        """
        SELECT j.state, a.release_reason, a.attempt FROM jobs j LEFT JOIN allocations a ON a.job_id = j.id
         ORDER BY j.id, a.id
        """
    )
    return decided, [watch.slowest for watch in watches]


@pytest.mark.parametrize("manner", ["mute", "drips", "pours", "agrees to all", "an endless list", "hangs up"])
def test_whoever_answers_in_its_place_all_is_decided_as_ever_and_no_cycle_waits_for_long(
    make_cluster: ClusterMaker, manner: str
) -> None:
    with Stranger(MANNERS[manner]) as stranger:
        decided, slowest = decisions(make_cluster(redis_url=stranger.url))
        assert stranger.visits > 2
    assert decided == [("completed", "exited", 1)] * 8 + [("pending", None, None)]
    assert max(slowest) < TRIES * (TIMEOUT + PATIENCE) + SLACK


def test_one_who_rings_all_the_time_makes_no_agent_hammer_at_postgres(cluster: Cluster) -> None:
    worker = cluster.worker("w1")
    cluster.pass_time(20)
    before = beats(cluster)
    ring_all_the_time(cluster, worker, seconds=10)
    assert 2 <= beats(cluster) - before < 40, "not the 2,000 times that it was rung for"


def test_after_the_ringing_an_order_is_taken_at_the_usual_pace(cluster: Cluster) -> None:
    worker = cluster.worker("w1")
    cluster.schedd()
    ring_all_the_time(cluster, worker, seconds=2)
    job = cluster.job(seconds=100)
    cluster.pass_time(8)
    assert cluster.state(job) == "running"


def ring_all_the_time(cluster: Cluster, worker: Worker, seconds: float) -> None:
    """Somebody who may write to Redis says that there are orders, every five milliseconds."""
    nobody = Bell()
    until = cluster.clock.seconds() + seconds
    while cluster.clock.seconds() < until:
        worker.orders.ring()
        worker.agent.cycle()
        cluster.clock.wait(nobody, 0.005)
    nobody.close()


def beats(cluster: Cluster) -> int:
    """How often ``w1`` has spoken to Postgres."""
    return int(cluster.db.value("SELECT beat FROM workers WHERE name = 'w1'"))


def test_one_who_spoils_the_totals_all_the_time_is_put_right_now_and_then(
    make_cluster: ClusterMaker, redis_url: str, redis_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cluster = make_cluster(redis_url=redis_url, prefix=redis_prefix)
    cluster.schedd()
    key = f"{redis_prefix}resource:allocated_cpus"
    with driver.Redis.from_url(redis_url) as client:
        right = 0
        for number in range(60):
            client.set(key, "999" if number % 2 else "nonsense")
            cluster.pass_time(1)
            right += client.get(key) == b"0"
    assert 15 <= right <= 25, "every three seconds or so, of sixty"
    assert sum("resource cache synced" in text for text in caplog.messages) <= right + 1
