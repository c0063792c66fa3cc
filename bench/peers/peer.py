"""What a peer is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

from agentd.supervisor.tree import CLOCK_TICKS, children_of, descendants, read_processes
from bench.processor import total

AT_ONCE = 64  # jobs, as with our own agent of so many CPUs
LOOK_EVERY = 0.02  # seconds between two looks whether all is done, as with our own


class Runner(Protocol):
    """A peer that is up and waits for work."""

    def throughput(self, count: int) -> None:
        """Run so many `/bin/true`, one call to submit them; returns when all have succeeded."""

    def latency(self, command: Sequence[str]) -> float:
        """Submit one job that writes down the time; milliseconds from before the submit until that."""

    def cpu_seconds(self) -> float:
        """What all processes of the peer have used since they began, those of jobs that have ended included."""


class Peer(Protocol):
    """A scheduler, or what people use for one."""

    name: str
    settings: str  # how it is set up, in words for the page
    jobs: tuple[int, int]  # in one run of throughput: in full, and in a quick run
    submits: tuple[int, int]  # one after another, idle: likewise; 0 where nothing waits to be submitted to

    def available(self) -> str | None:
        """None if it can run here; else why not, in words."""

    def version(self) -> str:
        """As it calls itself."""

    def running(self, directory: Path) -> AbstractContextManager[Runner]:
        """Bring it up, with all that it writes in *directory*; take it down at the end."""


def tree_seconds(*roots: int) -> float:
    """CPU seconds of processes and all beneath them, and of whom those have waited for."""
    processes = read_processes()
    children = children_of(processes)
    trees = ((processes[pid], *descendants(pid, children)) for pid in roots if pid in processes)
    return sum(total(tree) for tree in trees) / CLOCK_TICKS


def until(done: Callable[[], bool], what: str, seconds: float = 300) -> None:
    """Look again and again. Raises TimeoutError."""
    deadline = monotonic() + seconds
    while not done():
        if monotonic() > deadline:
            raise TimeoutError(f"not after {seconds:.0f} s: {what}")
        sleep(LOOK_EVERY)


def moment(file: Path) -> int:
    """The nanoseconds that a job wrote into *file*; waits for them."""
    until(lambda: file.exists() and file.read_bytes().endswith(b"\n"), f"a job has written {file.name}", 60)
    return int(file.read_text())
