"""The claim log: a "no" that is said again is folded, one that is said otherwise closes the last."""

from __future__ import annotations

import uuid
from functools import partial

from clusterctl.model.claim_log import Said, refusal
from clusterctl.model.plan import Start, Wait
from clusterctl.store import claims
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.scene import Scene
from tests.store.threads import PATIENCE, at_once, in_background, waits_for_a_lock
from tests.until import until

SHAPE, OTHER = str(uuid.uuid4()), str(uuid.uuid4())


def say(db: Database, *waits: tuple[str, str], repeats: int = 1, over: dict[str, int] | None = None) -> None:
    """A round in which these shapes waited for these reasons: no others do, unless it is said who no longer does."""
    said = [Wait(shape=shape, job_id=1, reason=reason, refusals={reason: 2}) for shape, reason in waits]
    claims.log_said(db, 1, [refusal(wait, f"in words: {wait.reason}", repeats) for wait in said], over)


def log(db: Database) -> list[tuple[str, int, bool]]:
    """Reason, repeats and whether it stands: those that are closed first."""
    return db.rows("SELECT reason, repeats, open FROM claims ORDER BY open, reason")


def test_the_same_no_is_folded_into_its_row(db: Database) -> None:
    say(db, (SHAPE, "fits_now"))
    say(db, (SHAPE, "fits_now"), repeats=9)
    assert log(db) == [("fits_now", 10, True)]


def test_another_reason_closes_the_row_and_opens_one(db: Database) -> None:
    say(db, (SHAPE, "fits_now"), (OTHER, "fits_now"))
    say(db, (SHAPE, "label"), (OTHER, "fits_now"))
    assert log(db) == [("fits_now", 1, False), ("fits_now", 2, True), ("label", 1, True)]


def test_what_is_no_longer_said_is_closed_and_may_be_said_anew(db: Database) -> None:
    say(db, (SHAPE, "fits_now"))
    say(db)
    assert log(db) == [("fits_now", 1, False)]
    say(db, (SHAPE, "fits_now"))
    assert log(db) == [("fits_now", 1, False), ("fits_now", 1, True)]


def test_two_leaders_that_log_at_once_leave_one_open_row(db: Database, connect: Connect) -> None:
    answers = at_once(*(partial(say, connect(), (SHAPE, f"reason {n}")) for n in range(8)))
    assert answers == [None] * 8
    assert db.value("SELECT count(*) FROM claims WHERE open") == 1


def test_a_shape_said_twice_is_said_once(db: Database) -> None:
    say(db, (SHAPE, "fits_now"), (SHAPE, "label"))
    assert db.value("SELECT count(*) FROM claims") == 1


def test_a_round_that_tells_only_what_is_new_leaves_all_else_alone(db: Database) -> None:
    say(db, (SHAPE, "fits_now"))
    say(db, (OTHER, "label"), over={})
    assert log(db) == [("fits_now", 1, True), ("label", 1, True)]


def test_what_is_over_is_counted_to_its_last_round(db: Database) -> None:
    say(db, (SHAPE, "fits_now"), (OTHER, "fits_now"))
    say(db, (SHAPE, "label"), over={SHAPE: 4})
    assert log(db) == [("fits_now", 5, False), ("fits_now", 1, True), ("label", 1, True)]


def test_what_is_said_of_it_is_as_it_was_said_last(db: Database) -> None:
    for cpu in (1, 2):
        said = Said(event="ClaimEligibility", shape=SHAPE, reason="eligible", policy="slo", detail={"metrics": cpu})
        claims.log_said(db, cpu, [said])
    rows = db.rows("SELECT round, event, job_id, policy, repeats, open, detail FROM claims")
    assert rows == [(1, "ClaimEligibility", None, "slo", 2, True, {"metrics": 2})]


def test_attempts_are_written_in_turn_each_with_its_usage(db: Database) -> None:
    starts = [
        Start(job_id=job, worker_id=worker, policy="slo", score=1.0, candidates=1)
        for job, worker in ((9, 2), (3, 1), (5, 3))
    ]
    claims.log_attempts(db, 4, starts, [{"cpu_percent": 12.5}, None, {"cpu_percent": None}])
    assert db.rows("SELECT round, event, job_id, worker_id, policy, detail FROM claims ORDER BY id") == [
        (4, "ClaimAttempt", 9, 2, "slo", {"usage": {"cpu_percent": 12.5}}),
        (4, "ClaimAttempt", 3, 1, "slo", {"usage": None}),
        (4, "ClaimAttempt", 5, 3, "slo", {"usage": {"cpu_percent": None}}),
    ]


def test_an_attempt_has_what_decided_or_what_was_measured_by_then(scene: Scene) -> None:
    worker = scene.worker(cpus=8)
    start = Start(job_id=1, worker_id=worker.worker_id, policy="service_count", score=1.0, candidates=1)

    def told(usage: object) -> object:
        scene.db.run("DELETE FROM claims")
        claims.log_attempts(scene.db, 4, [start], [usage])
        return scene.db.value("SELECT detail->'usage' FROM claims")

    assert told(None) is None
    scene.db.run("UPDATE workers SET used_milli = 1000, used_memory_mb = 1536, measured_at = '2026-01-01 02:00+02'")
    measured = {"cpu_percent": 12.5, "memory_mb": 1536, "sampled_at": "2026-01-01T00:00:00.000Z"}
    assert told(None) == measured
    assert told({"cpu_percent": 99}) == {"cpu_percent": 99}


def test_what_another_leader_has_closed_meanwhile_is_not_counted_again(db: Database, connect: Connect) -> None:
    say(db, (SHAPE, "fits_now"))
    other, watch = connect(), connect()
    with db.transaction():
        say(db)
        thread, answer = in_background(lambda: say(other, over={SHAPE: 7}))
        until(lambda: waits_for_a_lock(watch))
    thread.join(PATIENCE)
    assert answer == [None]
    assert log(db) == [("fits_now", 1, False)]
