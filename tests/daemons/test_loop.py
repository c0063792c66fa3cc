"""A daemon's life, in virtual time."""

import logging
import os
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.clock import LONGEST_PAUSE, Bell, VirtualClock, patience
from clusterctl.daemon import Rest, keep_running
from clusterctl.model.errors import Outage

Step = Rest | Exception


def run(script: Iterable[Step], every: float = 2.0, chance: float = 0.0) -> list[float]:
    """Run a daemon whose cycles follow *script*; the moments at which each began, and at last the end."""
    clock, bell, moments, steps = VirtualClock(), Bell(), list[float](), iter(script)
    over = False

    def cycle() -> Rest:
        nonlocal over
        moments.append(clock.seconds())
        step = next(steps, None)
        if step is None:
            over = True
            return False
        if isinstance(step, Exception):
            raise step
        return step

    keep_running(cycle, every=every, clock=clock, bell=bell, stop=lambda: over, chance=lambda: chance)
    bell.close()
    return moments


def test_it_rests_only_when_there_is_nothing_more_to_do() -> None:
    assert run([True, True, False, False]) == [0, 0, 0, 2, 4]


def test_a_cycle_may_say_how_long_to_rest() -> None:
    assert run([0.5, 30.0, 0.0, False]) == [0, 0.5, 30.5, 30.5, 32.5]


def test_it_waits_out_an_outage_with_growing_patience() -> None:
    away = Outage("postgres", "gone")
    assert run([away, away, away, True, away]) == [0, 0.5, 1.5, 3.5, 3.5, 4.0]


def test_chance_shortens_a_pause_by_half_at_most() -> None:
    away = Outage("postgres", "gone")
    assert run([away, away], chance=1.0) == [0, 0.25, 0.75]


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_patience_ends(outages: int, chance: float) -> None:
    assert 0.25 <= patience(outages, chance) <= LONGEST_PAUSE


def test_a_bug_ends_it() -> None:
    with pytest.raises(ZeroDivisionError):
        run([False, ZeroDivisionError(), False])


def test_a_healthy_life_logs_nothing_and_an_outage_is_told_at_both_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run([True, False, 3.0])
    assert not caplog.messages
    run([Outage("postgres", "gone"), *[Outage("postgres", "gone")] * 20, True])
    assert caplog.messages[0] == "postgres unreachable: gone; trying again in 0.5s (1 in a row)"
    assert caplog.messages[-1] == "back after 21 failed attempts"
    assert len(caplog.messages) < 8


def test_a_ring_during_the_cycle_is_not_lost() -> None:
    clock, bell, moments = VirtualClock(), Bell(), list[float]()

    def cycle() -> Rest:
        moments.append(clock.seconds())
        if len(moments) == 1:
            bell.ring()
        return False

    keep_running(cycle, every=2.0, clock=clock, bell=bell, stop=lambda: len(moments) == 3)
    assert moments == [0, 0, 2]


def test_a_readable_socket_cuts_the_rest_short() -> None:
    clock, bell, moments = VirtualClock(), Bell(), list[float]()
    ear, mouth = os.pipe()

    def cycle() -> Rest:
        moments.append(clock.seconds())
        if len(moments) == 1:
            os.write(mouth, b"x")
        elif len(moments) == 2:
            os.read(ear, 1)
        return False

    keep_running(cycle, every=2.0, clock=clock, bell=bell, stop=lambda: len(moments) == 3, sockets=lambda: [ear])
    assert moments == [0, 0, 2]
    os.close(ear)
    os.close(mouth)


class ImpatientClock(VirtualClock):
    """Virtual time in which somebody rings during every rest, after a tenth of a second."""

    def wait(self, bell: Bell, seconds: float, sockets: object = ()) -> None:
        super().wait(bell, min(seconds, 0.1))
        bell.ring()


def test_rings_do_not_hammer_at_a_database_that_is_away() -> None:
    clock, bell, moments = ImpatientClock(), Bell(), list[float]()

    def cycle() -> Rest:
        moments.append(clock.seconds())
        raise Outage("postgres", "gone")

    keep_running(cycle, every=2.0, clock=clock, bell=bell, stop=lambda: clock.seconds() >= 3)
    assert moments == pytest.approx([0, 0.5, 1.5])


def test_a_stop_is_heard_even_while_an_outage_is_waited_out() -> None:
    clock, bell = ImpatientClock(), Bell()

    def cycle() -> Rest:
        raise Outage("postgres", "gone")

    keep_running(cycle, every=2.0, clock=clock, bell=bell, stop=lambda: clock.seconds() > 20)
    assert clock.seconds() == pytest.approx(20.1, abs=0.11)
