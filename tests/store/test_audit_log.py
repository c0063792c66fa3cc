"""Reading the audit: by subject, by actor, by verb; row by row and folded."""

from __future__ import annotations

import pytest

from clusterctl.model.audit import AuditChoice
from clusterctl.model.log_marks import Mark
from clusterctl.store import audit, audit_log, log_marks
from clusterctl.store.connection import Database
from tests.store.scene import Scene
from tests.store.test_claim_log import later

ALL, FOLDED = AuditChoice(), AuditChoice(folded=True)


def jobs(*numbers: int) -> list[str]:
    """Subjects."""
    return [f"job:{number}" for number in numbers]


@pytest.fixture
def told(db: Database) -> Database:
    """Ada has cancelled some jobs and drained two workers, then Bob one job."""
    audit.note(db, "ada", "cancel", jobs(7, 9, 8, 15), "wrong input")
    audit.note(db, "ada", "drain", ["worker:w1", "worker:w2"], "new kernel")
    audit.note(db, "bob", "cancel", jobs(8), "")
    audit.note(db, "bob", "mend reserved_expired", ["allocation:3"], "")
    return db


def read(db: Database, limit: int = 100, **wanted: object) -> list[tuple[str, str, str]]:
    """Actor, verb, subject."""
    found = audit_log.read(db, AuditChoice(**wanted), limit)  # type: ignore[arg-type]  # a test's own words
    return [(row.actor, row.verb, row.subject) for row in found]


def test_each_subject_has_its_row_oldest_first(told: Database) -> None:
    rows = audit_log.read(told, ALL, 100)
    assert [row.id for row in rows] == list(range(1, 9))
    assert (rows[0].subject, rows[0].reason, rows[0].detail) == ("job:7", "wrong input", {})
    assert [row.id for row in audit_log.read(told, ALL, 2)] == [7, 8]
    assert audit_log.count(told, ALL) == 8


def test_what_was_done_at_one_stroke_is_folded_into_one_row(told: Database) -> None:
    found = audit_log.read(told, FOLDED, 100)
    assert [(act.id, act.actor, act.verb, act.subject, act.subjects) for act in found] == [
        (4, "ada", "cancel", "job:7-9,15", 4),
        (6, "ada", "drain", "worker:w1,w2", 2),
        (7, "bob", "cancel", "job:8", 1),
        (8, "bob", "mend reserved_expired", "allocation:3", 1),
    ]
    assert [act.verb for act in audit_log.read(told, FOLDED, 1)] == ["mend reserved_expired"]
    assert audit_log.count(told, FOLDED) == 4


def test_the_same_done_again_later_is_another_row(db: Database) -> None:
    audit.note(db, "ada", "cancel", jobs(1), "")
    later(db, 1)
    audit.note(db, "ada", "cancel", jobs(2), "")
    assert [act.subject for act in audit_log.read(db, FOLDED, 10)] == ["job:1", "job:2"]


def test_a_folded_row_about_many_things_names_the_first_and_counts_them_all(db: Database) -> None:
    audit.note(db, "ada", "drain", [f"worker:w{number}" for number in range(100)], "")
    (act,) = audit_log.read(db, FOLDED, 10)
    assert act.subject == "worker:" + ",".join(f"w{number}" for number in range(20))
    assert act.subjects == 100


def test_ten_thousand_jobs_are_named_as_ranges(db: Database) -> None:
    audit.note(db, "ada", "cancel", jobs(*range(1, 5001), *range(6000, 11_000)), "")
    (act,) = audit_log.read(db, FOLDED, 10)
    assert (act.subject, act.subjects) == ("job:1-5000,6000-10999", 10_000)


def test_rows_are_chosen_by_actor_verb_subject_and_age(told: Database) -> None:
    assert read(told, actor="bob", verb="cancel") == [("bob", "cancel", "job:8")]
    assert read(told, verb="mend") == [("bob", "mend reserved_expired", "allocation:3")]
    assert read(told, verb="men") == []
    assert read(told, job_id=8) == [("ada", "cancel", "job:8"), ("bob", "cancel", "job:8")]
    assert read(told, worker="w1") == [("ada", "drain", "worker:w1")]
    later(told, 2)
    assert read(told, since_s=3600) == []
    assert len(read(told, since_s=3 * 3600)) == 8


def test_what_an_agent_reported_too_late_is_told_of_its_worker_and_of_the_job(scene: Scene) -> None:
    worker, (job,) = scene.worker("w"), scene.jobs()
    (order,), token = scene.run(worker, [job])
    scene.end(order, token, code=0)
    scene.end(order, token, code=7)
    late = ("worker w", "late_report", f"allocation:{order.allocation_id}")
    assert read(scene.db, job_id=job) == read(scene.db, worker="w") == [late]
    (row,) = audit_log.read(scene.db, ALL, 10)
    assert row.detail["exit_code"] == 7


def test_a_follower_is_told_each_row_once(told: Database) -> None:
    mark = log_marks.begin(told, "audit")
    assert mark == Mark(8)
    audit.note(told, "ada", "cancel", jobs(20, 21), "")
    behind = log_marks.advance(told, "audit", mark)
    assert [row.subject for row in audit_log.news(told, ALL, mark, behind)] == ["job:20", "job:21"]
    (both,) = audit_log.news(told, FOLDED, mark, behind)
    assert (both.subject, both.subjects) == ("job:20-21", 2)
    assert audit_log.news(told, AuditChoice(actor="bob"), mark, behind) == []
    assert audit_log.news(told, ALL, behind, log_marks.advance(told, "audit", behind)) == []
