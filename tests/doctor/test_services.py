"""Replicas that end again and again, and such as do not become ready."""

from __future__ import annotations

from clusterctl.model.states import Outcome
from tests.doctor.ward import Ward
from tests.store.service import become_ready, serve


def one_running(ward: Ward) -> int:
    """Service 1 of one replica, which runs; its allocation."""
    worker = ward.worker()
    ((order,), _) = ward.run(worker, serve(ward, 1))
    return order.allocation_id


def steady(ward: Ward, allocation: int) -> None:
    """It has been ready for long enough to trust it."""
    become_ready(ward, allocation)
    ward.db.run("UPDATE allocations SET ready_at = ready_at - interval '40 s' WHERE id = %s", allocation)


def told(ward: Ward, **fields: object) -> None:
    """What the agent says of it."""
    for name, value in fields.items():
        ward.db.run("UPDATE allocations SET " + name + " = %s WHERE live", value)  # noqa: S608  # our own names


def test_a_replica_that_was_restarted_three_times_and_is_not_ready_is_found(ward: Ward) -> None:
    allocation = one_running(ward)
    told(ward, restarts=2, last_exit="exit code 7")
    assert ward.findings() == []
    told(ward, restarts=3)
    finding = ward.sole("crash_loop")
    assert finding.subject == "job:1"
    assert finding.concerns == ("job:1", "service:1", "worker:w1")
    assert finding.sentence == (
        "job 1, a replica of service 1 (web), ends again and again (exit code 7): restarted 3 times on w1"
    )
    assert finding.fix.command == "clusterctl logs 1 --tail 20"
    assert not finding.fix.available
    become_ready(ward, allocation)
    assert ward.sole("crash_loop").evidence["restarts"] == 3, "up between two ends, which is no more than a beginning"
    steady(ward, allocation)
    ward.healthy()


def test_one_that_a_worker_has_given_up_is_found_until_another_has_it_ready(ward: Ward) -> None:
    worker = ward.worker()
    ((order,), token) = ward.run(worker, serve(ward, 1))
    told(ward, last_exit="signal 11", restarts=4)
    ward.end(order, token, Outcome.CRASH_LOOP)
    ward.decide()
    finding = ward.sole("crash_loop")
    assert finding.sentence.endswith("ends again and again (signal 11): given up by w1")
    assert finding.evidence["failures"] == 1
    ward.db.run("UPDATE jobs SET not_before = NULL")
    ((again,), _) = ward.run(ward.worker("w2"), [1])
    evidence = ward.sole("crash_loop").evidence
    assert (evidence["worker"], evidence["restarts"], evidence["all_restarts"]) == ("w2", 0, 4)
    steady(ward, again.allocation_id)
    ward.healthy()


def test_a_replica_that_is_being_cancelled_worries_nobody_any_more(ward: Ward) -> None:
    one_running(ward)
    told(ward, restarts=9)
    ward.sole("crash_loop")
    ward.by_hand("UPDATE jobs SET cancel_requested_at = cluster_time()")
    assert "crash_loop" not in ward.codes()


def test_a_replica_that_runs_for_ten_minutes_without_being_ready_is_found(ward: Ward) -> None:
    allocation = one_running(ward)
    ward.later(590)
    ward.db.run("UPDATE workers SET last_heartbeat_at = cluster_time()")
    assert "service_not_ready" not in ward.codes()
    ward.later(20)
    (finding,) = [each for each in ward.findings() if each.code == "service_not_ready"]
    assert finding.subject == "job:1"
    assert finding.sentence.startswith("job 1, a replica of service 1 (web), runs on w1 and has not been ready for 10m")
    assert finding.concerns == ("job:1", "service:1", "worker:w1")
    become_ready(ward, allocation)
    assert "service_not_ready" not in ward.codes()


def test_one_that_is_ready_no_more_has_ten_minutes_from_then_on(ward: Ward) -> None:
    one_running(ward)
    ward.later(5000)
    ward.db.run("UPDATE allocations SET unready_since = cluster_time() - interval '9 min'")
    assert "service_not_ready" not in ward.codes()
    ward.later(90)
    assert "service_not_ready" in ward.codes()
    told(ward, restarts=5)
    assert {"service_not_ready", "crash_loop"} & set(ward.codes()) == {"crash_loop"}
