"""What tests of time forgive is what other work has cost, and not what a process has cost itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.held_up import HeldUp
from tests.until import until

ENDLESS = "while True: pass"
SLEEPER = "import signal; print('ready', flush=True); signal.pause()"


@contextmanager
def program(text: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child on one processor, the same for all of them."""
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE) as child:
        os.sched_setaffinity(child.pid, {min(os.sched_getaffinity(0))})
        try:
            yield child
        finally:
            child.kill()


def cpu_seconds(pid: int) -> float:
    """That it has had."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def test_who_shares_a_processor_was_held_up_for_as_long_as_the_other_had_it() -> None:
    with program(ENDLESS) as one, program(ENDLESS) as other:
        lost = HeldUp([one.pid])
        before = cpu_seconds(other.pid)
        until(lambda: cpu_seconds(other.pid) - before > 0.5)
        assert lost.seconds > 0.3


def test_who_sleeps_is_not_held_up() -> None:
    with program(SLEEPER) as sleeper, program(ENDLESS) as busy:
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline() == b"ready\n"
        until(lambda: psutil.Process(sleeper.pid).status() == psutil.STATUS_SLEEPING)
        lost = HeldUp([sleeper.pid])
        before = cpu_seconds(busy.pid)
        until(lambda: cpu_seconds(busy.pid) - before > 1)
        assert lost.seconds < 0.5
