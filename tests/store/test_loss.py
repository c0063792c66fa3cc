"""Declaring what a silent worker held as lost: when, and when not."""

from __future__ import annotations

from functools import partial

import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.liveness import Standing
from clusterctl.model.selection import Selection
from clusterctl.model.states import FREE_RETURNS, LOSSES, Outcome
from clusterctl.store import administration, jobs, releases, workers
from tests.store.conftest import Connect
from tests.store.scene import Scene, registration
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until

FENCE = 900 + 30 + 60.0  # lease, grace, margin of a job that says nothing about them


def live_state(scene: Scene, name: str = "w1") -> str:
    return str(scene.db.value("SELECT live_state FROM workers WHERE name = %s", name))


def releases_of(scene: Scene, job: int) -> list[str | None]:
    return [
        row[0] for row in scene.db.rows("SELECT release_reason FROM allocations WHERE job_id = %s ORDER BY id", job)
    ]


def test_what_a_worker_held_is_lost_only_beyond_its_own_fence(scene: Scene) -> None:
    worker = scene.worker()
    (patient,) = scene.jobs()
    (hasty,) = scene.jobs(lease_s=60)
    scene.run(worker, [patient, hasty])
    silent = scene.silence(60 + 30 + 60)
    assert releases.lose(scene.db, scene.term, silent) == []
    (ended,) = releases.lose(scene.db, scene.term, {id: Standing(each.beat, 151) for id, each in silent.items()})
    assert (ended.job_id, ended.state) == (hasty, "pending")
    assert scene.states([patient, hasty]) == ["running", "pending"]
    (ended,) = releases.lose(scene.db, scene.term, {id: Standing(each.beat, FENCE + 1) for id, each in silent.items()})
    assert (ended.job_id, ended.state) == (patient, "pending")
    assert scene.db.value("SELECT detail FROM jobs WHERE id = %s", patient) == "worker w1 was not heard for 991 s"
    scene.check()


def test_a_loss_spends_no_retry_and_after_five_the_job_is_lost(scene: Scene) -> None:
    (job,) = scene.jobs(retries=0)
    for _ in range(5):
        scene.run(scene.worker(), [job])
        (ended,) = releases.lose(scene.db, scene.term, scene.silence(FENCE + 1))
        assert ended.state == "pending"
        scene.db.run("UPDATE jobs SET not_before = NULL")
    scene.run(scene.worker(), [job])
    (ended,) = releases.lose(scene.db, scene.term, scene.silence(FENCE + 1))
    assert ended.state == "lost"
    assert scene.db.row("SELECT failures, losses, reason FROM jobs") == (0, 6, "worker_lost")
    scene.check()


@pytest.mark.parametrize("wish, state", [("fail", "failed"), ("requeue", "pending")])
def test_a_job_may_wish_to_fail_instead(scene: Scene, wish: str, state: str) -> None:
    (job,) = scene.jobs(on_worker_loss=wish)
    scene.run(scene.worker(), [job])
    (ended,) = releases.lose(scene.db, scene.term, scene.silence(FENCE + 1))
    assert ended.state == state
    scene.check()


def test_a_job_that_waits_for_its_worker_is_never_lost(scene: Scene) -> None:
    (job,) = scene.jobs(on_worker_loss="wait")
    scene.run(scene.worker(), [job])
    silent = scene.silence(1e9)
    assert releases.lose(scene.db, scene.term, silent) == []
    assert releases.declare_lost(scene.db, scene.term, silent, FENCE) == []
    assert (scene.state(job), live_state(scene)) == ("running", "silent")


def test_a_cancelled_job_is_cancelled_by_the_loss(scene: Scene) -> None:
    (job,) = scene.jobs()
    scene.run(scene.worker(), [job])
    jobs.cancel(scene.db, [job])
    (ended,) = releases.lose(scene.db, scene.term, scene.silence(FENCE + 1))
    assert ended.state == "cancelled"
    scene.check()


def test_a_worker_that_beats_meanwhile_loses_nothing(scene: Scene, connect: Connect) -> None:
    worker = scene.worker()
    (job,) = scene.jobs()
    scene.run(worker, [job])
    silent = scene.silence(FENCE + 1)
    agent = connect()
    with agent.transaction():
        workers.sync(agent, worker.worker_id, worker.incarnation, None)
        thread, answer = in_background(partial(releases.lose, connect(), scene.term, silent))
        assert scene.state(job) == "running"
    thread.join(60)
    assert answer == [[]]
    assert (scene.state(job), live_state(scene)) == ("running", "up")
    assert releases.lose(scene.db, scene.term, silent) == []
    scene.check()


def test_an_end_that_comes_first_counts_and_one_that_comes_late_changes_nothing(scene: Scene) -> None:
    worker = scene.worker()
    early, late = scene.jobs(2)
    orders, token = scene.run(worker, [early, late])
    scene.end(orders[0], token, code=0)
    (ended,) = releases.lose(scene.db, scene.term, scene.silence(FENCE + 1))
    assert ended.job_id == late
    assert scene.end(orders[1], token, code=0) == []
    assert scene.states([early, late]) == ["completed", "pending"]
    assert scene.db.value("SELECT reason FROM audit WHERE verb = 'late_report'") == "exited"
    scene.check()


def test_only_the_leader_declares_a_loss(scene: Scene) -> None:
    scene.run(scene.worker(), scene.jobs())
    silent = scene.silence(FENCE + 1)
    with pytest.raises(Moved):
        releases.lose(scene.db, scene.term - 1, silent)
    with pytest.raises(Moved):
        releases.declare_lost(scene.db, scene.term - 1, silent, FENCE)
    scene.check()


def test_a_worker_is_lost_when_it_holds_nothing_and_is_let_in_again(scene: Scene) -> None:
    worker = scene.worker()
    (job,) = scene.jobs()
    orders, _ = scene.run(worker, [job])
    silent = scene.silence(FENCE + 1)
    assert releases.declare_lost(scene.db, scene.term, silent, FENCE) == []
    releases.lose(scene.db, scene.term, silent)
    assert releases.declare_lost(scene.db, scene.term, silent, FENCE + 1) == []
    assert releases.declare_lost(scene.db, scene.term, silent, FENCE) == ["w1"]
    assert live_state(scene) == "lost"
    with pytest.raises(Moved, match="declared lost"):
        workers.sync(scene.db, worker.worker_id, worker.incarnation, None)
    assert scene.worker().incarnation == 2
    assert live_state(scene) == "up"
    assert orders
    scene.check()


def test_many_who_lose_and_many_who_report_at_once_agree(scene: Scene, connect: Connect) -> None:
    worker = scene.worker(cpus=64)
    ids = scene.jobs(64)
    orders, token = scene.run(worker, ids)
    silent = scene.silence(FENCE + 1)
    reports = [partial(scene.end, order, token, code=0) for order in orders[:20]]
    # Each thread needs a connection of its own; the reports go one after another through the scene's.
    answers = at_once(
        *(partial(releases.lose, connect(), scene.term, silent) for _ in range(4)),
        lambda: [report() for report in reports],
    )
    assert not [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, Moved)]
    releases.lose(scene.db, scene.term, silent)
    assert set(scene.states(ids)) <= {"completed", "pending"}
    assert scene.db.value("SELECT reserved_milli + allocated_milli FROM workers") == 0
    scene.check()


def test_a_person_may_vouch_for_a_death(scene: Scene) -> None:
    worker = scene.worker()
    running, stubborn, reserved = scene.jobs(), scene.jobs(on_worker_loss="wait"), scene.jobs()
    scene.run(worker, [*running, *stubborn])
    scene.reserve(worker, reserved)
    (standing,) = scene.silence(1).values()
    confirm = partial(releases.confirm_dead, scene.db, "w1", worker.incarnation)
    with pytest.raises(Moved):
        confirm(standing.beat - 1, "it burned down")
    scene.check()
    ended = confirm(standing.beat, "it burned down")
    assert {each.state for each in ended} == {"pending"}
    assert len(ended) == 3
    assert releases_of(scene, running[0]) == releases_of(scene, stubborn[0]) == ["worker_lost"]
    assert releases_of(scene, reserved[0]) == ["start_timeout"]
    assert live_state(scene) == "lost"
    scene.check()


def test_nobody_can_vouch_for_the_death_of_a_worker_that_lives(scene: Scene) -> None:
    worker = scene.worker()
    (job,) = scene.jobs()
    scene.run(worker, [job])
    with pytest.raises(Moved):
        releases.confirm_dead(scene.db, "w1", worker.incarnation, scene.beats()[worker.worker_id], "")
    assert (scene.state(job), live_state(scene)) == ("running", "up")
    scene.check()


def test_a_late_reservation_may_be_released_by_anybody_and_one_in_time_by_nobody(scene: Scene) -> None:
    worker = scene.worker()
    scene.reserve(worker, scene.jobs(2))
    ids = [row[0] for row in scene.db.rows("SELECT id FROM allocations ORDER BY id")]
    assert releases.release_reserved(scene.db, ids) == []
    scene.db.run("SELECT set_config('clusterctl.now', (now() + interval '61 s')::text, false)")
    (ended,) = releases.release_reserved(scene.db, ids[:1])
    assert (ended.allocation_id, ended.state) == (ids[0], "pending")
    scene.check()


def test_what_was_started_before_the_machine_was_is_known_whoever_registers_since(scene: Scene) -> None:
    worker = scene.worker()
    scene.run(worker, scene.jobs())

    def rebooted(boot: str) -> list[bool]:
        me = workers.register(scene.db, registration("w1", 8, boot=boot))
        return [holding.rebooted for holding in workers.sync(scene.db, me.worker_id, me.incarnation, None).holdings]

    assert rebooted("boot") == [False]
    scene.silence(16)
    assert rebooted("next boot") == [True]
    assert rebooted("next boot") == [True]


def test_a_clone_of_a_machine_is_not_let_in_while_the_machine_is_heard(scene: Scene) -> None:
    worker = scene.worker()
    scene.run(worker, scene.jobs())
    with pytest.raises(Moved, match="still heard"):
        workers.register(scene.db, registration("w1", 8, boot="of the clone"))
    assert len(workers.sync(scene.db, worker.worker_id, worker.incarnation, None).holdings) == 1
    scene.silence(16)
    assert workers.register(scene.db, registration("w1", 8, boot="of the clone")).incarnation == 2


def test_a_clone_that_waits_is_not_let_in_after_an_outage_before_the_machine_has_beaten(scene: Scene) -> None:
    worker = scene.worker()
    scene.run(worker, scene.jobs())
    scene.db.run("SELECT set_config('clusterctl.now', (now() + interval '1 h')::text, false)")  # nobody could beat
    with pytest.raises(Moved, match="still heard"):
        workers.register(scene.db, registration("w1", 8, boot="of the clone"))
    assert len(workers.sync(scene.db, worker.worker_id, worker.incarnation, None).holdings) == 1


def test_a_machine_that_signed_off_is_let_in_at_once_after_its_reboot(scene: Scene) -> None:
    worker = scene.worker()
    workers.sign_off(scene.db, worker.worker_id, worker.incarnation)
    assert workers.register(scene.db, registration("w1", 8, boot="next boot")).incarnation == 2


def test_a_worker_in_trouble_gets_nothing_new_until_it_is_well(scene: Scene) -> None:
    worker = scene.worker()
    (job,) = scene.jobs()
    workers.sync(scene.db, worker.worker_id, worker.incarnation, None, "disk almost full")
    assert scene.reserve(worker, [job]) == []
    workers.sync(scene.db, worker.worker_id, worker.incarnation, None)
    assert len(scene.reserve(worker, [job])) == 1


def test_a_black_hole_is_drained_unless_there_is_nobody_else(scene: Scene) -> None:
    hole = scene.worker("hole")
    drain = partial(administration.drain_black_hole, scene.db, hole.worker_id, hole.incarnation, "3 jobs did not start")
    assert not drain()
    scene.worker("other")
    assert drain()
    assert not drain()
    assert scene.db.row("SELECT actor, verb, subject FROM audit") == ("worker hole", "drain", "worker:hole")
    assert scene.db.row("SELECT admin_state, admin_reason FROM workers WHERE name = 'hole'") == (
        "draining",
        "3 jobs did not start",
    )


def test_of_two_black_holes_at_once_one_stays_open(scene: Scene, connect: Connect) -> None:
    holes = [scene.worker("hole1"), scene.worker("hole2")]
    fall = administration.drain_black_hole
    drains = [partial(fall, connect(), hole.worker_id, hole.incarnation, "-") for hole in holes]
    watch = connect()  # what others wait for is seen once in each transaction
    with scene.db.transaction():  # while one asks in a transaction that is not over, the other does too
        assert administration.drain_black_hole(scene.db, holes[0].worker_id, holes[0].incarnation, "-")
        thread, answer = in_background(drains[1])
        until(lambda: answer or waits_for_a_lock(watch), what="the other to ask")
    thread.join(30)
    assert answer == [False]
    assert scene.db.rows("SELECT name FROM workers WHERE admin_state = 'open'") == [("hole2",)]
    for _ in range(20):
        scene.db.run("UPDATE workers SET admin_state = 'open'")
        assert {*at_once(*drains)} == {False, True}


def test_the_ways_to_blame_a_worker_are_those_of_the_model(scene: Scene) -> None:
    for outcome in Outcome:
        assert scene.db.row("SELECT is_loss(%s), is_free_return(%s)", outcome.value, outcome.value) == (
            outcome in LOSSES,
            outcome in FREE_RETURNS,
        )


def test_a_job_on_a_silent_worker_says_so_and_what_will_become_of_it(scene: Scene) -> None:
    worker = scene.worker()
    fenced, waiting = scene.jobs(), scene.jobs(on_worker_loss="wait")
    scene.run(worker, [*fenced, *waiting])
    scene.silence(60)
    told = {job.id: (job.reason, job.detail) for job in jobs.read(scene.db, Selection(), 10)}
    silent = "worker w1 is silent: no heartbeat; it is declared lost "
    assert told[fenced[0]] == ("worker_silent", silent + "after 990 s of silence")
    assert told[waiting[0]] == ("worker_silent", silent + "only by hand")
