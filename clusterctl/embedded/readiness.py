"""Wait until a stack that is up can be used."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from clusterctl.embedded import identity, record
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.logs import last_words
from clusterctl.embedded.record import Keeper, Process, Stack
from clusterctl.model.errors import ClusterError, Outage, Refused
from clusterctl.store import totals, worker_rows
from clusterctl.store.connection import Database

PATIENCE = 30.0  # seconds
EVERY = 0.1  # seconds between two questions

Awaited = Callable[[Stack], str]


def missing(stack: Stack) -> str:
    """Which daemons have not spoken up since they began, as ``"schedd to lead, w2 to register"``; empty when all have.

    Compared with the age of each process: after a kill -9 the rows of the last life still look well for a while.
    """
    try:
        with Database(stack.database_url, name="up") as db:
            silences = {
                worker.name: worker.heartbeat_age_s for worker in worker_rows.read(db) if worker.live_state == "up"
            }
            leader = totals.read(db).leader
    except Outage:
        return "Postgres to answer"
    if leader.name and leader.age_s is not None:
        silences["schedd"] = leader.age_s
    verbs = {"schedd": "to lead", "agentd": "to register"}
    return ", ".join(
        f"{process.name} {verbs[process.role]}"
        for process in stack.processes
        if process.role in verbs and silences.get(process.name, math.inf) > identity.age(process.started)
    )


def await_ready(
    state_dir: Path, *, tell: Callable[[str], None], awaited: Awaited = missing, seconds: float = PATIENCE
) -> None:
    """Wait until *awaited* names nothing more; each new answer is told.

    Raises ClusterError after *seconds*, or at once when a daemon that nobody would start again has died, with its last
    words; Refused when the stack was stopped meanwhile.
    """
    directory = StateDirectory.create(state_dir)
    deadline = time.monotonic() + seconds
    told = ""
    while waiting := awaited(_running(directory)):
        if waiting != told:
            tell(f"waiting for {waiting}")
            told = waiting
        if time.monotonic() > deadline:
            raise ClusterError(
                f"not ready after {seconds:.0f} s: still waiting for {waiting}",
                hint=f"the logs are in {directory.root / 'log'}; `clusterctl down` stops what runs",
            )
        time.sleep(EVERY)


def _running(directory: StateDirectory) -> Stack:
    """The stack as it is recorded now, if it has lost nobody for good."""
    stack = record.read(directory)
    if stack is None or stack.stopping:
        raise Refused("the stack was stopped meanwhile")
    keeper = stack.living_keeper
    if keeper is None or keeper == Keeper.this_process():
        for process in stack.processes:
            if not process.lives:
                raise _death(directory, process)
    return stack


def _death(directory: StateDirectory, process: Process) -> ClusterError:
    log = directory.log(process.name)
    output = log.with_suffix(".err")
    told = output if output.exists() and output.stat().st_size else log
    hint = f"its log is {told}; `clusterctl down` stops what runs"
    return ClusterError(f"{process.name} ended: {last_words(told)}", hint=hint)
