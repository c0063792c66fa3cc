"""What has not changed is not looked into again, and what has is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from agentd.census import MOVED_EVERY_S, SLICES, Census, read_moved
from agentd.sampler import PAGE_BYTES
from agentd.supervisor.tree import read_processes
from tests.until import until

# Obeys each line of stdin, and says so.
OBEDIENT = """
import mmap, os, sys
held = [None]
for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


class Someone:
    """A process that does what it is told, and otherwise sleeps."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self.pid = child.pid

    def do(self, line: str) -> None:
        """Have it run *line*, and wait until it sleeps again."""
        assert self._child.stdin
        assert self._child.stdout
        print(line, file=self._child.stdin, flush=True)
        assert self._child.stdout.readline() == "done\n"
        until(lambda: psutil.Process(self.pid).status() == psutil.STATUS_SLEEPING)

    def die(self) -> None:
        """At once; it is waited for."""
        self._child.kill()
        self._child.wait()


@pytest.fixture
def someone() -> Iterator[Someone]:
    """One of them."""
    command = [sys.executable, "-c", OBEDIENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        process = Someone(child)
        process.do("pass")
        yield process
        child.kill()


def test_a_census_finds_whom_a_single_look_finds(someone: Someone) -> None:
    census = Census()
    census.take(0.0)
    assert census.take(5.0)[someone.pid] == read_processes()[someone.pid]


def test_who_sleeps_is_not_looked_into_again_and_who_did_something_is(someone: Someone) -> None:
    census = Census()
    first = census.take(0.0)[someone.pid]
    assert census.take(5.0)[someone.pid] is first
    someone.do("held[0] = bytearray(1 << 20)")
    second = census.take(10.0)[someone.pid]
    assert second is not first
    assert second.start == first.start


@pytest.mark.parametrize("megabytes", [1, 200])
def test_what_a_process_takes_and_gives_back_is_told_exactly(someone: Someone, megabytes: int) -> None:
    census = Census()
    for deed in (
        f"held[0] = mmap.mmap(-1, {megabytes} << 20); held[0].write(bytes({megabytes} << 20))",
        "held[0].close()",
    ):
        before = census.resident(census.take(0.0)[someone.pid])
        someone.do(deed)
        pages = census.resident(census.take(0.0)[someone.pid])
        assert pages != before
        assert pages * PAGE_BYTES == psutil.Process(someone.pid).memory_info().rss


def test_what_was_moved_is_read_of_a_third_at_a_time_and_of_everybody_in_time(someone: Someone) -> None:
    census = Census()
    known: list[set[int]] = []
    before = set(read_processes())
    for turn in range(SLICES):
        for _ in range(2):  # the second look in a slice reads nothing more
            for process in census.take(turn * MOVED_EVERY_S / SLICES).values():
                census.moved(process)
        known.append(set(census._moved))
    lasting = before & set(census.take(0.0))  # others come and go meanwhile
    assert someone.pid in known[-1]
    assert known[0] & lasting < known[1] & lasting < known[2] & lasting == lasting


@pytest.mark.parametrize("every", [1.0, 5.0, 15.0, 60.0])
def test_what_was_moved_is_read_however_seldom_a_census_is_taken(someone: Someone, every: float) -> None:
    census = Census()
    mine = {os.getpid(), os.getppid(), someone.pid}
    for turn in range(round(max(SLICES, MOVED_EVERY_S / every))):
        processes = census.take(turn * every)
        for pid in mine:
            census.moved(processes[pid])
    assert set(census._moved) == mine


def test_what_was_moved_is_what_the_kernel_says() -> None:
    census, me = Census(), os.getpid()
    for turn in range(SLICES):
        told = census.moved(census.take(turn * MOVED_EVERY_S / SLICES)[me])
    assert told <= read_moved(me)
    assert told[0] >= 0


def test_of_who_has_gone_nothing_is_kept(someone: Someone) -> None:
    census = Census()
    process = census.take(0.0)[someone.pid]
    census.resident(process)
    someone.die()
    assert someone.pid not in census.take(5.0)
    assert someone.pid not in census._resident
    assert os.getpid() in census.take(10.0)
