"""The claim log: a "no" that is said again is folded, one that is said otherwise closes the last."""

from __future__ import annotations

import uuid
from functools import partial

from clusterctl.model.plan import Wait
from clusterctl.store import claims
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.threads import at_once

SHAPE, OTHER = str(uuid.uuid4()), str(uuid.uuid4())


def say(db: Database, *waits: tuple[str, str], repeats: int = 1) -> None:
    """A round in which these shapes waited for these reasons."""
    said = [Wait(shape=shape, job_id=1, reason=reason, refusals={reason: 2}) for shape, reason in waits]
    claims.log_waits(db, 1, said, [f"in words: {wait.reason}" for wait in said], repeats)


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
