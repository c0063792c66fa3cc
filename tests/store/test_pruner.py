"""Forgetting never holds up a round, and still keeps up: how much goes at once is found by trying."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clusterctl.clock import Bell, VirtualClock
from clusterctl.settings import Settings
from clusterctl.store.connection import Database
from schedd.pruner import LEAST, LONGEST_S, MOST, SHORTEST_S, Bite, Pruner

OLD = 12_000


class SlowClock:
    """Whenever somebody looks at it, so many seconds have passed: as on a disk that takes so long for everything."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._seconds = 0.0

    def seconds(self) -> float:
        """See Clock."""
        self._seconds += self._step
        return self._seconds

    def wait(self, bell: Bell, seconds: float, sockets: Sequence[int] = ()) -> None:
        """See Clock."""
        self._seconds += seconds


@pytest.fixture
def settings() -> Settings:
    """All goes after an hour."""
    hour = 3600.0
    return Settings(keep_audit=hour, keep_samples=hour, keep_claims=hour)


@pytest.fixture
def old(db: Database) -> Database:
    """With so many audit entries from long ago, and one of today."""
    db.run(
        """
        INSERT INTO audit (at, actor, verb, subject)
        SELECT now() - interval '3 d', 'u', 'cancel', 'job:' || n FROM generate_series(1, %s) n
        """,
        OLD,
    )
    db.run("INSERT INTO audit (actor, verb, subject) VALUES ('u', 'cancel', 'job:0')")
    return db


def left(db: Database) -> int:
    """Entries."""
    return int(db.value("SELECT count(*) FROM audit"))


def test_where_everything_is_quick_all_goes_at_once(old: Database, settings: Settings) -> None:
    assert not Pruner(old, settings, VirtualClock()).go()
    assert left(old) == 1


def test_where_everything_is_slow_one_go_is_a_small_bite(old: Database, settings: Settings) -> None:
    pruner = Pruner(old, settings, SlowClock(0.06))
    before = left(old)
    for _ in range(8):
        assert pruner.go()
    assert before - left(old) == LEAST  # the others of the eight kinds had their turn too
    pruner.go()
    assert before - left(old) == 2 * LEAST  # now that only this kind has more


def test_bites_grow_while_they_are_quick_and_shrink_when_they_are_not(old: Database, settings: Settings) -> None:
    quick = Pruner(old, settings, VirtualClock())
    quick.go()
    assert quick._sizes["audit entries"] == MOST
    old.run("INSERT INTO audit (at, actor, verb, subject) SELECT now() - interval '3 d', 'u', 'cancel', 'job:1'")
    slow = Pruner(old, settings, SlowClock(0.03))
    slow._sizes["audit entries"] = MOST
    while slow.go():
        pass
    assert slow._sizes["audit entries"] == MOST // 2


def test_whoever_lags_behind_takes_more_time_but_never_so_much_that_a_round_is_late(
    old: Database, settings: Settings
) -> None:
    pruner = Pruner(old, settings, SlowClock(0.06))
    assert pruner._allowed_s == SHORTEST_S
    for _ in range(60):
        pruner.go()
    assert SHORTEST_S < pruner._allowed_s <= LONGEST_S
    while pruner.go():
        pass
    assert pruner._allowed_s == SHORTEST_S


def test_a_bite_that_is_given_up_is_smaller_the_next_time(old: Database, settings: Settings) -> None:
    pruner = Pruner(old, settings, VirtualClock())
    pruner.go()
    pruner._sizes["audit entries"] = MOST

    def give_up(_: int) -> Bite:
        raise TimeoutError  # as Postgres does after our statement_timeout

    pruner._kinds["audit entries"] = give_up
    with pytest.raises(TimeoutError):
        pruner.go()
    assert pruner._sizes["audit entries"] == MOST // 2
