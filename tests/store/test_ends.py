"""The end of an attempt: counted once, believed only from who started it, and kept when it comes too late."""

from __future__ import annotations

from functools import partial

import pytest

from clusterctl.model.states import Outcome
from clusterctl.store import releases
from tests.store.conftest import Connect
from tests.store.scene import Scene, end, new_token
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until


def test_an_end_that_is_repeated_changes_nothing_and_is_no_evidence(scene: Scene) -> None:
    worker = scene.worker()
    (order,), token = scene.run(worker, scene.jobs(retries=3))
    report = end(order.allocation_id, token, code=1)
    first = releases.end(scene.db, "w1", [report, report])
    assert [(each.job_id, each.state) for each in first] == [(order.job_id, "pending")]
    before = scene.db.rows("SELECT * FROM jobs")
    assert releases.end(scene.db, "w1", [report]) == []
    assert scene.db.rows("SELECT * FROM jobs") == before
    assert scene.db.value("SELECT count(*) FROM audit") == 0
    scene.check()


def test_an_end_reported_by_two_at_once_counts_once(scene: Scene, connect: Connect) -> None:
    (order,), token = scene.run(scene.worker(), scene.jobs(retries=5))
    report = [end(order.allocation_id, token, code=1)]
    answers = at_once(*(partial(releases.end, connect(), "w1", report) for _ in range(8)))
    assert sorted(len(answer) for answer in answers if isinstance(answer, list)) == [0] * 7 + [1]
    assert scene.db.row("SELECT failures, attempt FROM jobs") == (1, 1)
    scene.check()


@pytest.mark.parametrize("outcome", [Outcome.EXITED, Outcome.WORKER_LOST])
def test_an_end_with_a_wrong_token_changes_nothing_and_is_kept_as_evidence(scene: Scene, outcome: Outcome) -> None:
    (order,), _ = scene.run(scene.worker(), scene.jobs())
    assert scene.end(order, new_token(), outcome) == []
    assert scene.state(order.job_id) == "running"
    assert scene.db.rows("SELECT verb, subject, reason FROM audit") == [
        ("late_report", f"allocation:{order.allocation_id}", outcome)
    ]
    scene.check()


def test_the_same_end_of_another_start_is_evidence_though_it_reads_alike(scene: Scene) -> None:
    """Two processes of one allocation ended alike: that there were two is what somebody must learn."""
    (order,), token = scene.run(scene.worker(), scene.jobs())
    assert scene.end(order, token)
    other = new_token()
    assert scene.end(order, other) == []
    assert scene.db.rows("SELECT verb, subject, detail ->> 'token' FROM audit") == [
        ("late_report", f"allocation:{order.allocation_id}", other)
    ]
    scene.check()


def test_a_late_end_does_not_release_the_next_attempt(scene: Scene) -> None:
    worker = scene.worker()
    (first,), token = scene.run(worker, scene.jobs())
    scene.end(first, token, Outcome.WORKER_LOST)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    (second,), _ = scene.run(worker, [first.job_id])
    assert second.attempt == 2
    assert scene.end(first, token) == []
    assert scene.state(first.job_id) == "running"
    assert scene.db.value("SELECT detail ->> 'recorded' FROM audit") == Outcome.WORKER_LOST
    scene.check()


def test_an_end_that_meets_another_end_is_kept_as_evidence(scene: Scene, connect: Connect) -> None:
    (order,), token = scene.run(scene.worker(), scene.jobs())
    first = connect()
    with first.transaction():
        releases.end(first, "w1", [end(order.allocation_id, token, Outcome.WORKER_LOST)])
        thread, answer = in_background(partial(releases.end, connect(), "w1", [end(order.allocation_id, token)]))
        until(lambda: waits_for_a_lock(scene.db))
    thread.join(60)
    assert answer == [[]]
    assert scene.db.value("SELECT count(*) FROM audit WHERE verb = 'late_report'") == 1
    scene.check()
