"""Jobs and allocations that contradict each other."""

from __future__ import annotations

from typing import LiteralString

import pytest

from clusterctl.model.findings import Finding
from clusterctl.model.states import Outcome
from clusterctl.store import disagreements, jobs
from tests.doctor.ward import Ward

RELEASE = """
    UPDATE allocations SET status = 'released', released_at = cluster_time(), release_reason = %s, exit_code = %s
"""
EMPTY = """
    UPDATE workers SET reserved_milli = 0, allocated_milli = 0, reserved_memory_mb = 0, allocated_memory_mb = 0,
                       holds_digest = 0
"""


def test_a_job_becomes_what_the_end_of_its_attempt_makes_of_it(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.by_hand(RELEASE, "exited", 0)
    ward.by_hand(EMPTY)
    finding = ward.sole("job_running_no_alloc")
    assert (finding.subject, finding.evidence["release_reason"]) == ("job:1", "exited")
    ward.cure(finding)
    assert ward.db.row("SELECT state, reason, exit_code FROM jobs") == ("completed", "exited", 0)


def test_a_job_whose_attempt_was_lost_waits_again(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.by_hand(RELEASE, "worker_lost", None)
    ward.by_hand(EMPTY)
    ward.cure(ward.sole("job_running_no_alloc"))
    assert ward.db.row("SELECT state, losses FROM jobs") == ("pending", 1)
    rest = ward.db.value("SELECT extract(epoch FROM not_before - cluster_time()) FROM jobs")
    assert rest >= 900 + 30 + 60, "nobody knows whether the release waited for the fence"


def test_a_running_job_without_any_allocation_rests_until_no_machine_can_run_it(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs(lease_s=900))
    ward.by_hand("DELETE FROM allocations")
    ward.by_hand(EMPTY)
    ward.cure(ward.sole("job_running_no_alloc"))
    state, rest = ward.db.rows("SELECT state, extract(epoch FROM not_before - cluster_time()) FROM jobs")[0]
    assert state == "pending"
    assert rest >= 900 + 30 + 60  # lease, grace, margin


def test_a_scheduled_job_without_any_allocation_waits_again_at_once(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.by_hand("DELETE FROM allocations")
    ward.by_hand(EMPTY)
    ward.cure(ward.sole("job_running_no_alloc"))
    assert ward.db.row("SELECT state, not_before FROM jobs") == ("pending", None)


def test_a_job_that_was_to_be_cancelled_is(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    jobs.cancel(ward.db, [1])
    ward.by_hand("DELETE FROM allocations")
    ward.by_hand(EMPTY)
    ward.cure(ward.sole("job_running_no_alloc"))
    assert ward.state(1) == "cancelled"


LOSSES: dict[str, LiteralString] = {
    "its allocation is gone": "DELETE FROM allocations",
    "its allocation was released": (
        "UPDATE allocations SET status = 'released', released_at = now(), release_reason = 'worker_lost'"
    ),
    "its allocation is an older row of it": (
        "UPDATE allocations SET status = 'reserved', start_token = NULL, incarnation = NULL, allocated_at = NULL"
    ),
    "it seems never to have run, but its allocation has": (
        "WITH a AS (UPDATE jobs SET state = 'scheduled') "
        "UPDATE allocations SET status = 'released', released_at = now(), release_reason = 'worker_lost'"
    ),
}


RECOUNT = """
    UPDATE workers
       SET allocated_milli = 0, allocated_memory_mb = 0,
           (reserved_milli, reserved_memory_mb, holds_digest) =
               (SELECT coalesce(sum(cpu_milli), 0), coalesce(sum(memory_mb), 0),
                       coalesce(bit_xor(holding_digest(id, ends_by)), 0) FROM allocations WHERE reserved)
"""


def come_loose(ward: Ward, statement: LiteralString) -> Finding:
    """The rows of a running job contradict each other from now on; what is found of that."""
    ward.by_hand(statement)
    ward.by_hand(RECOUNT)
    return ward.sole("job_running_no_alloc")


@pytest.mark.parametrize("live_state", ["up", "silent", "lost"])
@pytest.mark.parametrize("statement", LOSSES.values(), ids=LOSSES)
def test_a_job_that_is_to_wait_for_its_worker_is_held_whatever_is_known_of_that(
    ward: Ward, statement: LiteralString, live_state: str
) -> None:
    ward.run(ward.worker(), ward.jobs(on_worker_loss="wait"))
    finding = come_loose(ward, statement)
    ward.db.run("UPDATE workers SET live_state = %s WHERE reserved_milli = 0", live_state)  # a lost one holds nothing
    assert "it is held" in finding.fix.change
    assert ward.mend(finding).fate == "done"
    assert ward.state(1) == "held"
    jobs.cancel(ward.db, [1])
    assert ward.state(1) == "cancelled"
    ward.check()


@pytest.mark.parametrize("statement", LOSSES.values(), ids=LOSSES)
def test_a_job_that_may_have_run_rests_for_its_own_timers_whatever_is_set_now(
    ward: Ward, statement: LiteralString
) -> None:
    ward.run(ward.worker(), ward.jobs(lease_s=600))
    ward.by_hand("UPDATE allocations SET grace_s = 300, margin_s = 400, lost_after_s = 1300")
    finding = come_loose(ward, statement)
    assert ward.mend(finding).fate == "done"
    state, rest = ward.db.rows("SELECT state, extract(epoch FROM not_before - cluster_time())::int FROM jobs")[0]
    beats = 2 * 5
    known = 300 + 400 if ward.db.rows("SELECT FROM allocations") else 30 + 60
    assert (state, rest) == ("pending", pytest.approx(600 + known + beats, abs=5))


def test_a_running_job_that_has_only_a_reservation_and_was_to_be_cancelled_is(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    jobs.cancel(ward.db, [1])
    ward.cure(come_loose(ward, LOSSES["its allocation is an older row of it"]))
    assert ward.state(1) == "cancelled"


def test_a_scheduled_job_whose_allocation_ended_well_is_left_as_it_is(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.by_hand(RELEASE, "exited", 0)
    ward.by_hand(RECOUNT)
    ward.too_late(ward.findings("job_running_no_alloc")[0])


def test_a_job_that_waits_for_its_worker_and_was_to_be_cancelled_is(ward: Ward) -> None:
    worker = ward.worker()
    ward.run(worker, ward.jobs(on_worker_loss="wait"))
    jobs.cancel(ward.db, [1])
    ward.silence(20)
    ward.by_hand("DELETE FROM allocations")
    ward.by_hand(EMPTY)
    ward.cure(ward.sole("job_running_no_alloc"))
    assert ward.state(1) == "cancelled"


def test_a_job_that_names_another_allocation_follows_its_own(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET allocation_id = 77")
    finding = ward.sole("job_running_no_alloc")
    assert finding.evidence["live_allocation_id"] == 1
    ward.cure(finding)
    assert ward.db.row("SELECT state, allocation_id FROM jobs") == ("running", 1)


def test_a_scheduled_job_whose_attempt_runs_is_running(ward: Ward) -> None:
    (order,), token = ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'scheduled'")
    ward.cure(ward.sole("job_running_no_alloc"))
    assert ward.state(1) == "running"
    ward.end(order, token)
    assert ward.state(1) == "completed"


def test_a_running_job_that_nobody_has_started_waits_again(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'running'")
    ward.cure(ward.sole("job_running_no_alloc"))
    assert ward.db.rows("SELECT status, release_reason FROM allocations") == [("released", "start_timeout")]
    assert ward.state(1) == "pending"


@pytest.mark.parametrize(
    "way", ["UPDATE jobs SET allocation_id = 77", "UPDATE jobs SET state = 'scheduled'", "DELETE FROM allocations"]
)
def test_a_job_that_agrees_by_now_is_left_alone(ward: Ward, way: LiteralString) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.by_hand("CREATE TABLE kept AS SELECT * FROM allocations")
    ward.by_hand(way)
    finding = next(each for each in ward.findings() if each.code == "job_running_no_alloc")
    ward.by_hand("UPDATE jobs SET allocation_id = 1, state = 'running'")
    if way.startswith("DELETE"):
        ward.by_hand("UPDATE jobs SET state = 'pending', allocation_id = NULL")
        ward.by_hand(EMPTY)
    ward.too_late(finding)
    ward.healthy()


def test_a_running_job_that_names_another_than_its_reservation_rests(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'running', allocation_id = 77")
    ward.cure(ward.sole("job_running_no_alloc"))
    assert ward.db.value("SELECT not_before > cluster_time() + interval '990 s' FROM jobs")


def test_what_was_started_once_is_not_taken_for_a_reservation(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE allocations SET status = 'reserved'")
    ward.by_hand(
        "UPDATE workers SET reserved_milli = allocated_milli, allocated_milli = 0,"
        " reserved_memory_mb = allocated_memory_mb, allocated_memory_mb = 0"
    )
    finding = ward.findings("job_running_no_alloc")[0]
    ward.too_late(finding)


def test_a_reservation_of_a_job_that_has_ended_is_released(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'failed', allocation_id = NULL, finished_at = now(), reason = 'by hand'")
    finding = ward.sole("alloc_on_terminal_job")
    assert finding.subject == "allocation:1"
    assert {"job:1", "worker:w1"} < set(finding.concerns)
    ward.cure(finding)
    assert ward.db.row("SELECT reserved_milli FROM workers") == (0,)


def test_an_attempt_of_a_job_that_has_ended_is_ended_by_its_agent_and_then_released(ward: Ward) -> None:
    (order,), token = ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'failed', allocation_id = NULL, finished_at = now(), reason = 'by hand'")
    asked = ward.sole("alloc_on_terminal_job")
    assert ward.mend(asked).fate == "done"
    assert ward.db.row("SELECT status, stop_outcome FROM allocations") == ("allocated", "cancelled")

    ward.too_late(asked)  # asked once is enough
    assert not ward.sole("alloc_on_terminal_job").fix.available
    ward.end(order, token, Outcome.CANCELLED)

    ward.cure(ward.sole("alloc_on_terminal_job"))
    assert ward.db.rows("SELECT status, release_reason FROM allocations") == [("released", "cancelled")]


def test_an_attempt_of_a_waiting_job_does_not_let_it_run_twice(ward: Ward) -> None:
    (order,), token = ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'pending', allocation_id = NULL")
    assert ward.mend(ward.sole("alloc_on_terminal_job")).fate == "done"
    assert ward.db.value("SELECT live FROM allocations")
    ward.end(order, token, Outcome.CANCELLED)
    ward.cure(ward.sole("alloc_on_terminal_job"))
    ward.reserve(ward.worker(), [1])
    assert ward.state(1) == "scheduled"


def test_the_report_of_another_start_proves_nothing(ward: Ward) -> None:
    (order,), _ = ward.run(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'pending', allocation_id = NULL")
    ward.end(order, "00000000-0000-0000-0000-000000000000", Outcome.CANCELLED)
    assert ward.sole("alloc_on_terminal_job").evidence["reported"] is None


def test_an_attempt_on_an_unheard_worker_is_not_released(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.silence(20)
    ward.by_hand("UPDATE jobs SET state = 'failed', allocation_id = NULL, finished_at = now(), reason = 'by hand'")
    finding = ward.findings("alloc_on_terminal_job")[0]
    assert not finding.fix.available
    assert finding.fix.command == "clusterctl worker w1 --confirm-dead"
    assert finding.fix.kind == "confirm_dead"


def test_what_its_job_holds_is_no_stray_whoever_asks(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs(2))
    ward.by_hand("UPDATE jobs SET state = 'pending', allocation_id = NULL WHERE id = 2")
    assert disagreements.release_strays(ward.db, [1, 2], "reserved", "start_timeout") == 1
    assert ward.states([1, 2]) == ["scheduled", "pending"]
    ward.check()


def test_an_attempt_that_was_released_by_now_is_left_alone(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'failed', allocation_id = NULL, finished_at = now(), reason = 'by hand'")
    finding = ward.sole("alloc_on_terminal_job")
    ward.db.run(RELEASE, "start_timeout", None)
    ward.too_late(finding)
    ward.healthy()


def test_rows_that_nothing_explains_are_shown_and_left_alone(ward: Ward) -> None:
    ward.finish(ward.worker(), ward.jobs()[0])
    ward.by_hand("UPDATE allocations SET exit_code = 3")
    finding = ward.sole("invariant_broken")
    assert (finding.severity, finding.subject) == ("critical", "job:1")
    assert "zero exit" in finding.sentence
    assert ward.mend(finding).fate == "refused"
