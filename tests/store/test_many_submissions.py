"""Many submissions at once: all of them, or none."""

from __future__ import annotations

from functools import partial

import pytest
from msgspec.structs import replace

from clusterctl.model.errors import Moved, NotFound, Refused
from clusterctl.model.spec import After, Span, Submission, Submitted
from clusterctl.store import jobs, submissions
from tests.store.conftest import Connect
from tests.store.scene import SPEC, Scene, submission
from tests.store.tallied import Tallied
from tests.store.threads import at_once

HOSTILE = ("echo", "%s %d $$ 'x' \\ \x1b[31m ü 🦆 {}", '"', "\\u0041", ",")


def test_each_has_its_own_jobs_in_the_order_they_were_given(scene: Scene) -> None:
    wanted = [submission(name="a"), submission(3, name="b"), submission(1, name="c"), submission(name="d")]
    made = submissions.submit_many(scene.db, wanted)
    assert [(each.ids, each.array_id) for each in made] == [((1,), None), ((2, 3, 4), 2), ((5,), None), ((6,), None)]
    rows = scene.db.rows("SELECT id, name, array_id, array_index FROM jobs ORDER BY id")
    assert rows == [
        (1, "a", None, None), (2, "b", 2, 0), (3, "b", 2, 1), (4, "b", 2, 2), (5, "c", None, None),
        (6, "d", None, None),
    ]  # fmt: skip
    assert scene.db.rows("SELECT first_job_id FROM submissions ORDER BY id") == [(1,), (2,), (5,), (6,)]
    assert submissions.submit_many(scene.db, []) == []


def test_what_was_submitted_is_what_an_agent_is_told(scene: Scene) -> None:
    spec = replace(SPEC, command=HOSTILE, env={"A": "%(b)s"}, script="#!/bin/sh\n\techo \"'\\n\n", slurm=True)
    labels = {"k": "v'\"\\"}
    array = submission(2, spec=spec, lines=HOSTILE[:2], name="n'a%me\\", tenant="t-1", user="ü", labels=labels)
    submissions.submit_many(scene.db, [submission(), array])
    rows = scene.db.rows('SELECT name, tenant, "user", labels FROM jobs WHERE id > 1')
    assert rows == [("n'a%me\\", "t-1", "ü", labels)] * 2
    assert submissions.submit(scene.db, replace(array, labels={})).ids == (4, 5)
    orders, _ = scene.run(scene.worker(), [4, 5])
    span = Span(count=2, first=0, last=1)
    assert [(each.array_line, each.user) for each in orders] == [(HOSTILE[0], "ü"), (HOSTILE[1], "ü")]
    assert all(each.spec == replace(spec, array=span) for each in orders)


def test_each_waits_for_its_own_parents(scene: Scene) -> None:
    done, failed, live = scene.jobs(3)
    worker = scene.worker()
    scene.finish(worker, done)
    jobs.cancel(scene.db, [failed])
    wanted = [
        submission(name="at once", after=(After(done),)),
        submission(2, name="waits", after=(After(live), After(done), After(failed, "notok"))),
        submission(name="never", after=(After(failed),)),
        submission(name="free"),
        submission(name="held", hold=True, after=(After(live, "any"), After(live, "any"))),
    ]
    submissions.submit_many(scene.db, wanted)
    rows = scene.db.rows("SELECT name, state, unmet, reason FROM jobs WHERE id > 3 ORDER BY id")
    assert rows == [
        ("at once", "pending", 0, None), ("waits", "pending", 1, None), ("waits", "pending", 1, None),
        ("never", "cancelled", 0, "dependency_never"), ("free", "pending", 0, None), ("held", "held", 1, None),
    ]  # fmt: skip
    assert scene.db.rows("SELECT job_id, parent_id FROM dependencies ORDER BY 1, 2") == [
        (4, 1), (5, 1), (5, 2), (5, 3), (6, 1), (6, 2), (6, 3), (7, 2), (9, 3),
    ]  # fmt: skip
    scene.check()


def test_one_missing_parent_keeps_all_out(scene: Scene) -> None:
    (parent,) = scene.jobs()
    with pytest.raises(NotFound, match="404, 405"):
        submissions.submit_many(
            scene.db, [submission(), submission(after=(After(404), After(parent))), submission(after=(After(405),))]
        )
    assert scene.db.row("SELECT count(*), max(id) FROM submissions") == (1, 1)
    assert scene.db.value("SELECT count(*) FROM jobs") == 1


def keyed(count: int, cpus: int = 1) -> list[Submission]:
    """So many, each with a key of its own."""
    return [submission(2, cpus, key=f"k/{number}") for number in range(count)]


def test_the_same_keys_are_the_same_jobs_and_new_ones_are_new(scene: Scene) -> None:
    first = submissions.submit_many(scene.db, keyed(3))
    again = submissions.submit_many(scene.db, [*keyed(4), submission()])
    assert again == [
        *(replace(each, existing=True) for each in first),
        Submitted(ids=(7, 8), array_id=7),
        Submitted(ids=(9,)),
    ]
    assert scene.db.value("SELECT count(*) FROM jobs") == 9


def test_a_key_of_something_else_keeps_all_out(scene: Scene) -> None:
    submissions.submit_many(scene.db, keyed(1))
    with pytest.raises(Refused, match="k/0"):
        submissions.submit_many(scene.db, [submission(), *keyed(2, cpus=2)])
    assert scene.db.value("SELECT count(*) FROM jobs") == 2


def test_of_several_who_submit_the_same_at_once_one_does_and_none_halfway(scene: Scene, connect: Connect) -> None:
    answers = at_once(*(partial(submissions.submit_many, connect(), keyed(40)) for _ in range(6)))
    made = [answer for answer in answers if isinstance(answer, list)]
    assert all(isinstance(answer, list | Moved) for answer in answers), answers
    assert made
    assert {tuple(each.ids for each in answer) for answer in made} == {tuple(each.ids for each in made[0])}
    assert scene.db.row("SELECT count(*), count(DISTINCT submission_id) FROM jobs") == (80, 40)


def test_a_key_that_is_taken_between_two_looks_keeps_all_out(scene: Scene) -> None:
    wanted = keyed(3)
    submissions.submit(scene.db, wanted[1])
    made = submissions.insert_jobs(scene.db, wanted, [submissions.digest_of(each) for each in wanted])
    assert len(made) == 2  # which submit_many rolls back


def test_ten_thousand_are_numbered_one_after_the_other(scene: Scene) -> None:
    made = submissions.submit_many(scene.db, [submission(key=f"{number}") for number in range(10_000)])
    assert [each.ids for each in made] == [(number,) for number in range(1, 10_001)]
    assert scene.db.value("SELECT count(DISTINCT submission_id) FROM jobs") == 10_000


def test_a_thousand_different_jobs_cost_as_many_statements_as_two(scene: Scene) -> None:
    asked = []
    for count in (2, 1_000):
        wanted = [
            submission(name=f"n{number}", spec=replace(SPEC, command=("echo", str(number))), key=f"{count}/{number}")
            for number in range(count)
        ]
        with Tallied(scene.db.url) as db:
            made = submissions.submit_many(db, wanted)
            asked.append(len(db.asked))
        assert len({each.ids for each in made}) == count
    assert asked == [2, 2]
