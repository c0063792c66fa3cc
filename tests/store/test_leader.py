"""One leader at a time; an old one is refused, not believed."""

from __future__ import annotations

from functools import partial

import pytest

from clusterctl.model.errors import Moved
from clusterctl.store import leader
from tests.store.conftest import Connect
from tests.store.scene import Scene
from tests.store.threads import at_once, in_background, waits_for_a_lock
from tests.until import until


def test_of_eight_candidates_one_wins(scene: Scene, connect: Connect) -> None:
    seen = leader.observe(scene.db)
    terms = at_once(*(partial(leader.take, connect(), seen, f"candidate {n}") for n in range(8)))
    assert sorted(term is None for term in terms) == [False] + [True] * 7
    assert seen.term + 1 in terms


def test_a_takeover_waits_for_the_old_leaders_open_transaction_and_renewals_do_not(
    scene: Scene, connect: Connect
) -> None:
    worker, ids, paused = scene.worker(), scene.jobs(2), connect()
    with paused.transaction():
        scene.reserve(worker, ids[:1], paused)
        assert leader.renew(connect(lock_timeout="1"), scene.term, 1)
        seen = leader.observe(scene.db)
        thread, answer = in_background(partial(leader.take, connect(), seen, "new"))
        until(lambda: waits_for_a_lock(scene.db))
        assert thread.is_alive()
    thread.join(60)
    assert answer == [scene.term + 1]
    assert scene.state(ids[0]) == "scheduled"
    with pytest.raises(Moved):
        scene.reserve(worker, ids[1:], paused)
    scene.check()


def test_a_renewal_while_a_candidate_waits_keeps_the_chair(scene: Scene, connect: Connect) -> None:
    worker, ids, leading = scene.worker(), scene.jobs(), connect()
    with leading.transaction():
        scene.reserve(worker, ids, leading)
        seen = leader.observe(scene.db)
        thread, answer = in_background(partial(leader.take, connect(), seen, "hasty"))
        until(lambda: waits_for_a_lock(scene.db))
        assert leader.renew(leading, scene.term, 1)
    thread.join(60)
    assert answer == [None]
    assert leader.renew(scene.db, scene.term, 2)


def test_a_candidate_that_cannot_wait_gives_up(scene: Scene, connect: Connect) -> None:
    leading = connect()
    with leading.transaction():
        scene.reserve(scene.worker(), scene.jobs(), leading)
        with pytest.raises(Moved):
            leader.take(connect(lock_timeout="50"), leader.observe(scene.db), "hasty")


def test_a_paused_leader_is_hung_up_on_and_holds_nobody_up(scene: Scene, connect: Connect) -> None:
    paused = connect(idle_in_transaction_session_timeout="50")
    worker, ids = scene.worker(), scene.jobs()
    with pytest.raises(Exception, match="postgres unreachable"), paused.transaction():  # noqa: PT012  # all of it is the pause
        scene.reserve(worker, ids, paused)
        assert leader.take(scene.db, leader.observe(scene.db), "new") == scene.term + 1
        scene.reserve(worker, ids, paused)
    assert scene.state(ids[0]) == "pending"
    scene.check()


def test_an_old_term_is_neither_renewed_nor_resigned(scene: Scene, connect: Connect) -> None:
    new = Scene(connect())
    assert not leader.renew(scene.db, scene.term, 9)
    leader.resign(scene.db, scene.term)
    assert leader.observe(scene.db).holder == "scene"
    leader.resign(new.db, new.term)
    assert leader.observe(scene.db) == leader.Leadership(new.term, "", leader.observe(scene.db).renewals)


def test_what_was_seen_before_a_renewal_takes_nothing(scene: Scene) -> None:
    seen = leader.observe(scene.db)
    leader.renew(scene.db, scene.term, 1)
    assert leader.take(scene.db, seen, "late") is None
