"""Workers that count wrongly, or were promised twice."""

from __future__ import annotations

import pytest

from clusterctl.model.registration import Registered
from tests.doctor.ward import Ward

INSERT = """
    INSERT INTO allocations (job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, term, start_by, grace_s,
                             margin_s)
    SELECT id, 1, %s, tenant, cpu_milli, memory_mb, gpus, 1, cluster_time() + interval '1 h', 30, 60
      FROM jobs WHERE id = ANY (%s)
"""
PLACE = """
    UPDATE jobs j SET state = 'scheduled', attempt = 1, allocation_id = a.id FROM allocations a
     WHERE a.job_id = j.id AND j.id = ANY (%s)
"""


def place_by_hand(ward: Ward, worker: Registered, jobs: list[int]) -> None:
    """Reserve, as a restore does that knows nothing of counters."""
    ward.by_hand(INSERT, worker.worker_id, jobs)
    ward.by_hand(PLACE, jobs)


@pytest.mark.parametrize("counted", [0, 8000], ids=["too little", "too much"])
def test_counters_that_have_drifted_are_counted_again(ward: Ward, counted: int) -> None:
    worker = ward.worker(cpus=8)
    ward.run(worker, ward.jobs(2))
    ward.reserve(worker, ward.jobs(3))
    ward.by_hand("UPDATE workers SET reserved_milli = 0, allocated_milli = %s", counted)
    finding = ward.sole("counters_drift")
    assert (finding.subject, finding.severity, finding.stuck) == ("worker:w1", "critical", True)
    assert finding.evidence["held"][:2] == [3000, 2000]
    assert finding.evidence["counted"][:2] == [0, counted]
    ward.cure(finding)
    assert ward.db.row("SELECT reserved_milli, allocated_milli FROM workers") == (3000, 2000)


def test_counters_that_somebody_has_put_right_are_left_alone(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE workers SET allocated_milli = 5000")
    finding = ward.sole("counters_drift")
    ward.by_hand("UPDATE workers SET allocated_milli = 1000")
    ward.too_late(finding)
    ward.healthy()


def test_a_lost_worker_that_holds_something_all_the_same_is_silent_again(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE workers SET allocated_milli = 0, allocated_memory_mb = 0, live_state = 'lost'")
    finding = next(each for each in ward.findings() if each.code == "counters_drift")
    assert ward.mend(finding).fate == "done"
    assert ward.db.row("SELECT live_state, allocated_milli FROM workers") == ("silent", 1000)
    assert ward.codes() == ["dead_worker_jobs"]
    ward.check()


def test_what_was_promised_twice_is_taken_back_newest_first(ward: Ward) -> None:
    worker = ward.worker(cpus=8)
    ward.run(worker, ward.jobs(4))
    place_by_hand(ward, worker, ward.jobs(6))
    found = ward.findings()
    assert [each.code for each in found] == ["worker_oversubscribed", "counters_drift"]
    assert not found[1].fix.available
    ward.cure(found[0])
    assert ward.db.row("SELECT cpu_milli, reserved_milli, allocated_milli FROM workers") == (8000, 4000, 4000)
    assert ward.states(range(1, 11)) == [*["running"] * 4, *["scheduled"] * 4, *["pending"] * 2]


def test_a_promise_of_too_much_memory_is_taken_back_too(ward: Ward) -> None:
    worker = ward.worker(cpus=8)
    place_by_hand(ward, worker, ward.jobs(2))
    ward.by_hand("UPDATE allocations SET memory_mb = 40000")
    ward.by_hand("UPDATE jobs SET memory_mb = 40000")
    ward.cure(ward.findings()[0])
    assert ward.states([1, 2]) == ["scheduled", "pending"]


def test_what_runs_is_never_ended_to_make_room_and_nothing_new_comes(ward: Ward) -> None:
    worker = ward.worker(cpus=8)
    orders, token = ward.run(worker, ward.jobs(8))
    ward.by_hand("UPDATE workers SET cpu_milli = 4000, allocated_milli = 4000")
    found = ward.findings()
    assert [each.code for each in found] == ["worker_oversubscribed", "counters_drift"]
    ward.cure(found[0])
    assert ward.db.row("SELECT cpu_milli, allocated_milli, admin_state FROM workers") == (8000, 8000, "draining")
    assert set(ward.states(range(1, 9))) == {"running"}
    for order in orders:
        ward.end(order, token)
    assert ward.db.row("SELECT allocated_milli FROM workers") == (0,)
    ward.healthy()
    ward.worker(cpus=4)
    assert ward.db.row("SELECT cpu_milli FROM workers") == (4000,)


def test_reservations_that_no_job_waits_for_go_first(ward: Ward) -> None:
    worker = ward.worker(cpus=8)
    place_by_hand(ward, worker, ward.jobs(6))
    ward.by_hand(
        "UPDATE jobs SET state = 'failed', reason = 'by hand', finished_at = now(), allocation_id = NULL WHERE id <= 3"
    )
    place_by_hand(ward, worker, ward.jobs(5))
    found = ward.findings()
    assert [each.code for each in found] == ["worker_oversubscribed", "counters_drift", *["alloc_on_terminal_job"] * 3]
    assert ward.mend(found[0]).fate == "done"
    assert [finding.code for finding in ward.findings()] == []
    ward.check()
    assert ward.states(range(1, 12)) == [*["failed"] * 3, *["scheduled"] * 8]


def test_too_much_that_has_ended_meanwhile_is_no_more_taken_back(ward: Ward) -> None:
    worker = ward.worker(cpus=8)
    place_by_hand(ward, worker, ward.jobs(10))
    finding = ward.findings()[0]
    ward.by_hand("UPDATE allocations SET status = 'released', released_at = now(), release_reason = 'start_timeout'")
    ward.by_hand("UPDATE jobs SET state = 'pending', allocation_id = NULL")
    ward.too_late(finding)
    ward.healthy()
