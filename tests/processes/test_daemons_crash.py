"""The whole private stack loses its scheduler and its database at once; what was acknowledged is run, once."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.embedded import record, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.readiness import await_ready
from clusterctl.embedded.stack import Wanted
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings
from clusterctl.store import jobs, migrations
from clusterctl.store.invariants import violations
from tests.until import until

JOBS = 220
WANTED = Wanted(workers=2, cpus="4", memory="1G")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory, whose stack is stopped after the test."""
    path = tmp_path / "state"
    yield path
    stack.down(path)


def up(state: Path) -> Cluster:
    """What ``up`` does, without a keeper that would start anybody again."""
    found = stack.up(state, WANTED, migrate=migrations.migrate).stack
    await_ready(state, tell=lambda _: None)
    return Cluster(Settings(database_url=found.database_url, redis_url=found.redis_url))


def kill_at_once(state: Path, *roles: str) -> None:
    """kill -9 to all processes in *roles* with everything beneath them, and see them gone."""
    recorded = record.read(StateDirectory(state))
    assert recorded
    doomed = [psutil.Process(process.pid) for process in recorded.processes if process.role in roles]
    doomed += [child for process in doomed for child in process.children(recursive=True)]
    for process in doomed:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(doomed, timeout=60)


def test_every_acknowledged_job_runs_exactly_once_though_scheduler_and_database_are_killed(
    state: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    script = f"echo $CLUSTERCTL_JOB_ID >> {ledger}"  # one write(2) with O_APPEND: never torn
    submission = Submission(spec=Spec(command=("/bin/sh", "-c", script)), request=Resources(500, 16, 0))
    with up(state) as cluster:
        acknowledged = [operations.submit(cluster, submission).ids[0] for _ in range(JOBS)]
        kill_at_once(state, "schedd", "postgres")
    with up(state) as cluster:
        until(lambda: jobs.counts(cluster.db, acknowledged).get("completed") == JOBS)
        assert Counter(map(int, ledger.read_text().split())) == Counter(acknowledged)
        assert violations(cluster.db) == []
        assert cluster.db.value("SELECT count(*) FROM allocations WHERE release_reason = 'exited'") == JOBS
