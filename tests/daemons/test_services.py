"""Services in the life of a cluster: kept alive, moved only when their worker is lost, restarted one by one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from clusterctl.store import job_steps, service_keeping, services
from tests.cluster import Cluster
from tests.daemons.conftest import ClusterMaker

LEASE, GRACE, MARGIN = 60, 5, 10
FENCE = LEASE + GRACE + MARGIN
NOTICED = 4  # seconds after which the leader has seen that a time is over, and acted
REST = 3  # after its first loss a job rests for a second or two
BEAT = 6


@pytest.fixture
def cluster(make_cluster: ClusterMaker) -> Cluster:
    """One whose fence is that of ``--lease 60s``, and a schedd. What is not measured is not looked at."""
    cluster = make_cluster(term_grace=float(GRACE), lease_margin=float(MARGIN), service_placement="service_count")
    cluster.schedd("s1")
    return cluster


def where(cluster: Cluster, ids: list[int]) -> dict[int, str]:
    """The worker of each of these jobs that holds one."""
    return dict(
        cluster.db.rows(
            "SELECT a.job_id, w.name FROM allocations a JOIN workers w ON w.id = a.worker_id"
            " WHERE a.live AND a.job_id = ANY (%s) ORDER BY a.job_id",
            ids,
        )
    )


def ready(cluster: Cluster, ids: list[int]) -> int:
    """How many of them can serve."""
    return int(
        cluster.db.value(
            "SELECT count(*) FROM allocations WHERE live AND ready_at IS NOT NULL AND job_id = ANY (%s)", ids
        )
    )


def overlaps(cluster: Cluster, ids: list[int]) -> list[tuple[int, float, float]]:
    """Where a second copy of a job began before the first was gone: by the ledgers of the machines."""
    for worker in cluster.workers.values():
        worker.machine.settle()
    runs = sorted(
        (entry.job_id, entry.began, entry.ended)
        for worker in cluster.workers.values()
        for entry in worker.machine.ledger
        if entry.job_id in ids
    )
    return [
        (job, ended, begun) for (job, _, ended), (other, begun, _) in pairwise(runs) if job == other and begun < ended
    ]


def two_workers(cluster: Cluster, replicas: int = 6) -> list[int]:
    """A service that runs on ``w1`` and ``w2``; its numbers."""
    cluster.worker("w1", cpus=8)
    cluster.worker("w2", cpus=8)
    ids = cluster.service(replicas, lease_s=LEASE)
    cluster.pass_time(replicas + BEAT)
    assert Counter(where(cluster, ids).values()) == {"w1": replicas / 2, "w2": replicas / 2}
    return ids


def test_a_lost_workers_replicas_come_up_elsewhere_after_the_fence_and_never_twice_at_once(cluster: Cluster) -> None:
    ids = two_workers(cluster)
    before = where(cluster, ids)
    moving = [job for job, worker in before.items() if worker == "w2"]
    cluster.workers["w2"].lose_power()
    cluster.pass_time(FENCE - 3)  # its last beat was up to two seconds ago
    assert where(cluster, ids) == before
    cluster.pass_time(3 + NOTICED + REST + len(moving) + BEAT)
    assert set(where(cluster, ids).values()) == {"w1"}
    assert ready(cluster, ids) == len(ids)
    assert overlaps(cluster, ids) == []
    assert {attempt for job in moving for attempt in cluster.attempts(job)[:-1]} == {"worker_lost"}
    assert cluster.db.value("SELECT count(*) FROM jobs WHERE displaced") == 0


def test_nothing_is_torn_from_a_living_worker_when_the_lost_one_comes_back(cluster: Cluster) -> None:
    ids = two_workers(cluster)
    cluster.workers["w2"].cut_off()
    cluster.pass_time(FENCE + NOTICED + REST + len(ids) + BEAT)
    assert set(where(cluster, ids).values()) == {"w1"}
    attempts = cluster.db.value("SELECT max(id) FROM allocations")
    cluster.workers["w2"].cut_off(False)
    cluster.pass_time(120)
    assert cluster.live_state("w2") == "up"
    assert set(where(cluster, ids).values()) == {"w1"}
    assert cluster.db.value("SELECT max(id) FROM allocations") == attempts, "nothing was claimed again"
    assert overlaps(cluster, ids) == []
    assert not cluster.workers["w2"].machine.attempts


def test_the_replicas_of_a_lost_worker_are_claimed_before_such_as_never_ran(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=2)
    running = cluster.service(2, lease_s=LEASE)
    cluster.pass_time(BEAT)
    assert len(where(cluster, running)) == 2
    cluster.db.run("UPDATE jobs SET submitted_at = submitted_at + interval '1 h'")  # so that it is not their age
    waiting = cluster.service(4, lease_s=LEASE)
    cluster.workers["w1"].lose_power()
    cluster.pass_time(FENCE + NOTICED + REST)
    assert cluster.db.value("SELECT count(*) FROM jobs WHERE displaced") == 2
    cluster.worker("w2", cpus=3)
    cluster.pass_time(BEAT)
    assert sorted(where(cluster, running + waiting)) == [*running, waiting[0]]


def test_of_a_living_worker_no_replica_is_claimed_whatever_becomes_of_its_agent(cluster: Cluster) -> None:
    ids = two_workers(cluster, 2)
    claims = cluster.db.value("SELECT max(id) FROM allocations")
    for name in ("w1", "w2"):
        worker = cluster.workers[name]
        worker.die()
        cluster.pass_time(30)
        worker.begin()
        cluster.pass_time(30)
    assert cluster.db.value("SELECT max(id) FROM allocations") == claims
    assert ready(cluster, ids) == 2


def test_a_replica_that_ends_is_started_again_where_it_is_and_nothing_is_claimed(cluster: Cluster) -> None:
    cluster.worker("w1")
    cluster.worker("w2")
    (job,) = cluster.service(1, seconds=40, code=0)
    cluster.pass_time(400)
    assert cluster.attempts(job) == [None]
    assert cluster.db.value("SELECT restarts FROM allocations") in range(4, 10)
    assert cluster.state(job) == "running"


def test_a_crash_loop_moves_to_another_worker_and_rests_longer_each_time(cluster: Cluster) -> None:
    cluster.worker("w1")
    cluster.worker("w2")
    cluster.service(1, seconds=1, code=1)
    cluster.pass_time(300)
    tried = cluster.db.rows(
        "SELECT w.name, release_reason FROM allocations a JOIN workers w ON w.id = a.worker_id ORDER BY a.id"
    )
    assert len(tried) >= 3
    assert all(one != other for (one, _), (other, _) in pairwise(tried)), "each time the other one"
    assert {reason for _, reason in tried[:-1]} == {"crash_loop"}
    rests = [
        row[0]
        for row in cluster.db.rows(
            "SELECT extract(epoch FROM reserved_at - lag(released_at) OVER (ORDER BY id)) FROM allocations ORDER BY id"
        )
    ]
    assert rests[1] < rests[2]


def roll(cluster: Cluster, ids: list[int], seconds: int) -> Counter[int]:
    """Restart the service, and let so much time pass: how many were ready, how often that was seen."""
    assert services.restart(cluster.db, ids[0], 0)
    seen: Counter[int] = Counter()
    for _ in range(seconds * 2):
        cluster.pass_time(0.5)
        seen[ready(cluster, ids)] += 1
    return seen


def test_a_rolling_restart_stops_one_replica_at_a_time_and_ends(cluster: Cluster) -> None:
    ids = two_workers(cluster, 4)
    before = where(cluster, ids)
    claims = cluster.db.value("SELECT max(id) FROM allocations")
    seen = roll(cluster, ids, 90)
    assert set(seen) <= {3, 4}
    assert cluster.db.rows("SELECT DISTINCT generation, ran_generation, restarts FROM allocations") == [(1, 1, 1)]
    assert cluster.db.value("SELECT rolling FROM services") is False
    assert where(cluster, ids) == before
    assert cluster.db.value("SELECT max(id) FROM allocations") == claims


def test_a_rolling_restart_waits_until_the_one_before_is_ready(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=8)
    ids = cluster.service(3, ready_after_s=20.0)
    cluster.pass_time(40)
    assert ready(cluster, ids) == 3
    seen = roll(cluster, ids, 50)
    assert set(seen) == {2, 3}
    assert cluster.db.value("SELECT count(*) FROM allocations WHERE generation = 1") in (2, 3), "20 s each"
    cluster.pass_time(60)
    assert (ready(cluster, ids), cluster.db.value("SELECT rolling FROM services")) == (3, False)


def test_a_rolling_restart_outlives_its_leader(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=8)
    ids = cluster.service(3, ready_after_s=10.0)
    cluster.pass_time(25)
    services.restart(cluster.db, ids[0], 0)
    cluster.pass_time(15)
    cluster.kill_schedd("s1")
    cluster.pass_time(5)
    cluster.schedd("s2")
    cluster.pass_time(80)
    assert cluster.db.rows("SELECT DISTINCT generation, ran_generation, ready_at IS NOT NULL FROM allocations") == [
        (1, 1, True)
    ]


def ring(cluster: Cluster) -> None:
    """Agents hear that there are stops."""
    for worker in cluster.workers.values():
        worker.orders.ring()
        if worker.life:
            worker.life.wakes_at = cluster.clock.seconds()


def test_a_held_service_runs_nowhere_and_a_released_one_again(cluster: Cluster) -> None:
    ids = two_workers(cluster, 4)
    assert sorted(job_steps.halt(cluster.db, ids, "held")) == ids
    ring(cluster)
    cluster.pass_time(2 * BEAT)
    assert set(cluster.states(ids)) == {"held"}
    assert not any(worker.machine.attempts for worker in cluster.workers.values())
    cluster.pass_time(60)
    assert set(cluster.states(ids)) == {"held"}
    job_steps.release(cluster.db, ids)
    cluster.pass_time(2 * BEAT)
    assert ready(cluster, ids) == 4


def test_a_cancelled_service_has_ended(cluster: Cluster) -> None:
    ids = two_workers(cluster, 4)
    cluster.cancel(*ids)
    cluster.pass_time(2 * BEAT)
    assert set(cluster.states(ids)) == {"cancelled"}
    assert cluster.db.value("SELECT ended_at IS NOT NULL FROM services")


def test_a_requeued_replica_is_claimed_anew(cluster: Cluster) -> None:
    ids = two_workers(cluster, 2)
    assert job_steps.restart(cluster.db, ids[:1], "requeued") == ids[:1]
    ring(cluster)
    cluster.pass_time(2 * BEAT)
    assert cluster.attempts(ids[0]) == ["requeued", None]
    assert cluster.job_row(ids[0], "failures, losses") == (0, 0)
    assert ready(cluster, ids) == 2


def test_more_replicas_are_claimed_one_for_each_worker_and_round(cluster: Cluster) -> None:
    ids = two_workers(cluster, 2)
    made = services.add(cluster.db, ids[0], ids[0], 6)
    cluster.pass_time(12)
    assert Counter(where(cluster, ids + made).values()) == {"w1": 4, "w2": 4}
    rounds = cluster.db.rows(
        "SELECT round, worker_id, count(*) FROM claims WHERE event = 'Claimed' GROUP BY 1, 2 HAVING count(*) > 1"
    )
    assert rounds == []


def test_a_service_on_every_worker_follows_the_workers(cluster: Cluster) -> None:
    cluster.service(1, every_worker=True, name="probe")
    cluster.pass_time(3)
    for name in ("w1", "w2", "w3"):
        cluster.worker(name, cpus=2)
    cluster.pass_time(2 * BEAT)
    assert sorted(where(cluster, list(range(1, 10))).values()) == ["w1", "w2", "w3"]
    cluster.worker("w4", cpus=2)
    cluster.pass_time(2 * BEAT)
    assert sorted(where(cluster, list(range(1, 10))).values()) == ["w1", "w2", "w3", "w4"]
    assert cluster.db.value("SELECT count(*) FROM jobs") == 4


def test_its_replica_waits_for_a_worker_that_is_lost_and_runs_nowhere_else(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=2)
    cluster.worker("w2", cpus=8)
    cluster.service(1, every_worker=True, lease_s=LEASE)
    cluster.pass_time(2 * BEAT)
    cluster.workers["w1"].lose_power()
    cluster.pass_time(FENCE + NOTICED + 900 + FENCE)
    assert list(where(cluster, [1, 2]).values()) == ["w2"]
    cluster.workers["w1"].boot()
    cluster.pass_time(2 * BEAT)
    assert sorted(where(cluster, [1, 2]).values()) == ["w1", "w2"]
    assert cluster.db.value("SELECT count(*) FROM jobs") == 2


def test_a_leader_with_nothing_to_do_for_services_writes_nothing(cluster: Cluster) -> None:
    two_workers(cluster, 2)
    before = cluster.db.rows("SELECT xmin::text FROM services UNION ALL SELECT xmin::text FROM jobs ORDER BY 1")
    cluster.pass_time(10)
    after = cluster.db.rows("SELECT xmin::text FROM services UNION ALL SELECT xmin::text FROM jobs ORDER BY 1")
    assert before == after
    assert not service_keeping.is_wanted_anywhere(cluster.db)
