"""How a server is reached: what each try makes of it, and when the next one is."""

from __future__ import annotations

import pytest

from clusterctl.tui.engine.connection import LONGEST_PAUSE, Connection, ConnectionState


def after(*tries: str, chance: float = 0.5) -> Connection:
    """A connection after these tries, one a second: ``+`` was answered, ``-`` was not."""
    found = Connection()
    for now, each in enumerate(tries):
        found = found.answered(now, 4.0) if each == "+" else found.failed(now, "refused", chance)
    return found


@pytest.mark.parametrize(
    "tries, now, state",
    [
        ("", 0, "connecting"),
        ("", 100, "connecting"),
        ("+", 0, "live"),
        ("+", 6, "live"),
        ("+", 6.1, "stale"),
        ("-", 0, "retrying"),
        ("+-", 1, "retrying"),
        ("+-+", 2, "live"),
        ("--+", 100, "stale"),
    ],
)
def test_what_is_shown_follows_from_the_tries_and_the_time(tries: str, now: float, state: ConnectionState) -> None:
    assert after(*tries).state(now, interval=2.0) == state


def test_a_short_interval_makes_no_picture_stale_after_one_slow_answer() -> None:
    assert after("+").state(2.9, interval=0.5) == "live"
    assert after("+").state(3.1, interval=0.5) == "stale"


def test_it_is_tried_again_ever_more_seldom_up_to_a_limit() -> None:
    pauses = [after(*"-" * count).wait(count - 1, 2.0) for count in range(1, 9)]
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10, 10]


def test_chance_spreads_the_tries_of_many_consoles() -> None:
    assert after("-", chance=0.0).wait(0, 2.0) < after("-", chance=1.0).wait(0, 2.0)
    assert after(*"-" * 5000, chance=1.0).wait(4999, 2.0) <= LONGEST_PAUSE * 1.25


def test_it_is_asked_every_interval_while_it_answers_and_at_once_when_a_pause_is_over() -> None:
    assert after("+").wait(50, interval=2.0) == 2.0
    assert after("-").wait(50, interval=2.0) == 0.0


def test_what_was_known_before_a_failure_is_kept_and_what_failed_is_forgotten_after_an_answer() -> None:
    assert after("+", "-").answered_at == 0
    assert after("+", "-").trouble == "refused"
    assert after("-", "+").trouble == ""
    assert after("-", "+").failures == 0
