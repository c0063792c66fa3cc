"""Rolling restarts when not all goes well: whatever is down already, the rest goes on serving."""

from __future__ import annotations

from clusterctl.store import job_steps, service_rows, services
from tests.cluster import Cluster
from tests.daemons.test_services import BEAT, FENCE, LEASE, NOTICED, REST, cluster, ready, two_workers, where

__all__ = ["cluster"]  # the fixture


def least_ready(cluster: Cluster, ids: list[int], seconds: int) -> int:
    """Let so much time pass; how few could serve at the worst, as far as their workers are heard."""
    found = len(ids)
    for _ in range(seconds * 2):
        cluster.pass_time(0.5)
        found = min(found, heard(cluster, ids))
    return found


def heard(cluster: Cluster, ids: list[int]) -> int:
    """How many can serve on workers that have power."""
    alive = [name for name, worker in cluster.workers.items() if worker.life]
    return int(
        cluster.db.value(
            "SELECT count(*) FROM allocations a JOIN workers w ON w.id = a.worker_id WHERE a.live"
            " AND a.ready_at IS NOT NULL AND a.ran_generation = a.generation AND a.job_id = ANY (%s)"
            " AND w.name = ANY (%s)",
            ids,
            alive,
        )
    )


def generations(cluster: Cluster, ids: list[int]) -> list[int]:
    """Which restart each follows, by the number of its job."""
    rows = cluster.db.rows(
        "SELECT ran_generation FROM allocations WHERE live AND job_id = ANY (%s) ORDER BY job_id", ids
    )
    return [row[0] for row in rows]


def is_rolling(cluster: Cluster) -> bool:
    """Whether the restart goes on."""
    return bool(cluster.db.value("SELECT rolling FROM services"))


def waits_for(cluster: Cluster, service: int) -> tuple[int, str] | None:
    """Whom people are told that the restart waits for: the job and how it stands."""
    (found,) = service_rows.read(cluster.db, [service], 120)
    held = found.held_up_by
    return None if held is None else (held.job_id, held.standing)


def test_the_last_that_serves_goes_on_until_the_others_of_a_dead_worker_are_back(cluster: Cluster) -> None:
    ids = two_workers(cluster, 2)
    (gone,) = (job for job, worker in where(cluster, ids).items() if worker == "w2")
    cluster.workers["w2"].lose_power()
    cluster.pass_time(LEASE / 2)
    assert services.restart(cluster.db, ids[0], 0)
    assert least_ready(cluster, ids, LEASE // 4) == 1
    assert cluster.live_state("w2") == "silent"
    assert waits_for(cluster, ids[0]) == (gone, "silent")
    assert least_ready(cluster, ids, FENCE) == 1
    cluster.pass_time(REST + 4 * BEAT)
    assert generations(cluster, ids) == [1, 1]
    assert (heard(cluster, ids), is_rolling(cluster)) == (2, False)


def test_it_goes_on_with_the_survivors_once_what_was_lost_has_a_worker_again(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=1)
    cluster.worker("w2", cpus=1)
    ids = cluster.service(2, lease_s=LEASE)
    cluster.pass_time(3 * BEAT)
    assert ready(cluster, ids) == 2
    (gone,) = (job for job, worker in where(cluster, ids).items() if worker == "w2")
    cluster.workers["w2"].lose_power()
    cluster.pass_time(FENCE + NOTICED + REST)
    services.restart(cluster.db, ids[0], 0)
    assert least_ready(cluster, ids, 60) == 1, "there is no room for the other"
    assert waits_for(cluster, ids[0]) == (gone, "waiting")
    cluster.worker("w3", cpus=1)
    assert least_ready(cluster, ids, 60) == 1
    assert (generations(cluster, ids), is_rolling(cluster)) == ([1, 1], False)


def test_what_does_not_serve_is_restarted_first_and_awaited(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=8)
    ids = cluster.service(3, ready_after_s=20.0)
    cluster.pass_time(40)
    cluster.db.run("UPDATE allocations SET ready_at = NULL WHERE job_id = %s", ids[2])
    services.restart(cluster.db, ids[0], 0)
    cluster.pass_time(15)
    assert generations(cluster, ids) == [0, 0, 1]
    assert waits_for(cluster, ids[0]) == (ids[2], "unready")
    assert least_ready(cluster, ids, 90) == 2
    assert (generations(cluster, ids), is_rolling(cluster)) == ([1, 1, 1], False)


def test_what_has_just_been_sent_back_is_waited_for(cluster: Cluster) -> None:
    ids = two_workers(cluster, 2)
    cluster.pass_time(BEAT)
    job_steps.restart(cluster.db, [ids[1]], "requeued by ada")
    services.restart(cluster.db, ids[0], 0)
    assert least_ready(cluster, ids, 60) == 1
    assert (generations(cluster, ids), is_rolling(cluster)) == ([1, 1], False)


def test_the_only_replica_is_restarted_whatever_it_takes_down(cluster: Cluster) -> None:
    cluster.worker("w1")
    ids = cluster.service(1)
    cluster.pass_time(BEAT)
    services.restart(cluster.db, ids[0], 0)
    cluster.pass_time(3 * BEAT)
    assert (generations(cluster, ids), is_rolling(cluster)) == ([1], False)


def test_what_never_had_a_worker_and_what_is_held_hold_up_nobody(cluster: Cluster) -> None:
    cluster.worker("w1", cpus=2)
    ids = cluster.service(3)
    cluster.pass_time(3 * BEAT)
    placed = sorted(where(cluster, ids))
    assert len(placed) == 2
    services.restart(cluster.db, ids[0], 0)
    assert least_ready(cluster, placed, 60) == 1
    assert (generations(cluster, placed), is_rolling(cluster)) == ([1, 1], False)
