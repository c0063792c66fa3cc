"""Bells, clocks and signals, for real."""

import os
import signal
import subprocess
import sys
import threading
import time

from clusterctl.clock import Bell, SystemClock, VirtualClock
from clusterctl.daemon import Signals


def test_ringing_twice_is_ringing_once() -> None:
    bell = Bell()
    assert not bell.clear()
    bell.ring()
    bell.ring()
    assert bell.clear()
    assert not bell.clear()
    bell.close()


def test_a_bell_that_nobody_hears_may_be_rung_for_ever() -> None:
    bell = Bell()
    for _ in range(100_000):
        bell.ring()
    assert bell.clear()
    assert not bell.clear()
    bell.close()


def test_a_thread_wakes_a_real_rest() -> None:
    bell = Bell()
    threading.Timer(0.05, bell.ring).start()
    began = time.monotonic()
    SystemClock().wait(bell, 300)
    assert time.monotonic() - began < 100
    bell.close()


def test_an_endless_rest_is_one_that_poll_can_count() -> None:
    bell = Bell()
    bell.ring()
    SystemClock().wait(bell, float("inf"))
    SystemClock().wait(bell, 1e12)
    bell.close()


def test_virtual_time_passes_at_once_and_only_if_nobody_rings() -> None:
    bell, clock = Bell(), VirtualClock()
    clock.wait(bell, 3600)
    bell.ring()
    clock.wait(bell, 3600)
    assert clock.seconds() == 3600
    bell.close()


def test_a_signal_wakes_the_rest_and_raises_its_flag() -> None:
    bell, former = Bell(), signal.getsignal(signal.SIGTERM)
    with Signals(bell) as signals:
        assert not signals.stopping()
        assert not signals.asked_now()
        os.kill(os.getpid(), signal.SIGUSR1)
        SystemClock().wait(bell, 30)
        assert bell.clear()
        assert signals.asked_now()
        assert not signals.asked_now()
        os.kill(os.getpid(), signal.SIGTERM)
        SystemClock().wait(bell, 30)
        assert signals.stopping()
        assert signals.ending is signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is former
    bell.close()


STORM = """
import sys, time
from clusterctl.clock import Bell, SystemClock
from clusterctl.daemon import Signals, keep_running
asked = 0
def cycle():
    global asked
    asked += signals.asked_now()
    print(asked, flush=True)
    return False
bell = Bell()
with Signals(bell) as signals:
    keep_running(cycle, every=600, clock=SystemClock(), bell=bell, stop=signals.stopping)
print("ended by", signals.ending.name, flush=True)
"""


def test_no_signal_is_slept_through_however_it_falls() -> None:
    """With a rest of ten minutes, each lost wake-up would hang this test."""
    daemon = subprocess.Popen([sys.executable, "-c", STORM], stdout=subprocess.PIPE, text=True)
    assert daemon.stdout is not None
    assert daemon.stdout.readline() == "0\n"
    for count in range(1, 300):
        daemon.send_signal(signal.SIGUSR1)
        while int(daemon.stdout.readline()) < count:  # each signal is answered before the next is sent
            pass
    daemon.terminate()
    assert daemon.stdout.read().splitlines()[-1] == "ended by SIGTERM"
    assert daemon.wait() == 0
    daemon.stdout.close()
