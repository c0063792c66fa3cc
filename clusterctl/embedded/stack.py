"""Bring the private stack up, and down.

Both hold the directory's lock, may be killed at any line, and may be called again by anybody, any number of times.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from clusterctl import units
from clusterctl.embedded import identity, postgres, record, valkey
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.record import Keeper, Process, Role, Stack
from clusterctl.embedded.roster import Roster, trim_logs
from clusterctl.model.errors import ClusterError

CONNECTIONS = 100  # of Postgres, besides two for each worker
LISTENING_WITHIN = 10.0  # seconds from a daemon's start to its first heed of signals

# In the order of leaving. Agents end their jobs first, and have the time for each job's grace.
_LEAVING: tuple[tuple[Role, signal.Signals, float], ...] = (
    ("agentd", signal.SIGTERM, 60.0),
    ("schedd", signal.SIGTERM, 15.0),
    ("valkey", signal.SIGTERM, 15.0),
    ("postgres", signal.SIGINT, 60.0),  # its "fast": turns clients away, loses nothing
)

Tell = Callable[[str], None]
Migrate = Callable[[str], object]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What ``up`` is to run. *cpus* and *memory* are each worker's, as on the command line.

    Empty: an equal share of this machine, but at least one CPU.
    """

    workers: int = 1
    cpus: str = ""
    memory: str = ""


class Report(NamedTuple):
    """What ``up`` found running, what it started, and who (if not the caller) looks after it."""

    stack: Stack
    found: tuple[Process, ...]
    started: tuple[Process, ...]
    keeper: Keeper | None


def _silently(_: str) -> None:
    """Tell nobody."""


def up(state_dir: Path, wanted: Wanted, *, migrate: Migrate, keep: bool = False, tell: Tell = _silently) -> Report:
    """Start what is missing of the stack in *state_dir*, leave what runs, and say which was which.

    *migrate* is given the database's URL, and brings its schema up to date. With *keep*, the caller is recorded as the
    keeper unless one lives (and should then call `keeper.keep`). Workers that ran here before in this stack are wanted
    too, with the flags that they had. Does not wait for the daemons: see `readiness`. Raises Refused or ClusterError,
    having stopped what it started: that would have nobody who looks after it.
    """
    directory = StateDirectory.create(state_dir)
    with directory.locked():
        roster = Roster(directory, _remembered(directory), tell)
        roster.change(stopping=False, keeper=roster.stack.living_keeper)
        trim_logs(directory)
        try:
            run_servers(roster, connections=_connections(roster.stack, wanted), durable=True)
            migrate(roster.stack.database_url)
            _run_daemons(roster, wanted)
        except ClusterError:
            _take_back(roster)
            raise
        other = roster.stack.keeper
        if keep and other is None:
            roster.change(keeper=Keeper.this_process())
        return Report(roster.stack, tuple(roster.found), tuple(roster.started), other)


def _take_back(roster: Roster) -> None:
    """Stop what was started just now; what ran before is left as it was."""
    for role, number, patience in _LEAVING:
        _stop([process for process in roster.started if process.role == role], number, patience, roster.tell)
    if not any(process.lives for process in roster.stack.processes):
        record.remove(roster.directory)
        roster.directory.leave_sockets()


def run_servers(roster: Roster, *, connections: int, durable: bool) -> None:
    """Start Postgres and Valkey if they do not run, wait until they answer, and record them."""
    directory = roster.directory
    if not postgres.living(directory):
        roster.tell("starting Postgres")
    database = postgres.start(directory, connections=connections, durable=durable)
    roster.change(database_url=postgres.url(database.sockets))
    roster.enter("postgres", database.pid)
    if not valkey.living(directory):
        roster.tell("starting Valkey")
    cache = valkey.start(directory)
    roster.change(redis_url=valkey.url(cache.socket))
    roster.enter("valkey", cache.pid)


def down(state_dir: Path, *, tell: Tell = _silently) -> tuple[Process, ...]:
    """Stop the stack in *state_dir*, wait until all of it is gone, and say what was stopped: nothing, the second time.

    Agents stop their jobs first. The data stay. Raises Refused.
    """
    directory = StateDirectory.find(state_dir)
    if directory is None:
        return ()
    with directory.locked():
        roster = Roster(directory, record.read(directory) or Stack())
        roster.change(stopping=True)  # so that the keeper, if any, starts nobody again
        _find_unrecorded(roster)
        _revive_agents(roster)
        living = [process for process in roster.stack.processes if process.lives]
        for role, number, patience in _LEAVING:
            _stop([process for process in living if process.role == role], number, patience, tell)
        keeper = roster.stack.living_keeper
        record.remove(directory)
        directory.leave_sockets()
    if keeper and keeper != Keeper.this_process():
        identity.await_ends([(keeper.pid, keeper.started)], 10.0)
    return tuple(living)


def _stop(processes: list[Process], number: signal.Signals, patience: float, tell: Tell) -> None:
    """Ask all of one role to leave; kill those that have not in time.

    Asked is who listens: one that is only starting would die of the question, and leave its jobs behind.
    """
    identity.wait_for(lambda: all(identity.heeds(each.pid, number) for each in processes), LISTENING_WITHIN)
    for process in processes:
        tell(f"stopping {process.name}")
        identity.send(process.pid, process.started, number)
    for pid, since in identity.await_ends([(each.pid, each.started) for each in processes], patience):
        tell(f"process {pid} did not leave within {patience:.0f} s, and was killed")
        identity.send(pid, since, signal.SIGKILL)
        identity.await_ends([(pid, since)], 10.0)


def _remembered(directory: StateDirectory) -> Stack:
    """The stack of which something still runs; what a reboot or a crash of everything left is no stack."""
    stack = record.read(directory) or Stack()
    lives = any(process.lives for process in stack.processes) or stack.living_keeper is not None
    return stack if lives else Stack()


def _find_unrecorded(roster: Roster) -> None:
    """Record servers whose starter died before it could."""
    if pid := postgres.living(roster.directory):
        roster.enter("postgres", pid)
    if pid := valkey.living(roster.directory):
        roster.enter("valkey", pid)


def _revive_agents(roster: Roster) -> None:
    """Start agents that died while nobody looked: their jobs live on, and only an agent can end them."""
    if postgres.find(roster.directory):
        for process in roster.stack.processes:
            if process.role == "agentd" and not process.lives:
                roster.run("agentd", process.name, process.args)


def _connections(stack: Stack, wanted: Wanted) -> int:
    agents = sum(process.role == "agentd" for process in stack.processes)
    return CONNECTIONS + 2 * max(wanted.workers, agents)


def _run_daemons(roster: Roster, wanted: Wanted) -> None:
    roster.run("schedd", "schedd")
    for name, args in _agents(roster, wanted).items():
        roster.run("agentd", name, args)


def _agents(roster: Roster, wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """The flags of each agentd that should run, by worker; those already known keep theirs."""
    flags = ("--cpus", wanted.cpus or _share_of_cpus(wanted.workers), *_memory(wanted))
    names = [f"w{number}" for number in range(1, wanted.workers + 1)]
    agents = {
        name: ("--name", name, "--spool", str(roster.directory.spool(name)), "--stop-jobs", *flags) for name in names
    }
    known: Iterable[Process] = (process for process in roster.stack.processes if process.role == "agentd")
    return agents | {process.name: process.args for process in known}


def _share_of_cpus(workers: int) -> str:
    """Whole CPUs, and at least one each: a worker with less could run no job that does not ask for less."""
    return str(max(1, len(os.sched_getaffinity(0)) // max(1, workers)))


def _memory(wanted: Wanted) -> tuple[str, str]:
    share = psutil.virtual_memory().total // 2**20 // max(1, wanted.workers)
    return "--memory", wanted.memory or units.format_memory(share)
