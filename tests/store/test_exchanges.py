"""Several statements in one round trip are one transaction: all of it has happened, or nothing."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from clusterctl.model.errors import Moved, Outage, Superseded
from clusterctl.model.orders import Order
from clusterctl.store import allocations, exchanges, releases
from clusterctl.store.connection import Ask, Database
from tests.line import Line
from tests.store.conftest import Connect
from tests.store.scene import Scene, end, new_token

HOLD = Ask("UPDATE leader SET holder = %(name)s RETURNING holder", {"name": "half"})
NONSENSE = Ask("SELECT 1 / %(nothing)s", {"nothing": 0})
CUT = Ask("SELECT pg_terminate_backend(pg_backend_pid())", {})
XID = Ask("SELECT pg_current_xact_id()::text", {})


def test_what_is_asked_together_is_answered_in_turn_and_is_one_transaction(db: Database, connect: Connect) -> None:
    first, held, second = db.together(XID, HOLD, XID)
    assert first == second
    assert held == [("half",)]
    assert connect().value("SELECT holder FROM leader") == "half"
    assert db.together(XID) != [first]


def test_what_fails_leaves_nothing_of_what_was_asked_before_it(scene: Scene, connect: Connect) -> None:
    db = connect()
    with pytest.raises(psycopg.errors.DivisionByZero):
        db.together(HOLD, NONSENSE, HOLD)
    assert db.value("SELECT holder FROM leader") == "scene"
    assert scene.db.value("SELECT holder FROM leader") == "scene"


def test_what_cannot_even_be_asked_leaves_nothing_of_what_was_asked_before_it(scene: Scene, connect: Connect) -> None:
    db = connect()
    with pytest.raises(psycopg.ProgrammingError, match="cannot adapt"):
        db.together(HOLD, Ask("SELECT %(it)s", {"it": object()}))
    assert scene.db.value("SELECT holder FROM leader") == "scene"
    assert db.value("SELECT holder FROM leader") == "scene"  # by a new connection


def test_a_cut_in_the_middle_is_an_outage_and_leaves_nothing(scene: Scene, connect: Connect) -> None:
    db = connect()
    with pytest.raises(Outage):
        db.together(HOLD, CUT)
    assert scene.db.value("SELECT holder FROM leader") == "scene"
    assert db.together(HOLD) == [[("half",)]]


@pytest.mark.parametrize("asked_before", range(4))
def test_anothers_lock_makes_it_a_world_that_has_moved_and_the_same_can_be_asked_again(
    connect: Connect, asked_before: int
) -> None:
    """Also where the driver was about to have the second planned for good, which the error of the first forestalled."""
    holder, hasty = connect(), connect(lock_timeout="50")
    for _ in range(asked_before):
        hasty.together(HOLD, XID)
    with holder.transaction():
        holder.run("UPDATE leader SET holder = 'me'")
        with pytest.raises(Moved):
            hasty.together(HOLD, XID)
    for _ in range(4):
        held, _ = hasty.together(HOLD, XID)
        assert held == [("half",)]


def test_a_lost_answer_is_an_outage_though_all_of_it_has_happened(scene: Scene, tmp_path: Path) -> None:
    with Line(scene.db.url, tmp_path) as line, Database(line.url) as db:
        db.together(XID)
        line.lose_next_answer(b"half")
        with pytest.raises(Outage):
            db.together(HOLD, XID)
    assert scene.db.value("SELECT holder FROM leader") == "half"


def test_a_server_that_says_nothing_more_is_an_outage_in_time(scene: Scene, tmp_path: Path) -> None:
    with Line(scene.db.url, tmp_path) as line, Database(line.url, answer_within=0.2) as db:
        db.together(XID)
        line.fall_silent()
        with pytest.raises(Outage, match=r"no answer for 0\.2 s"):
            db.together(HOLD, XID)


def busy(scene: Scene) -> tuple[Order, str, list[int], tuple[int, int]]:
    """A worker on which one job runs, under a token, and two are reserved; its id and incarnation."""
    worker = scene.worker()
    (order,), token = scene.run(worker, scene.jobs())
    waiting = scene.jobs(2)
    scene.reserve(worker, waiting)
    return order, token, waiting, (worker.worker_id, worker.incarnation)


def test_ends_and_starts_go_together(scene: Scene) -> None:
    order, token, waiting, mine = busy(scene)
    orders, ended = exchanges.start_and_end(
        scene.db,
        allocations.starting(*mine, new_token(), 10),
        releases.ending("w1", [end(order.allocation_id, token)]),
    )
    assert [each.job_id for each in orders] == waiting
    assert [(each.job_id, each.state) for each in ended] == [(order.job_id, "completed")]
    assert scene.states([order.job_id, *waiting]) == ["completed", "running", "running"]
    scene.check()


def test_an_old_incarnation_wins_nothing_and_ends_nothing_by_the_same_breath(scene: Scene) -> None:
    order, token, waiting, mine = busy(scene)
    scene.worker()  # registers again
    with pytest.raises(Superseded):
        exchanges.start_and_end(
            scene.db,
            allocations.starting(*mine, new_token(), 10),
            releases.ending("w1", [end(order.allocation_id, token)]),
        )
    assert scene.states([order.job_id, *waiting]) == ["running", "scheduled", "scheduled"]
    scene.check()
