"""`xargs -P`: processes and no scheduler. Nothing is queued, recorded or told: the least that order could cost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from bench.peers.peer import AT_ONCE, Runner


class Xargs:
    """GNU's or another."""

    name = "xargs"
    settings = f"`xargs -n 1 -P {AT_ONCE} /bin/true`, with a line of input for each; no queue, no record, no output"
    jobs = (10_000, 1_000)
    submits = (0, 0)

    def available(self) -> str | None:
        """Whether it is on PATH."""
        return None if shutil.which("xargs") else "not here: no xargs on PATH"

    def version(self) -> str:
        """Its first line about itself; not every xargs has one."""
        said = subprocess.run(["xargs", "--version"], capture_output=True, text=True, check=False).stdout
        return said.splitlines()[0] if said else "unknown"

    @contextmanager
    def running(self, directory: Path) -> Iterator[Runner]:
        """There is nothing to bring up."""
        yield Spawner()


class Spawner:
    """One xargs for each run; the CPU of all of them and their children is that of our ended children."""

    def __init__(self) -> None:
        self._used = 0.0

    def throughput(self, count: int) -> None:
        """So many lines."""
        before = ended_seconds()
        lines = b"x\n" * count
        argv = ["xargs", "-n", "1", "-P", str(AT_ONCE), "/bin/true"]
        subprocess.run(argv, input=lines, env={"PATH": os.defpath}, check=True)
        self._used += ended_seconds() - before

    def latency(self, command: Sequence[str]) -> float:
        """Nobody waits there to be given a job."""
        raise NotImplementedError

    def cpu_seconds(self) -> float:
        """Nothing between runs."""
        return self._used


def ended_seconds() -> float:
    """CPU time of all children that have been waited for, and of theirs."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
