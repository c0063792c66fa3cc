"""The obvious ways to do it wrong, each as a race that the store must win."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import psycopg
import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.orders import Order
from clusterctl.model.states import Outcome
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, jobs, releases, workers
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.refusal import STALE_LEADER, refused
from tests.store.scene import Scene, new_token, starts
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until


def test_summing_up_first_and_inserting_then_would_overbook(scene: Scene, database: str) -> None:
    """The wrong way itself, so that the right way below is known to be tested against something."""
    scene.db.script("CREATE TABLE naive (job int, cpus int)")
    looked = threading.Barrier(2)

    def place(job: int) -> None:
        with psycopg.connect(database) as connection:
            used = connection.execute("SELECT coalesce(sum(cpus), 0) FROM naive").fetchone()
            looked.wait(60)
            if used is not None and used[0] + 8 <= 8:
                connection.execute("INSERT INTO naive VALUES (%s, 8)", [job])

    at_once(partial(place, 1), partial(place, 2))
    assert scene.db.value("SELECT sum(cpus) FROM naive") == 16


def test_eight_leaders_threads_never_reserve_more_than_there_is(scene: Scene, connect: Connect) -> None:
    worker = scene.worker(cpus=16)
    waiting = scene.jobs(10, cpus=8)
    answers = at_once(*(partial(scene.reserve, worker, waiting, connect()) for _ in range(8)))
    granted = [each.job_id for answer in answers if not isinstance(answer, Exception) for each in answer]
    assert sorted(granted) == sorted(set(granted))
    assert len(granted) == 2
    assert all(isinstance(answer, list | Moved) for answer in answers), answers
    assert scene.states(waiting).count("scheduled") == 2
    scene.check()


def test_cpus_are_not_pooled_over_workers(scene: Scene) -> None:
    first, second = scene.worker("w1", cpus=8), scene.worker("w2", cpus=8)
    (job,) = scene.jobs(cpus=12)
    assert scene.reserve(first, [job]) == scene.reserve(second, [job]) == []
    assert scene.state(job) == "pending"


def test_what_is_reserved_counts_before_it_has_started(scene: Scene) -> None:
    worker = scene.worker(cpus=8)
    first, second = scene.jobs(cpus=8), scene.jobs(cpus=8)
    assert scene.reserve(worker, first)
    assert scene.reserve(worker, second) == []


def test_two_agents_with_the_same_incarnation_start_each_job_once(scene: Scene, connect: Connect) -> None:
    worker = scene.worker(cpus=64)
    scene.reserve(worker, scene.jobs(50))

    def start_all(db: Database) -> list[Order]:
        return allocations.start(db, worker.worker_id, worker.incarnation, new_token(), 100)

    answers = at_once(*(partial(start_all, connect()) for _ in range(4)))
    won = [order.allocation_id for answer in answers if not isinstance(answer, Exception) for order in answer]
    assert len(won) == len(set(won)) == 50
    scene.check()


def test_a_lost_answer_to_start_is_recalled_by_its_token(scene: Scene) -> None:
    worker = scene.worker()
    scene.reserve(worker, scene.jobs(3))
    token = new_token()
    won = allocations.start(scene.db, worker.worker_id, worker.incarnation, token, 2)
    again = allocations.recall(scene.db, worker.worker_id, [new_token(), token])
    assert again == [(order, token) for order in won]
    assert allocations.recall(scene.db, worker.worker_id, []) == []
    held = workers.sync(scene.db, worker.worker_id, worker.incarnation, None).holdings
    assert [holding.start_token for holding in held] == [token, token, None]


def test_cancelling_what_is_just_being_started_stops_it_by_its_agent(scene: Scene, connect: Connect) -> None:
    worker, (job,), agent = scene.worker(), scene.jobs(), connect()
    scene.reserve(worker, [job])
    with agent.transaction():
        assert allocations.start(agent, worker.worker_id, worker.incarnation, new_token(), 1)
        thread, answer = in_background(partial(jobs.cancel, connect(), [job]))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    (cancelled,) = answer[0] if isinstance(answer[0], list) else pytest.fail(str(answer))
    assert cancelled.outcome == "stopping"
    (held,) = workers.sync(scene.db, worker.worker_id, worker.incarnation, None).holdings
    assert held.stop is Outcome.CANCELLED
    scene.check()


def test_what_was_cancelled_before_it_started_is_not_started(scene: Scene, connect: Connect) -> None:
    worker, (job,), operator = scene.worker(), scene.jobs(), connect()
    scene.reserve(worker, [job])
    with operator.transaction():
        assert jobs.cancel(operator, [job])[0].outcome == "cancelled"
        thread, answer = in_background(
            partial(allocations.start, connect(), worker.worker_id, worker.incarnation, new_token(), 1)
        )
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    assert answer == [[]]
    assert scene.state(job) == "cancelled"
    scene.check()


def test_cancelling_what_is_just_being_placed_is_said_to_have_missed_and_works_the_next_time(
    scene: Scene, connect: Connect
) -> None:
    worker, (job,), leader = scene.worker(), scene.jobs(), connect()
    with leader.transaction():
        assert scene.reserve(worker, [job], leader)
        thread, answer = in_background(partial(jobs.cancel, connect(), [job]))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    assert isinstance(answer[0], Moved)
    assert jobs.cancel(scene.db, [job])[0].outcome == "cancelled"
    scene.check()


def test_what_was_cancelled_while_it_was_being_placed_is_a_claim_conflict(scene: Scene, connect: Connect) -> None:
    worker, (job,), operator = scene.worker(), scene.jobs(), connect()
    with operator.transaction():
        jobs.cancel(operator, [job])
        thread, answer = in_background(partial(scene.reserve, worker, [job], connect()))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    assert answer == [[]]
    scene.check()


def test_a_worker_that_drains_while_a_job_is_placed_on_it_does_not_get_it(scene: Scene, connect: Connect) -> None:
    worker, (job,), operator = scene.worker(), scene.jobs(), connect()
    with operator.transaction():
        operator.run("UPDATE workers SET admin_state = 'draining'")
        thread, answer = in_background(partial(scene.reserve, worker, [job], connect()))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    assert answer == [[]]
    assert scene.state(job) == "pending"


def test_a_start_in_the_last_moment_and_its_timing_out_never_both_happen(scene: Scene, connect: Connect) -> None:
    worker = scene.worker(cpus=64)
    scene.reserve(worker, scene.jobs(40))
    scene.db.run("SET clusterctl.now = '2100-01-01'")
    agent = connect()
    answers = at_once(
        partial(allocations.start, agent, worker.worker_id, worker.incarnation, new_token(), 20),
        partial(releases.expire_starts, scene.db, scene.term, 500),
    )
    started, expired = answers
    assert isinstance(started, list)
    assert isinstance(expired, list)
    assert len(started) + len(expired) == 40
    assert not {each.job_id for each in started} & {each.job_id for each in expired}
    scene.check()


def test_what_was_not_started_in_time_waits_again_and_spends_nothing(scene: Scene) -> None:
    scene.reserve(scene.worker(), scene.jobs())
    assert releases.expire_starts(scene.db, scene.term) == []
    scene.db.run("SELECT set_config('clusterctl.now', (now() + interval '61 s')::text, false)")
    (expired,) = releases.expire_starts(scene.db, scene.term)
    assert expired.state == "pending"
    assert scene.db.row("SELECT failures, losses, not_before FROM jobs") == (0, 0, None)
    scene.check()


def test_a_job_that_rests_is_not_placed_even_by_an_old_plan(scene: Scene) -> None:
    worker = scene.worker()
    (order,), token = scene.run(worker, scene.jobs(retries=1))
    scene.end(order, token, code=1)
    assert scene.state(order.job_id) == "pending"
    assert scene.reserve(worker, [order.job_id]) == []
    assert jobs.wake(scene.db, scene.term) == 0
    scene.db.run("SELECT set_config('clusterctl.now', (now() + interval '400 s')::text, false)")
    assert jobs.wake(scene.db, scene.term) == 1
    assert len(scene.reserve(worker, [order.job_id])) == 1


def test_waking_waits_for_nobody(scene: Scene, connect: Connect) -> None:
    ids = scene.jobs(2)
    scene.db.run("UPDATE jobs SET not_before = '2000-01-01'")
    other = connect()
    with other.transaction():
        other.run("UPDATE jobs SET detail = 'being changed' WHERE id = %s", ids[0])
        assert jobs.wake(scene.db, scene.term) == 1
    assert jobs.wake(scene.db, scene.term) == 1


def test_a_name_is_not_given_away_while_its_worker_holds_something(scene: Scene, connect: Connect) -> None:
    worker, (job,), leader = scene.worker(), scene.jobs(), connect()
    stranger = Scene(connect())
    scene.term = stranger.term
    with leader.transaction():
        scene.reserve(worker, [job], leader)
        leader.run("UPDATE workers SET live_state = 'silent'")
        thread, answer = in_background(partial(stranger.worker, "w1", 8, agent=new_token()))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    assert type(answer[0]).__name__ == "NameTaken"
    scene.check()


@pytest.mark.parametrize(
    "write",
    [
        lambda scene, worker, job: allocations.reserve(scene.db, scene.term, 1, starts(worker, [job]), Timers()),
        lambda scene, worker, job: releases.expire_starts(scene.db, scene.term),
        lambda scene, worker, job: workers.silence(scene.db, scene.term, {worker.worker_id: 0}),
        lambda scene, worker, job: jobs.wake(scene.db, scene.term),
    ],
    ids=["reserve", "expire_starts", "silence", "wake"],
)
def test_everything_that_an_old_leader_writes_is_refused(
    scene: Scene, connect: Connect, write: Callable[[Scene, object, int], object]
) -> None:
    worker, (job,) = scene.worker(), scene.jobs()
    write(scene, worker, 0)
    Scene(connect())
    with refused(STALE_LEADER):
        write(scene, worker, job)
    assert scene.state(job) == "pending"
