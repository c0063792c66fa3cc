"""A private durable stack for a benchmark: what ``clusterctl up`` runs, in a directory of its own, and gone after."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import LiteralString, NamedTuple

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.embedded import readiness, stack
from clusterctl.embedded.record import Stack
from clusterctl.model.output import default_output
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import load
from clusterctl.store import migrations

CPUS = 64  # declared, whatever the machine has: so many jobs may run at once at most
WORKER = "w1"
LOOK_EVERY = 0.02  # seconds


class Running(NamedTuple):
    """A stack that is ready: one schedd, one agent, Postgres with durable commits, Valkey."""

    cluster: Cluster
    stack: Stack
    state_dir: Path

    def submit(self, command: Sequence[str], *, count: int = 0) -> range:
        """Submit a job of one CPU, or with *count* an array of so many; their ids."""
        request = Submission(
            spec=Spec(command=tuple(command)),
            request=Resources(1000),
            indices=tuple(range(count)) if count else None,
        )
        ids = operations.submit(self.cluster, request).ids
        return range(ids[0], ids[-1] + 1)

    def await_end(self, seconds: float = 300) -> None:
        """Until every job has ended."""
        # One row is enough to know, and counting ten thousand every 20 ms would be work that we measure.
        self._await("SELECT count(*) FROM (SELECT FROM jobs WHERE live LIMIT 1) one", 0, seconds)

    def await_running(self, count: int, seconds: float = 60) -> None:
        """Until *count* jobs run."""
        self._await("SELECT count(*) FROM jobs WHERE live AND state = 'running'", count, seconds)

    def completed(self, ids: range) -> int:
        """How many of *ids* have completed."""
        between = "SELECT count(*) FROM jobs WHERE id BETWEEN %s AND %s AND state = 'completed'"
        return int(self.cluster.db.value(between, ids[0], ids[-1]))

    def output(self, job_id: int) -> str:
        """What the job's first attempt wrote."""
        return (self.state_dir / "spool" / WORKER / default_output(job_id, 1)).read_text()

    def pid(self, name: str) -> int:
        """Of the process of that name."""
        return next(process.pid for process in self.stack.processes if process.name == name)

    def _await(self, question: LiteralString, answer: int, seconds: float) -> None:
        deadline = monotonic() + seconds
        while self.cluster.db.value(question) != answer:
            if monotonic() > deadline:
                raise TimeoutError(f"not {answer} after {seconds:.0f} s: {question}")
            sleep(LOOK_EVERY)


@contextmanager
def running(workers: int = 1) -> Iterator[Running]:
    """A fresh stack, ready; stopped and deleted at the end. It lies in the directory for temporary files (TMPDIR)."""
    with tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as directory:
        state_dir = Path(directory) / "state"
        try:
            wanted = stack.Wanted(workers=workers, cpus=str(CPUS))
            up = stack.up(state_dir, wanted, migrate=migrations.migrate, tell=narrate).stack
            readiness.await_ready(state_dir, tell=narrate)
            places = {"database_url": up.database_url, "redis_url": up.redis_url, "state_dir": str(state_dir)}
            with Cluster(load(places, {}), name="bench") as cluster:
                yield Running(cluster, up, state_dir)
        finally:
            stack.down(state_dir)


def narrate(sentence: str) -> None:
    """To stderr: stdout is data."""
    print(f"  {sentence}", file=sys.stderr)
