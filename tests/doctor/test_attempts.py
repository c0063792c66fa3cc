"""Reservations that nobody starts, attempts that nobody runs, workers that nobody hears."""

from __future__ import annotations

import pytest

from clusterctl.model.orders import Usage
from clusterctl.model.registration import Measures, Registered
from clusterctl.model.states import AllocationStatus, Outcome
from clusterctl.store import history, releases, workers
from tests.doctor.ward import Ward
from tests.store.scene import registration

MEASURES = Measures(used_milli=100, memory_mb=10, load1=0.1)


def rounds_go_on(ward: Ward) -> None:
    """Without this, a job that waits again is one more finding: the scene's leader is no schedd."""
    ward.db.run("UPDATE leader SET decided_at = cluster_time(), renewed_at = cluster_time()")


def test_a_reservation_that_was_not_started_in_time_is_released(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs(cpus=4))
    ward.later(59)
    assert ward.findings() == []
    ward.later(5)
    finding = ward.sole("reserved_expired")
    assert (finding.subject, finding.stuck, finding.severity) == ("allocation:1", True, "warning")
    assert finding.concerns == ("allocation:1", "job:1", "worker:w1")
    assert finding.since == ward.db.value("SELECT start_by FROM allocations")
    assert "4 CPUs of w1 held for job 1" in finding.sentence
    assert "w1 (not heard for 1m04s) did not start in time" in finding.sentence, "nobody leads who could call it silent"
    assert finding.evidence["heard_at"] is not None
    rounds_go_on(ward)
    ward.cure(finding)
    assert ward.db.row("SELECT state, failures, losses FROM jobs") == ("pending", 0, 0)


def test_a_reservation_that_is_started_at_the_last_moment_is_not_released(ward: Ward) -> None:
    worker = ward.worker()
    ward.reserve(worker, ward.jobs())
    ward.later(70)
    finding = ward.sole("reserved_expired")
    ward.start(worker)
    ward.too_late(finding)
    assert ward.state(1) == "running"
    ward.healthy()


def look_at_oneself(ward: Ward, worker: Registered, *seen: int, times: int = 3) -> None:
    """The agent beats and measures itself, and these allocations."""
    for _ in range(times):
        ward.later(30)
        workers.sync(ward.db, worker.worker_id, worker.incarnation, MEASURES)
        history.sample(ward.db, worker.worker_id, MEASURES, {id: Usage(processes=1) for id in seen})


def test_an_attempt_that_its_agent_does_not_run_is_ended_by_that_agent(ward: Ward) -> None:
    worker = ward.worker()
    ward.run(worker, ward.jobs(2))
    look_at_oneself(ward, worker, 1, times=2)
    assert ward.findings() == []
    look_at_oneself(ward, worker, 1, times=1)
    finding = ward.sole("allocated_no_process")
    assert (finding.subject, finding.severity) == ("allocation:2", "critical")
    assert ward.mend(finding).fate == "done"

    holdings = workers.sync(ward.db, worker.worker_id, worker.incarnation, MEASURES).holdings
    (asked,) = [holding for holding in holdings if holding.stop]
    assert (asked.allocation_id, asked.stop, asked.status) == (2, Outcome.WORKER_STOPPED, AllocationStatus.ALLOCATED)
    assert not ward.sole("allocated_no_process").fix.available, "it holds its CPUs until the agent has answered"

    order, token = ward.order(2)
    ward.end(order, token, Outcome.WORKER_STOPPED)
    rounds_go_on(ward)
    ward.healthy()
    assert ward.db.row("SELECT state, losses, failures FROM jobs WHERE id = 2") == ("pending", 0, 0)


def test_an_attempt_that_has_ended_is_not_asked_to_end(ward: Ward) -> None:
    worker = ward.worker()
    (order,), token = ward.run(worker, ward.jobs())
    look_at_oneself(ward, worker)
    finding = ward.sole("allocated_no_process")
    ward.end(order, token)
    ward.too_late(finding)
    ward.healthy()


def test_an_agent_that_came_back_lately_has_time_to_look(ward: Ward) -> None:
    worker = ward.worker()
    ward.run(worker, ward.jobs())
    look_at_oneself(ward, worker, times=2)
    again = ward.worker()
    look_at_oneself(ward, again, times=2)
    assert ward.findings() == []
    look_at_oneself(ward, again, times=1)
    assert ward.codes() == ["allocated_no_process"]


def reboot(ward: Ward) -> Registered:
    """The machine of ``w1`` is started anew, and its agent registers."""
    ward.silence(20)  # it is not believed of one that is heard
    return workers.register(ward.db, registration("w1", 8, boot="another boot"))


def test_what_a_reboot_has_ended_is_released_if_the_agent_does_not_say_so(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    reboot(ward)
    assert ward.findings() == []
    ward.later(16)
    finding = ward.sole("alloc_on_dead_incarnation")
    assert (finding.subject, finding.evidence["incarnation"]) == ("allocation:1", 1)
    ward.cure(finding)
    assert ward.db.row("SELECT release_reason FROM allocations") == ("worker_rebooted",)
    assert ward.db.row("SELECT state, losses FROM jobs") == ("pending", 1)


def test_a_new_agent_of_the_same_boot_goes_on_with_what_the_old_one_left(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.worker()
    ward.later(60)
    assert ward.findings() == []


def test_what_was_started_under_this_boot_is_never_released_as_rebooted(ward: Ward) -> None:
    _, token = ward.run(ward.worker(), ward.jobs())
    again = ward.worker()
    assert releases.release_rebooted(ward.db, 1, token, again.incarnation) == []
    assert ward.state(1) == "running"


def test_what_the_agent_has_reported_meanwhile_is_not_released_again(ward: Ward) -> None:
    (order,), token = ward.run(ward.worker(), ward.jobs())
    reboot(ward)
    ward.later(16)
    finding = ward.sole("alloc_on_dead_incarnation")
    ward.end(order, token, Outcome.WORKER_REBOOTED)
    ward.too_late(finding)
    ward.healthy()


def test_what_an_unheard_worker_holds_is_given_up_by_its_fence_or_by_a_person(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    standing = ward.silence(20)
    finding = ward.sole("dead_worker_jobs")
    assert (finding.subject, finding.severity) == ("worker:w1", "info")
    assert "job:1" in finding.concerns
    assert "given up after 16m30s of silence" in finding.sentence
    assert finding.fix.command == "clusterctl worker w1 --confirm-dead"
    assert finding.fix.kind == "confirm_dead"
    before = ward.rows()
    assert ward.mend(finding).fate == "refused"
    assert ward.rows() == before

    (beat,) = (each.beat for each in standing.values())
    releases.confirm_dead(ward.db, "w1", 1, beat, "a person said so")
    ward.healthy()
    assert ward.state(1) == "pending"


def test_that_jobs_wait_for_their_worker_is_a_warning(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs(on_worker_loss="wait"))
    ward.silence(20)
    finding = ward.sole("dead_worker_jobs")
    assert finding.severity == "warning"
    assert "--on-worker-loss wait" in finding.sentence


def test_that_most_workers_are_silent_at_once_is_the_worse_finding(ward: Ward) -> None:
    for number in range(4):
        ward.run(ward.worker(f"w{number}"), ward.jobs())
    ward.silence(20)
    found = ward.findings()
    assert {finding.code for finding in found} == {"dead_worker_jobs"}
    assert {finding.severity for finding in found} == {"critical"}
    assert found[0].evidence["mass_loss_hold"] is True


def test_a_worker_that_signed_off_is_named_so(ward: Ward) -> None:
    worker = ward.worker()
    ward.run(worker, ward.jobs())
    workers.sign_off(ward.db, worker.worker_id, worker.incarnation)
    assert "w1 signed off and holds 1 CPU for 1 job" in ward.sole("dead_worker_jobs").sentence


@pytest.mark.parametrize("state", ["silent", "lost"])
def test_an_unheard_worker_that_holds_nothing_is_no_finding(ward: Ward, state: str) -> None:
    ward.worker()
    ward.db.run("UPDATE workers SET live_state = %s", state)
    ward.healthy()
