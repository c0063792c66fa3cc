"""What an agent tells Postgres of its replicas, and what it does to them when Postgres asks."""

from __future__ import annotations

from typing import Any, LiteralString

from clusterctl.model.errors import Outage
from tests.cluster import Cluster, Worker

SOON = 2.0  # seconds: a change is told within one, and heeded in the next exchange
BEAT = 6.0


def told(
    cluster: Cluster, job: int, columns: LiteralString = "ready_at IS NOT NULL, restarts, last_exit"
) -> tuple[Any, ...]:
    """What Postgres knows of a replica's last attempt."""
    found = cluster.db.row(f"SELECT {columns} FROM allocations WHERE job_id = %s ORDER BY id DESC LIMIT 1", job)  # noqa: S608 - a test's own words
    assert found
    return found


def one_replica(cluster: Cluster, **wishes: Any) -> tuple[Worker, int]:
    """A leader, a worker, and a replica that was ordered there."""
    cluster.schedd()
    worker = cluster.worker("w1")
    (job,) = cluster.service(**wishes)
    cluster.pass_time(3)
    assert cluster.state(job) == "running"
    return worker, job


def test_a_replica_that_runs_is_ready_and_postgres_hears_of_it_soon(cluster: Cluster) -> None:
    _, job = one_replica(cluster)
    assert told(cluster, job) == (True, 0, "")


def test_it_is_ready_when_it_says_so(cluster: Cluster) -> None:
    _, job = one_replica(cluster, ready_cmd="100")
    cluster.pass_time(90)
    assert told(cluster, job) == (False, 0, "")
    cluster.pass_time(20)
    assert told(cluster, job) == (True, 0, "")
    assert told(cluster, job, "round(extract(epoch FROM ready_at - allocated_at))") == (100,)


def test_its_rests_and_restarts_are_told_soon(cluster: Cluster) -> None:
    worker, job = one_replica(cluster, seconds=100, code=3)
    began = worker.machine.ledger[0].began
    cluster.pass_time(began + 100 + 0.5 - cluster.clock.seconds())
    assert told(cluster, job) == (False, 0, "exit code 3")
    assert told(cluster, job, "round(extract(epoch FROM resting_until - cluster_time()), 1)::float8") == (0.5,)
    cluster.pass_time(SOON)
    assert told(cluster, job) == (True, 1, "exit code 3")
    assert told(cluster, job, "resting_until") == (None,)
    assert cluster.state(job) == "running"


def test_a_replica_that_flaps_costs_one_exchange_a_second(cluster: Cluster) -> None:
    worker, job = one_replica(cluster)
    replica = worker.machine.attempts[min(worker.machine.attempts)].replica
    assert replica
    assert worker.life
    heard = set()
    for _ in range(100):
        replica.restarts += 1
        replica.version += 1
        worker.life.wakes_at = cluster.clock.seconds()
        cluster.pass_time(0.1)
        heard.add(told(cluster, job, "restarts"))
    assert 8 <= len(heard) <= 14  # in ten seconds, and a beat or two


def test_what_has_been_told_is_not_told_again(cluster: Cluster) -> None:
    worker, _ = one_replica(cluster, seconds=100)
    assert worker.life
    db = worker.life.db
    tellings: list[float] = []

    def note(place: str) -> None:
        if place == "before" and "last_exit" in db.asked:
            tellings.append(cluster.clock.seconds())

    db.hazard = note
    cluster.pass_time(90)
    assert tellings == []
    cluster.pass_time(60)
    assert len(tellings) == 2  # that it rests, and that it runs


def test_schedd_is_woken_when_a_replica_is_ready_in_a_new_generation_and_not_else(cluster: Cluster) -> None:
    worker, job = one_replica(cluster, seconds=100)
    assert worker.life
    db = worker.life.db
    bells: list[float] = []

    def note(place: str) -> None:
        if place == "before" and "pg_notify" in db.asked:
            bells.append(cluster.clock.seconds())

    db.hazard = note
    cluster.pass_time(150)
    assert told(cluster, job, "restarts, ready_at IS NOT NULL") == (1, True)
    assert bells == []
    cluster.db.run("UPDATE allocations SET generation = 1 WHERE job_id = %s", job)
    cluster.pass_time(BEAT + SOON)
    assert told(cluster, job, "ran_generation, ready_at IS NOT NULL") == (1, True)
    assert len(bells) == 1


def test_five_quick_ends_bring_the_job_to_another_worker(cluster: Cluster) -> None:
    worker, job = one_replica(cluster, manner="unstartable", code=127)
    cluster.worker("w2")
    cluster.pass_time(25)
    assert cluster.attempts(job)[0] == "crash_loop"
    assert told(cluster, job, "attempt") >= (1,)
    assert cluster.job_row(job, "avoid_worker_id, failures") == (
        cluster.db.value("SELECT id FROM workers WHERE name = 'w1'"),
        1,
    )
    assert cluster.db.value("SELECT admin_state FROM workers WHERE name = 'w1'") == "open"  # it is not to blame
    assert not worker.machine.attempts


def test_a_restart_that_is_wanted_is_done_at_the_next_beat(cluster: Cluster) -> None:
    worker, job = one_replica(cluster)
    cluster.db.run("UPDATE allocations SET generation = 3 WHERE job_id = %s", job)
    cluster.pass_time(BEAT + SOON)
    assert told(cluster, job, "ran_generation, restarts, ready_at IS NOT NULL") == (3, 1, True)
    cluster.pass_time(60)
    assert told(cluster, job, "ran_generation, restarts") == (3, 1)
    assert len(worker.machine.ledger) == 1


def test_a_rolling_restart_goes_one_by_one_and_waits_until_each_is_ready(cluster: Cluster) -> None:
    cluster.schedd()
    for name in ("w1", "w2", "w3"):
        cluster.worker(name)
    replicas = cluster.service(3, ready_after_s=20)
    cluster.pass_time(60)
    assert [told(cluster, job) for job in replicas] == [(True, 0, "")] * 3
    cluster.db.run("UPDATE services SET generation = generation + 1, rolling = true WHERE id = %s", replicas[0])
    seen = set()
    for _ in range(150):
        cluster.pass_time(1)
        unready = [job for job in replicas if not told(cluster, job)[0]]
        assert len(unready) <= 1
        seen.update(unready)
    assert seen == set(replicas)
    assert [told(cluster, job, "ran_generation, restarts, ready_at IS NOT NULL") for job in replicas] == [
        (1, 1, True)
    ] * 3


def test_who_takes_over_mid_restart_waits_for_nobody_to_say_it_again(cluster: Cluster) -> None:
    worker, job = one_replica(cluster)
    cluster.db.run("UPDATE allocations SET generation = 1 WHERE job_id = %s", job)
    worker.die()
    worker.begin()
    cluster.pass_time(BEAT)
    assert told(cluster, job, "ran_generation, restarts") == (1, 1)


def test_what_happened_while_there_was_no_agent_is_told_by_the_next(cluster: Cluster) -> None:
    worker, job = one_replica(cluster, seconds=100, code=4)
    worker.die()
    cluster.pass_time(250)
    assert told(cluster, job) == (True, 0, "")
    worker.begin()
    cluster.pass_time(BEAT)
    assert told(cluster, job) == (True, 2, "exit code 4")


def test_what_happened_in_an_outage_is_told_after_it(cluster: Cluster) -> None:
    _, job = one_replica(cluster, seconds=100, code=4)
    cluster.server.away = True
    cluster.pass_time(250)
    cluster.server.away = False
    cluster.pass_time(30)
    assert told(cluster, job) == (True, 2, "exit code 4")


def test_what_a_transaction_took_with_it_is_told_again(cluster: Cluster) -> None:
    worker, job = one_replica(cluster, seconds=100, code=4)
    assert worker.life
    db = worker.life.db
    failed: list[str] = []

    def fail_once(place: str) -> None:
        if "last_exit" in db.asked and place == "before" and not failed:
            failed.append(place)
            raise Outage("postgres", "gone")

    db.hazard = fail_once
    cluster.pass_time(105)
    assert failed
    assert told(cluster, job) == (True, 1, "exit code 4")


def test_a_replica_that_somebody_else_has_in_hand_holds_nobody_up_and_is_told_later(cluster: Cluster) -> None:
    _, job = one_replica(cluster, seconds=100, code=4)
    other = cluster.new_database()
    with other.transaction():
        other.rows("SELECT FROM allocations WHERE job_id = %s FOR UPDATE", job)
        cluster.pass_time(102)
        assert told(cluster, job) == (True, 0, "")
        assert cluster.live_state("w1") == "up"
    other.close()
    cluster.pass_time(BEAT)
    assert told(cluster, job) == (True, 1, "exit code 4")


def test_lost_replicas_come_up_elsewhere_only_after_the_fence_and_never_twice_at_once(cluster: Cluster) -> None:
    cluster.schedd()
    first = cluster.worker("w1")
    replicas = cluster.service(3, lease_s=60)
    cluster.pass_time(10)
    second = cluster.worker("w2")
    first.cut_off()
    cluster.pass_time(250)
    assert cluster.states(replicas) == ["running"] * 3
    for entry in first.machine.ledger:
        (later,) = [each for each in second.machine.ledger if each.job_id == entry.job_id]
        assert entry.ended <= later.began
    first.cut_off(False)
    cluster.pass_time(60)
    assert len(second.machine.attempts) == 3  # nothing is torn from who has it
    assert not first.machine.attempts


def test_a_cancelled_replica_ends_also_in_a_rest(cluster: Cluster) -> None:
    worker, job = one_replica(cluster, seconds=40, code=1)
    cluster.pass_time(275)
    assert told(cluster, job, "resting_until IS NOT NULL") == (True,)
    cluster.cancel(job)
    cluster.pass_time(BEAT)
    assert cluster.state(job) == "cancelled"
    assert not worker.machine.attempts


def test_a_service_that_ended_leaves_no_word_behind(cluster: Cluster) -> None:
    worker, job = one_replica(cluster)
    cluster.cancel(job)
    cluster.pass_time(BEAT)
    assert worker.processes.replicas() == {}
    assert cluster.state(job) == "cancelled"
