"""Waiting for other jobs: told when they end, cancelled when it can never be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from clusterctl.model.spec import After, AfterCondition
from clusterctl.model.states import Outcome
from clusterctl.store import jobs, releases
from tests.store.conftest import Connect
from tests.store.costs import cpu_seconds
from tests.store.scene import Scene, end, read_queue, submission
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until

LONG_CHAIN = 3_000
WITHIN = 1.0  # seconds

GOOD, BAD = ("exited", 0), ("exited", 1)


def ready(scene: Scene) -> set[int]:
    """The jobs that may be placed."""
    return {id for group in read_queue(scene.db, 1000) for id in group.ids}


def after(*parents: int, condition: AfterCondition = "ok") -> tuple[After, ...]:
    """Dependencies on all of *parents*."""
    return tuple(After(parent, condition) for parent in parents)


@pytest.mark.parametrize(
    "condition, code, state",
    [
        ("ok", 0, "pending"),
        ("ok", 1, "cancelled"),
        ("any", 0, "pending"),
        ("any", 1, "pending"),
        ("notok", 0, "cancelled"),
        ("notok", 1, "pending"),
    ],
)
@pytest.mark.parametrize("submitted", ["before the parent ends", "after the parent has ended"])
def test_a_child_starts_or_is_cancelled_as_its_condition_says(
    scene: Scene, condition: AfterCondition, code: int, state: str, submitted: str
) -> None:
    worker, (parent,) = scene.worker(), scene.jobs()
    if submitted == "after the parent has ended":
        scene.finish(worker, parent, code=code)
        (child,) = scene.jobs(after=after(parent, condition=condition))
    else:
        (child,) = scene.jobs(after=after(parent, condition=condition))
        assert child not in ready(scene)
        assert scene.reserve(worker, [child]) == []
        scene.finish(worker, parent, code=code)
    assert scene.state(child) == state
    assert (child in ready(scene)) == (state == "pending")
    if state == "cancelled":
        assert scene.db.value("SELECT reason FROM jobs WHERE id = %s", child) == "dependency_never"
    scene.check()


def test_a_retry_is_no_end(scene: Scene) -> None:
    (parent,) = scene.jobs(retries=1)
    (child,) = scene.jobs(after=after(parent))
    scene.finish(scene.worker(), parent, code=1)
    assert scene.states([parent, child]) == ["pending", "pending"]
    assert child not in ready(scene)
    scene.check()


def test_what_can_never_start_takes_its_whole_chain_with_it(scene: Scene) -> None:
    (first,) = scene.jobs()
    (second,) = scene.jobs(after=after(first))
    (third,) = scene.jobs(after=after(second))
    (mourner,) = scene.jobs(after=after(third, condition="notok"))
    (heir,) = scene.jobs(after=after(third, condition="any"))
    scene.finish(scene.worker(), first, code=1)
    assert scene.states([first, second, third]) == ["failed", "cancelled", "cancelled"]
    assert ready(scene) == {mourner, heir}
    scene.check()


def test_a_chain_of_thousands_is_cancelled_within_a_second(scene: Scene) -> None:
    first = chain(scene, LONG_CHAIN)
    assert cpu_seconds(scene.db, lambda: jobs.cancel(scene.db, [first])) < WITHIN
    assert scene.db.rows("SELECT state, count(*) FROM jobs GROUP BY state") == [("cancelled", LONG_CHAIN + 1)]
    scene.check()


def test_a_chain_does_not_exhaust_the_stack(scene: Scene) -> None:
    first = chain(scene, LONG_CHAIN)
    scene.db.run("SET max_stack_depth = '100kB'")
    jobs.cancel(scene.db, [first])
    assert scene.db.value("SELECT count(*) FROM jobs WHERE live") == 0


def chain(scene: Scene, length: int) -> int:
    """A job, and so many others that wait for it, each for the one before; the first of them."""
    (first,) = scene.jobs()
    scene.db.run(
        """
        WITH submission AS (
            INSERT INTO submissions (digest, spec, tenant, "user", first_job_id, jobs)
            VALUES ('', '{}', 'default', '', take_job_ids(%(length)s), %(length)s) RETURNING *
        ), links AS (
            INSERT INTO jobs (id, submission_id, cpu_milli, unmet)
            SELECT first_job_id + n, id, 1000, 1 FROM submission, generate_series(0, jobs - 1) n RETURNING id
        )
        INSERT INTO dependencies SELECT id, id - 1, 'ok' FROM links
        """,
        length=length,
    )
    return first


def test_a_diamond_opens_when_both_sides_have_ended(scene: Scene) -> None:
    worker, (top,) = scene.worker(), scene.jobs()
    sides = [*scene.jobs(after=after(top)), *scene.jobs(after=after(top))]
    (bottom,) = scene.jobs(after=after(*sides))
    scene.finish(worker, top)
    assert ready(scene) == set(sides)
    scene.finish(worker, sides[0])
    assert ready(scene) == {sides[1]}
    scene.finish(worker, sides[1])
    assert ready(scene) == {bottom}
    scene.check()


def test_both_sides_of_a_diamond_may_end_in_one_report(scene: Scene) -> None:
    worker, sides = scene.worker(), scene.jobs(2)
    (bottom,) = scene.jobs(after=after(*sides))
    orders, token = scene.run(worker, sides)
    releases.end(scene.db, "w1", [end(order.allocation_id, token) for order in orders])
    assert ready(scene) == {bottom}
    scene.check()


def test_a_diamond_whose_top_fails_is_cancelled_once(scene: Scene) -> None:
    (top,) = scene.jobs()
    sides = [*scene.jobs(after=after(top)), *scene.jobs(after=after(top))]
    (bottom,) = scene.jobs(after=after(*sides))
    scene.finish(scene.worker(), top, code=1)
    assert scene.states([*sides, bottom]) == ["cancelled"] * 3
    scene.check()


def test_two_parents_that_end_at_once_open_their_child(scene: Scene, connect: Connect) -> None:
    worker = scene.worker(cpus=100)
    for _ in range(5):
        parents = [scene.jobs()[0] for _ in range(6)]
        (child,) = scene.jobs(after=after(*parents))
        orders, token = scene.run(worker, parents)
        answers = at_once(
            *(partial(releases.end, connect(), "w1", [end(order.allocation_id, token)]) for order in orders)
        )
        assert [len(answer) if isinstance(answer, list) else answer for answer in answers] == [1] * 6
        assert ready(scene) == {child}
        scene.finish(worker, child)
    scene.check()


def test_a_held_child_is_told_too_and_stays_held(scene: Scene) -> None:
    worker, (parent,) = scene.worker(), scene.jobs()
    (good,) = scene.jobs(after=after(parent), hold=True)
    (bad,) = scene.jobs(after=after(parent, condition="notok"), hold=True)
    scene.finish(worker, parent)
    assert scene.states([good, bad]) == ["held", "cancelled"]
    assert scene.db.value("SELECT unmet FROM jobs WHERE id = %s", good) == 0
    scene.check()


def test_a_child_of_an_array_waits_for_each_of_its_jobs(scene: Scene) -> None:
    worker, parents = scene.worker(), scene.jobs(4)
    (child,) = scene.jobs(after=after(*parents))
    for parent in parents:
        assert child not in ready(scene)
        scene.finish(worker, parent)
    assert ready(scene) == {child}
    scene.check()


def test_an_array_may_wait_for_one_job(scene: Scene) -> None:
    (parent,) = scene.jobs()
    children = scene.jobs(50, after=after(parent))
    assert ready(scene) == {parent}
    scene.finish(scene.worker(), parent)
    assert ready(scene) == set(children)
    scene.check()


def test_a_parent_said_twice_counts_once_and_conditions_add_up(scene: Scene) -> None:
    worker, (parent,) = scene.worker(), scene.jobs()
    (twice,) = scene.jobs(after=(After(parent), After(parent)))
    (strict,) = scene.jobs(after=(After(parent, "any"), After(parent, "ok")))
    (torn,) = scene.jobs(after=(After(parent, "ok"), After(parent, "notok")))
    scene.check()
    scene.finish(worker, parent)
    assert ready(scene) == {twice, strict}
    assert scene.state(torn) == "cancelled"
    scene.check()


@pytest.mark.parametrize("code, state", [(0, "pending"), (1, "cancelled")])
def test_a_child_that_is_submitted_while_its_parent_ends_is_told(
    scene: Scene, connect: Connect, code: int, state: str
) -> None:
    """First the submit is in the way of the end, then the end in that of the submit."""
    worker = scene.worker()
    for first in ("submit", "end"):
        (order,), token = scene.run(worker, scene.jobs())
        early, late = connect(), connect()
        submit = partial(submit_after, order.job_id)
        report = partial(report_end, order.allocation_id, token, code)
        with early.transaction():
            (submit if first == "submit" else report)(early)
            thread, answer = in_background(partial(report if first == "submit" else submit, late))
            until(partial(waits_for_a_lock, scene.db))
        thread.join(60)
        assert not isinstance(answer[0], Exception), answer
        child = scene.db.value("SELECT max(id) FROM jobs")
        assert scene.state(child) == state
        scene.check()
        jobs.cancel(scene.db, [child])


def submit_after(parent: int, db: object) -> None:
    """A child of *parent*."""
    from clusterctl.store import submissions

    submissions.submit(db, submission(after=after(parent)))  # type: ignore[arg-type]  # partial's


def report_end(allocation: int, token: str, code: int, db: object) -> None:
    """The end of one allocation."""
    releases.end(db, "w1", [end(allocation, token, code=code)])  # type: ignore[arg-type]  # partial's


def test_a_parent_that_is_cancelled_or_lost_is_not_ok(scene: Scene) -> None:
    worker = scene.worker()
    for outcome in (Outcome.CANCELLED, Outcome.TIME_LIMIT):
        (parent,) = scene.jobs()
        children: Sequence[int] = [
            *scene.jobs(after=after(parent)),
            *scene.jobs(after=after(parent, condition="notok")),
        ]
        scene.finish(worker, parent, outcome)
        assert scene.states(children) == ["cancelled", "pending"]
        jobs.cancel(scene.db, children)
    scene.check()
