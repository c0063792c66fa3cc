"""Deeds upon jobs: what is proposed, and that it is done to these jobs in this version, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from clusterctl import operations
from clusterctl.model.registration import Registered
from clusterctl.model.states import Outcome as Outcomes
from clusterctl.store import allocations, history, jobs, mends
from tests.console.proposing import FAILED, HELD, PENDING, RUNNING, SCHEDULED, Desks, asides, fates
from tests.store.conftest import Connect, connect
from tests.store.scene import new_token
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until

__all__ = ["connect"]

Meddle = Callable[[Desks, Registered, int], object]


DONE = {
    "cancel": ({1: "cancelled", 2: "cancelled", 3: "cancelled", 4: "running"}, {5}),
    "hold": ({2: "held", 3: "held"}, {1, 4, 5}),
    "release": ({1: "pending"}, {2, 3, 4, 5}),
    "requeue": ({3: "pending", 4: "running", 5: "failed"}, {1, 2}),
}


@pytest.mark.parametrize("verb", DONE)
def test_what_was_proposed_is_done_and_what_is_left_was_said(desks: Desks, five: Registered, verb: str) -> None:
    after, left = DONE[verb]
    proposal = desks.propose(verb, *range(1, 6), 99)
    assert set(asides(proposal)) == {f"job:{job}" for job in {*left, 99}}
    assert asides(proposal)["job:99"] == "there is no such job"
    assert desks.carry_out(proposal) == {f"job:{job}": "done" for job in after}
    assert {job: desks.state(job) for job in after} == after
    told = [(verb, f"job:{job}", "a test") for job in sorted(after)]
    assert sorted(each for each in desks.done_by_ada() if each[0] == verb) == told


@pytest.mark.parametrize("verb", DONE)
def test_a_deed_that_was_done_is_not_done_again_and_says_so(desks: Desks, five: Registered, verb: str) -> None:
    for job in DONE[verb][0]:
        proposal = desks.propose(verb, job)
        desks.carry_out(proposal)
        # Of a reservation that is gone nobody can say who has taken it back.
        (said,) = desks.too_late(proposal, "changed" if (verb, job) == ("requeue", SCHEDULED) else "unchanged")
        assert said
    if verb == "requeue":
        assert said == "submitted again already, as job 6"


def begins(desks: Desks, worker: Registered, job: int) -> None:
    """It is given to the worker, and runs."""
    desks.run(worker, [job])


def starts_now(desks: Desks, worker: Registered, job: int) -> None:
    """Its worker wins the start."""
    del job
    desks.start(worker)


def is_placed_elsewhere(desks: Desks, worker: Registered, job: int) -> None:
    """Its reservation has been given back, and it has another, on the same worker."""
    operations.requeue(desks.bob, [job])
    assert desks.reserve(worker, [job])


def moves_to_another(desks: Desks, worker: Registered, job: int) -> None:
    """It was pending, ran, failed, and is pending once more: another attempt would be the next."""
    desks.db.run("UPDATE jobs SET retries = 3 WHERE id = %s", job)
    desks.run(worker, [job])
    desks.finish_running(job, code=1)
    assert desks.state(job) == "pending"


def is_called(name: str) -> Meddle:
    """Nothing but its name is another."""
    return lambda desks, _, job: desks.db.run("UPDATE jobs SET name = %s WHERE id = %s", name, job)


def ends(desks: Desks, worker: Registered, job: int) -> None:
    """It ends by itself."""
    del worker
    desks.finish_running(job)


def is_forgotten(desks: Desks, worker: Registered, job: int) -> None:
    """It ends, and is old."""
    if desks.state(job) == "running":
        desks.finish_running(job)
    elif desks.state(job) != "failed":
        jobs.cancel(desks.bob.db, [job])
    desks.db.run("UPDATE jobs SET finished_at = finished_at - interval '9 days' WHERE id = %s", job)
    assert history.prune_jobs(desks.db, 86_400) == 1


def by_bob(verb: str) -> Meddle:
    """The other operator does it."""
    return lambda desks, _, job: getattr(operations, verb)(desks.bob, [job])


def another_attempt(desks: Desks, worker: Registered, job: int) -> None:
    """It was stopped, and runs anew."""
    desks.another_attempt(worker, job)


MEDDLED: list[tuple[str, int, Meddle, str]] = [
    ("cancel", PENDING, begins, "it was pending; it is running on w1, attempt 1 now"),
    ("cancel", PENDING, by_bob("hold"), "it was pending; it is held now"),
    ("cancel", PENDING, moves_to_another, "it was pending; it is pending after 1 attempt now"),
    ("cancel", SCHEDULED, starts_now, "it was scheduled on w1, attempt 1; it is running on w1, attempt 1 now"),
    ("cancel", SCHEDULED, is_placed_elsewhere, "scheduled on w1, attempt 2 now"),
    ("cancel", RUNNING, another_attempt, "it was running on w1, attempt 1; it is running on w1, attempt 2 now"),
    ("cancel", RUNNING, is_called("db"), f"its name was job{RUNNING}; it is db now"),
    ("cancel", PENDING, is_called(""), f"its name was job{PENDING}; it is none now"),
    ("cancel", RUNNING, ends, "it was running on w1, attempt 1; it is completed now"),
    ("cancel", RUNNING, by_bob("requeue"), "attempt 1; it is running on w1, attempt 1, being stopped now"),
    ("cancel", HELD, by_bob("release"), "it was held; it is pending now"),
    ("cancel", PENDING, is_forgotten, "it has been forgotten"),
    ("hold", PENDING, begins, "it is running on w1, attempt 1 now"),
    ("hold", PENDING, by_bob("cancel"), "it was pending; it is cancelled now"),
    ("hold", SCHEDULED, starts_now, "it is running on w1"),
    ("release", HELD, by_bob("cancel"), "it was held; it is cancelled now"),
    ("requeue", SCHEDULED, starts_now, "it was scheduled on w1, attempt 1; it is running on w1, attempt 1 now"),
    ("requeue", SCHEDULED, is_placed_elsewhere, "it is scheduled on w1, attempt 2 now"),
    ("requeue", SCHEDULED, by_bob("hold"), "it is held after 1 attempt now"),
    ("requeue", RUNNING, another_attempt, "it is running on w1, attempt 2 now"),
    ("requeue", RUNNING, ends, "it is completed now"),
    ("requeue", RUNNING, by_bob("cancel"), "being cancelled now"),
    ("requeue", FAILED, is_forgotten, "it has been forgotten"),
]


@pytest.mark.parametrize("verb, job, meddle, sentence", MEDDLED)
def test_what_is_no_longer_as_it_was_seen_is_left_as_it_is(
    desks: Desks, five: Registered, *, verb: str, job: int, meddle: Meddle, sentence: str
) -> None:
    proposal = desks.propose(verb, job)
    meddle(desks, five, job)
    (said,) = desks.too_late(proposal)
    assert sentence in said


ALREADY: list[tuple[str, int, Meddle]] = [
    *((verb, job, by_bob(verb)) for verb, job in [("cancel", 1), ("cancel", 4), ("hold", 2), ("release", 1)]),
    *(("requeue", job, by_bob("requeue")) for job in (RUNNING, FAILED)),
]


@pytest.mark.parametrize("verb, job, meddle", ALREADY)
def test_what_another_has_done_meanwhile_is_not_done_once_more(
    desks: Desks, five: Registered, verb: str, job: int, meddle: Meddle
) -> None:
    proposal = desks.propose(verb, job)
    meddle(desks, five, job)
    desks.too_late(proposal, "unchanged")


@pytest.mark.parametrize("verb", DONE)
def test_of_two_who_do_the_same_at_once_one_has_done_it(desks: Desks, five: Registered, verb: str) -> None:
    proposal = desks.propose(verb, *range(1, 6))
    told = at_once(*(partial(operations.carry_out, each, proposal) for each in (desks.ada, desks.bob)))
    both = [fates(each) for each in told if isinstance(each, list)]
    assert len(both) == 2, told
    for subject in both[0]:
        one, other = sorted(each[subject] for each in both)
        assert (one == "done") != (other == "done"), (subject, both)
    assert desks.db.value("SELECT count(*) FROM jobs") == (6 if verb == "requeue" else 5)
    assert desks.db.value("SELECT count(*) FROM audit WHERE verb = %s AND reason = ''", verb) == len(both[0]) + (
        verb == "hold"
    )
    desks.check()


@pytest.mark.parametrize("verb", ["requeue", "cancel", "hold"])
def test_a_start_that_is_won_while_one_waits_for_it_is_seen(
    desks: Desks, five: Registered, connect: Connect, verb: str
) -> None:
    """Between a look and the write nothing may happen: the check stands behind the lock."""
    proposal = desks.propose(verb, SCHEDULED)
    agent = connect()
    with agent.transaction():
        assert allocations.start(agent, five.worker_id, five.incarnation, new_token(), 1)
        thread, answer = in_background(partial(operations.carry_out, desks.ada, proposal))
        until(lambda: waits_for_a_lock(desks.bob.db))
    thread.join(60)
    (told,) = answer
    assert isinstance(told, list)
    assert fates(told) == {f"job:{SCHEDULED}": "changed"}, told
    assert desks.db.row("SELECT stop_outcome, status FROM allocations WHERE job_id = %s", SCHEDULED) == (
        None, "allocated",
    )  # fmt: skip
    desks.check()


def test_an_allocation_that_another_just_asks_to_stop_is_left(desks: Desks, five: Registered, connect: Connect) -> None:
    """The doctor locks no job: it writes to the allocation alone."""
    proposal, doctor = desks.propose("cancel", RUNNING), connect()
    row = desks.db.row("SELECT id, start_token::text FROM allocations WHERE job_id = %s AND live", RUNNING)
    assert row
    with doctor.transaction():
        assert mends.ask_to_stop(doctor, row[0], row[1], Outcomes.NEVER_STARTED) == "w1"
        thread, answer = in_background(partial(operations.carry_out, desks.ada, proposal))
        until(lambda: waits_for_a_lock(desks.bob.db))
    thread.join(60)
    (told,) = answer
    assert isinstance(told, list)
    assert [(each.fate, each.sentence.rpartition(", ")[2]) for each in told] == [("changed", "being stopped now")]
    assert desks.db.value("SELECT cancel_requested_at FROM jobs WHERE id = %s", RUNNING) is None
