"""HyperQueue: a server and a worker from its wheel, in memory."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from time import sleep, time_ns
from typing import Any

from bench.peers.peer import AT_ONCE, LOOK_EVERY, Runner, moment, tree_seconds

WHOLE_CLUSTER = (sys.executable, "-m", "bench.peers.hyperqueue_cluster")


class HyperQueue:
    """Its LocalCluster, in a process of its own; we are a client in another, as with our own stack."""

    def __init__(self, *, files: bool) -> None:
        self._files = files
        self.name = "hyperqueue_files" if files else "hyperqueue"
        output = "output of each task in two files, its default" if files else "no output is kept, its fastest setting"
        self.settings = (
            f"`LocalCluster` of its wheel: a server and one worker of {AT_ONCE} cores, all in memory, {output}; one"
            " job of as many tasks, for its Python API has no arrays"
        )
        self.jobs = (2_000, 500) if files else (10_000, 1_000)
        self.submits = (0, 0) if files else (200, 20)

    def available(self) -> str | None:
        """Whether its wheel is installed: there is none for every platform."""
        if importlib.util.find_spec("hyperqueue"):
            return None
        return "not here: `make bench` installs its wheel, where there is one for the platform"

    def version(self) -> str:
        """Of the wheel."""
        return metadata.version("hyperqueue")

    @contextmanager
    def running(self, directory: Path) -> Iterator[Runner]:
        """A cluster that ends with its standard input, however we end."""
        pipe = subprocess.PIPE
        argv = (*WHOLE_CLUSTER, str(directory / "server"), str(AT_ONCE))
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as cluster:
            assert cluster.stdin
            assert cluster.stdout
            try:
                if not any(line == "ready\n" for line in cluster.stdout):
                    raise RuntimeError("HyperQueue's cluster did not come up")
                yield Cluster(cluster.pid, directory, files=self._files)
            finally:
                cluster.stdin.close()


class Cluster:
    """HyperQueue, up."""

    def __init__(self, pid: int, directory: Path, *, files: bool) -> None:
        self._package = importlib.import_module("hyperqueue")  # there, or nobody would be here
        self._client = self._package.Client(directory / "server")
        self._pid, self._directory, self._files = pid, directory, files
        self._outputs = itertools.count()

    def throughput(self, count: int) -> None:
        """One job of so many tasks."""
        kept: Mapping[str, Any] = {} if self._files else {"stdout": None, "stderr": None}
        self._await_end(self._submit(["/bin/true"], count, kept))

    def latency(self, command: Sequence[str]) -> float:
        """A job of one task, with a client that is connected already."""
        file = self._directory / f"{next(self._outputs)}.out"
        begun = time_ns()
        job = self._submit(command, 1, {"stdout": file, "stderr": None})
        acted = moment(file)
        self._await_end(job)
        return (acted - begun) / 1e6

    def cpu_seconds(self) -> float:
        """Of server and worker, which are one process, and of the tasks."""
        return tree_seconds(self._pid)

    def _submit(self, command: Sequence[str], count: int, kept: Mapping[str, Any]) -> int:
        job = self._package.Job(default_workdir=self._directory)
        for _ in range(count):
            job.program(list(command), **kept)
        return int(self._client.submit(job).id)

    def _await_end(self, job: int) -> None:
        """Its own wait looks once a second, which would be counted against it; so each is cut short after one look."""
        while True:
            try:
                failed = self._client.connection.wait_for_jobs([job], look)
            except StillRunning:
                sleep(LOOK_EVERY)
            else:
                assert not failed
                return


class StillRunning(Exception):
    """Not all tasks have ended."""


def look(jobs: Mapping[int, Mapping[str, Any]]) -> None:
    """What the client is told of each job at every look."""
    if not all(job["completed"] for job in jobs.values()):
        raise StillRunning
