"""Ourselves, through the same protocol as every peer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time_ns

from bench import processor, stack
from bench.peers.peer import Runner, moment
from clusterctl import __version__
from clusterctl.model.output import default_output


class Ours:
    """What `clusterctl up` runs, durable."""

    name = "clusterctl"
    settings = (
        "one agent that declares 64 CPUs, every setting as it comes; commits are durable, and each job's output is kept"
        " in a file"
    )
    jobs = (10_000, 1_000)
    submits = (200, 20)

    def available(self) -> str | None:
        """Always."""
        return None

    def version(self) -> str:
        """Of the package."""
        return __version__

    @contextmanager
    def running(self, directory: Path) -> Iterator[Runner]:
        """A private stack; it has a directory of its own."""
        with stack.running() as running:
            yield Stack(running)


class Stack:
    """Ours, up."""

    def __init__(self, running: stack.Running) -> None:
        self._running = running

    def throughput(self, count: int) -> None:
        """One array."""
        ids = self._running.submit(["/bin/true"], count=count)
        self._running.await_end()
        assert self._running.completed(ids) == count

    def latency(self, command: Sequence[str]) -> float:
        """By `operations.submit`, with an open cluster as a program would hold it."""
        begun = time_ns()
        (id,) = self._running.submit(command)
        acted = moment(self._running.state_dir / "spool" / stack.WORKER / default_output(id, 1))
        self._running.await_end()
        return (acted - begun) / 1e6

    def cpu_seconds(self) -> float:
        """Of schedd, the agent and all beneath it, Postgres and Valkey."""
        return processor.of_stack(self._running.stack).total()
