"""held, pending again, stopped to run anew, submitted again: the steps that operators ask for."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from clusterctl.model.selection import Selection
from clusterctl.model.spec import After, Spec
from clusterctl.model.states import Outcome
from clusterctl.store import allocations, choice, job_steps, jobs, releases, resubmissions, workers
from tests.store.conftest import Connect
from tests.store.scene import Scene, end, new_token
from tests.store.service import serve
from tests.store.threads import in_background, waits_for_a_lock
from tests.until import until

# What a new job has of its own, and not of the one that has ended.
ANEW = {
    "id", "submission_id", "user", "array_id", "state", "reason", "detail", "attempt", "failures", "losses", "unmet",
    "not_before", "allocation_id", "cancel_requested_at", "submitted_at", "scheduled_at", "started_at", "finished_at",
    "exit_code", "signal",
}  # fmt: skip


def test_a_waiting_job_is_held_and_a_reservation_is_given_back(scene: Scene) -> None:
    waiting, reserved = scene.jobs(2)
    worker = scene.worker()
    scene.reserve(worker, [reserved])
    assert job_steps.hold(scene.db, [waiting, reserved, 99], "held by ada: why") == [waiting, reserved]
    assert scene.states([waiting, reserved]) == ["held", "held"]
    given_back = scene.db.row("SELECT status, release_reason, detail FROM allocations")
    assert given_back == ("released", "held", "held by ada: why")
    assert scene.db.value("SELECT reserved_milli FROM workers") == 0
    (told,) = jobs.read(scene.db, Selection(ranges=((reserved, reserved),)), 1)
    assert (told.reason, told.detail) == ("held", "held by ada: why")
    assert scene.start(worker)[0] == []
    scene.check()


def test_what_runs_is_held_or_has_ended_is_not_held_again(scene: Scene) -> None:
    worker = scene.worker()
    running, held, ended = scene.jobs(3)
    scene.finish(worker, ended)
    scene.run(worker, [running])
    job_steps.hold(scene.db, [held], "first")
    assert job_steps.hold(scene.db, [running, held, ended], "second") == []
    assert scene.states([running, held, ended]) == ["running", "held", "completed"]
    assert scene.db.value("SELECT detail FROM jobs WHERE id = %s", held) == "first"
    scene.check()


def test_a_released_job_waits_again_for_all_that_it_waited_for(scene: Scene) -> None:
    (parent,) = scene.jobs()
    (child,) = scene.jobs(after=(After(parent),))
    (failed,) = scene.jobs(retries=1)
    scene.finish(scene.worker(), failed, code=1)
    assert job_steps.hold(scene.db, [child, failed], "held") == [child, failed]
    assert job_steps.release(scene.db, [parent, child, failed]) == [child, failed]
    sql = "SELECT unmet, not_before IS NOT NULL, ready, reason FROM jobs WHERE id = ANY (%s) ORDER BY id"
    assert scene.db.rows(sql, [child, failed]) == [(1, False, False, None), (0, True, False, None)]
    scene.check()


def test_a_job_submitted_with_hold_says_so(scene: Scene) -> None:
    (job,) = scene.jobs(hold=True)
    (told,) = jobs.read(scene.db, Selection(), 1)
    assert (told.reason, told.detail) == ("held", "held since it was submitted")
    assert scene.db.value("SELECT reason FROM v_queue") == "held"
    assert job_steps.release(scene.db, [job]) == [job]


def test_a_running_job_is_stopped_and_waits_again_at_no_cost(scene: Scene) -> None:
    worker = scene.worker()
    (job,) = scene.jobs(retries=1)
    (order,), token = scene.run(worker, [job])
    assert job_steps.restart(scene.db, [job], "stopped to run again by ada") == [job]
    assert job_steps.restart(scene.db, [job], "again") == []
    (holding,) = workers.sync(scene.db, worker.worker_id, worker.incarnation, None).holdings
    assert holding.stop is Outcome.REQUEUED
    (told,) = jobs.read(scene.db, Selection(), 1)
    assert (told.state, told.reason, told.detail) == ("running", "requeued", "stopped to run again by ada")
    scene.end(order, token, Outcome.REQUEUED)
    row = scene.db.row("SELECT state, failures, losses, not_before, attempt, reason FROM jobs")
    assert row == ("pending", 0, 0, None, 1, None)
    scene.check()


def test_a_reservation_is_taken_back_and_spends_nothing(scene: Scene) -> None:
    worker = scene.worker()
    running, reserved, waiting = scene.jobs(3)
    scene.run(worker, [running])
    scene.reserve(worker, [reserved])
    assert job_steps.withdraw(scene.db, [running, reserved, waiting, 99], "taken back by ada") == [reserved]
    assert scene.states([running, reserved, waiting]) == ["running", "pending", "pending"]
    row = scene.db.row("SELECT failures, losses, not_before, reason, detail FROM jobs WHERE id = %s", reserved)
    assert row == (0, 0, None, None, "taken back by ada")
    assert scene.db.row("SELECT reserved_milli, allocated_milli FROM workers") == (0, 1000)
    assert scene.start(worker)[0] == []
    assert scene.db.value("SELECT reason FROM claims WHERE event = 'Released'") == "requeued"
    scene.check()


def test_what_has_been_placed_since_it_was_asked_for_stays(scene: Scene) -> None:
    (job,) = scene.jobs()
    newest = job_steps.newest_allocation(scene.db)
    scene.reserve(scene.worker(), [job])
    assert job_steps.withdraw(scene.db, [job], "taken back", newest) == []
    assert job_steps.withdraw(scene.db, [job], "taken back") == [job]


def test_a_look_under_lock_sees_what_a_look_sees(scene: Scene) -> None:
    worker = scene.worker()
    ids = [*scene.jobs(2), *serve(scene, 2)]
    scene.run(worker, [ids[0], ids[2]])
    scene.reserve(worker, [ids[1]])
    job_steps.halt(scene.db, [ids[2]], "held")
    jobs.cancel(scene.db, [ids[0], ids[3]])
    assert job_steps.look_and_lock(scene.db, [*ids, 99]) == job_steps.look(scene.db, ids)


def test_a_look_under_lock_waits_for_who_writes_and_sees_it(scene: Scene, connect: Connect) -> None:
    worker, (job,), leader = scene.worker(), scene.jobs(), connect()
    with leader.transaction():
        scene.reserve(worker, [job], leader)
        thread, answer = in_background(partial(job_steps.look_and_lock, connect(), [job]))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    (looked,) = answer
    assert isinstance(looked, list)
    assert [(seen.state, seen.allocation, seen.worker) for seen in looked] == [("scheduled", 1, None)]


def test_what_has_begun_since_it_was_asked_for_goes_on(scene: Scene) -> None:
    (job,) = scene.jobs()
    newest = job_steps.newest_allocation(scene.db)
    (order,), _ = scene.run(scene.worker(), [job])
    assert job_steps.restart(scene.db, [job], "again", newest) == []
    assert job_steps.newest_allocation(scene.db) == order.allocation_id > newest
    assert job_steps.restart(scene.db, [job], "again", order.allocation_id) == [job]


def test_a_job_that_is_to_run_again_and_exits_with_zero_before_is_completed(scene: Scene) -> None:
    (job,) = scene.jobs()
    (order,), token = scene.run(scene.worker(), [job])
    job_steps.restart(scene.db, [job], "again")
    scene.end(order, token)
    assert scene.state(job) == "completed"
    scene.check()


def test_whoever_cancels_what_is_to_run_again_is_obeyed(scene: Scene) -> None:
    (job,) = scene.jobs()
    worker = scene.worker()
    (order,), token = scene.run(worker, [job])
    job_steps.restart(scene.db, [job], "again")
    assert jobs.cancel(scene.db, [job], "cancelled by ada: no")[0].outcome == "stopping"
    assert job_steps.restart(scene.db, [job], "again") == []
    (holding,) = workers.sync(scene.db, worker.worker_id, worker.incarnation, None).holdings
    assert holding.stop is Outcome.CANCELLED
    scene.end(order, token, Outcome.REQUEUED)
    row = scene.db.row("SELECT state, reason, detail FROM jobs")
    assert row == ("cancelled", "cancelled", "cancelled by ada: no")
    scene.check()


def test_a_job_that_is_placed_while_it_is_held_is_left_to_the_next_look(scene: Scene, connect: Connect) -> None:
    worker, (job,), leader = scene.worker(), scene.jobs(), connect()
    with leader.transaction():
        assert scene.reserve(worker, [job], leader)
        thread, answer = in_background(partial(job_steps.hold, connect(), [job], "held"))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(10)
    assert answer == [[]]
    assert scene.state(job) == "scheduled"
    assert job_steps.hold(scene.db, [job], "held") == [job]
    scene.check()


def test_of_a_start_and_a_hold_at_once_one_wins(scene: Scene, connect: Connect) -> None:
    worker, (job, other), operator = scene.worker(), scene.jobs(2), connect()
    scene.reserve(worker, [job])
    with operator.transaction():
        assert job_steps.hold(operator, [job], "held") == [job]
        begin = partial(allocations.start, connect(), worker.worker_id, worker.incarnation, new_token(), 1)
        thread, answer = in_background(begin)
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(10)
    assert answer == [[]]
    assert scene.state(job) == "held"
    scene.reserve(worker, [other])
    with operator.transaction():
        assert allocations.start(operator, worker.worker_id, worker.incarnation, new_token(), 1)
        thread, answer = in_background(partial(job_steps.hold, connect(), [other], "held"))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(10)
    assert answer == [[]]
    assert scene.state(other) == "running"
    scene.check()


def test_what_has_ended_is_submitted_again_with_all_its_wishes(scene: Scene) -> None:
    worker = scene.worker()
    wishes: dict[str, Any] = {
        "name": "n", "tenant": "physics", "priority": 7, "time_limit_s": 60, "retries": 3, "labels": {"gpu": "a"},
        "worker": "w1", "on_worker_loss": "fail", "lease_s": 120, "user": "ada", "array_limit": 2,
        "spec": Spec(command=("sh", "-s"), script="exit 1\n", env={"A": "b"}, cwd="/tmp"),
    }  # fmt: skip
    ids = scene.jobs(3, **wishes)
    for job in ids[1:]:
        scene.finish(worker, job, Outcome.TIME_LIMIT, None)
    made = resubmissions.resubmit(scene.db, ids, "eve", uuid4().hex)
    assert made == {ids[1]: 4, ids[2]: 5}
    columns = [
        row[0]
        for row in scene.db.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'jobs' AND is_generated = 'NEVER'"
        )
    ]
    assert set(columns) >= ANEW
    kept = [column for column in columns if column not in ANEW]
    for old, new in made.items():
        rows = [scene.db.row("SELECT to_jsonb(j) FROM jobs j WHERE id = %s", id) for id in (old, new)]
        before, after = (row[0] for row in rows if row)
        assert {column: before[column] for column in kept} == {column: after[column] for column in kept}
        assert (after["state"], after["attempt"], after["user"], after["array_id"]) == ("pending", 0, "eve", 4)
    first, again = scene.db.rows("SELECT spec::text, script, tenant FROM submissions ORDER BY id")
    assert first == again
    scene.check()


def test_jobs_of_several_submissions_are_submitted_again_as_several(scene: Scene) -> None:
    worker = scene.worker()
    array, single, other = scene.jobs(3), scene.jobs(), scene.jobs(2)
    for job in (array[0], array[2], *single, other[1]):
        scene.finish(worker, job, code=1)
    made = resubmissions.resubmit(scene.db, [*array, *single, *other, 99], "eve", uuid4().hex)
    assert made == {array[0]: 7, array[2]: 8, single[0]: 9, other[1]: 10}
    rows = scene.db.rows("SELECT id, array_id, array_index FROM jobs WHERE id > 6 ORDER BY id")
    assert rows == [(7, 7, 0), (8, 7, 2), (9, None, None), (10, 10, 1)]
    assert scene.db.rows("SELECT first_job_id, jobs FROM submissions ORDER BY id")[3:] == [(7, 2), (9, 1), (10, 1)]
    assert resubmissions.resubmit(scene.db, [], "eve", uuid4().hex) == {}
    assert choice.ids(scene.db, Selection(array_id=7), 10) == [7, 8]
    scene.check()


def test_a_new_job_waits_for_nobody_although_the_old_one_did(scene: Scene) -> None:
    (parent,) = scene.jobs()
    (child,) = scene.jobs(after=(After(parent, "notok"),))
    scene.finish(scene.worker(), parent)
    assert scene.state(child) == "cancelled"
    (new,) = resubmissions.resubmit(scene.db, [child], "eve", uuid4().hex).values()
    assert scene.db.row("SELECT ready, unmet FROM jobs WHERE id = %s", new) == (True, 0)
    scene.check()


@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.REQUEUED])
def test_the_claim_log_tells_of_what_was_given_back(scene: Scene, outcome: Outcome) -> None:
    (job,) = scene.jobs()
    (order,), token = scene.run(scene.worker(), [job])
    releases.end(scene.db, "w", [end(order.allocation_id, token, outcome)])
    assert scene.db.value("SELECT reason FROM claims WHERE event = 'Released'") == outcome
    assert scene.state(job) == ("held" if outcome is Outcome.HELD else "pending")


def test_ten_thousand_jobs_are_held_released_and_submitted_again_in_batches(scene: Scene) -> None:
    ids = scene.jobs(10_000)
    assert len(job_steps.hold(scene.db, ids, "held")) == 10_000
    assert len(job_steps.release(scene.db, ids)) == 10_000
    jobs.cancel(scene.db, ids)
    made = resubmissions.resubmit(scene.db, ids, "eve", uuid4().hex)
    assert list(made.values()) == list(range(10_001, 20_001))
    scene.check()
