"""The whole private stack, as ``clusterctl up`` and ``down`` make and end it: the real daemons, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from clusterctl import launch
from clusterctl.embedded import identity, postgres, record, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.keeper import LONGEST_PAUSE, Pauses
from clusterctl.embedded.readiness import missing
from clusterctl.embedded.record import Keeper, Process, Role, Stack
from clusterctl.embedded.stack import Wanted
from clusterctl.model.errors import SchemaMismatch
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.store import submissions
from clusterctl.store.connection import Database
from tests.until import until

Up = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory, whose stack is stopped after the test."""
    path = tmp_path / "state"
    yield path
    stack.down(path)


@pytest.fixture
def up(state: Path) -> Iterator[Up]:
    """Runs ``clusterctl up``; those that still run after the test are killed."""
    running: list[subprocess.Popen[bytes]] = []

    def run(workers: int = 1, *flags: str) -> subprocess.Popen[bytes]:
        argv = ["up", "--state-dir", str(state), "--workers", str(workers), "--cpus", "1", *flags]
        running.append(launch.run_again(argv, state.parent / "up.out"))
        return running[-1]

    yield run
    for child in running:
        child.kill()
        child.wait()


def recorded(state: Path) -> Stack:
    """What stack.json tells now; an empty stack if there is none."""
    return record.read(StateDirectory(state)) or Stack()


def is_recorded(state: Path, role: Role) -> bool:
    """Whether stack.json knows of a process with that role."""
    return any(process.role == role for process in recorded(state).processes)


def kept(state: Path, *names: str) -> Stack:
    """The stack, as soon as it has a keeper and all processes called *names*, and ``up`` has told where it answers."""

    def complete() -> bool:
        now = recorded(state)
        there = {process.name for process in now.processes if process.lives}
        told = now.redis_url in (state.parent / "up.out").read_text()
        return told and now.living_keeper is not None and there >= {"schedd", *names} and not missing(now)

    until(complete, what=f"a kept stack with {', '.join(names)}")
    return recorded(state)


def named(found: Stack, name: str) -> Process:
    """The process of that name."""
    return next(process for process in found.processes if process.name == name)


def kill(process: Process | Keeper) -> None:
    """As the kernel does when memory runs out."""
    os.kill(process.pid, signal.SIGKILL)
    identity.await_ends([(process.pid, process.started)], 10)


def reborn(state: Path, old: Process) -> bool:
    """Whether another process of the same name lives."""
    now = named(recorded(state), old.name)
    return now.lives and now.pid != old.pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_up_stops_all_that_it_started(state: Path, up: Up, number: signal.Signals) -> None:
    program = up()
    found = kept(state, "w1")
    program.send_signal(number)
    program.wait(60)
    assert not any(process.lives for process in found.processes)
    assert not (state / "stack.json").exists()


def test_a_daemon_that_dies_is_started_again_and_a_server_is_not(state: Path, up: Up) -> None:
    up()
    found = kept(state, "w1")
    for name in ("postgres", "schedd", "w1"):
        kill(named(found, name))
    until(lambda: reborn(state, named(found, "schedd")) and reborn(state, named(found, "w1")))
    assert not named(recorded(state), "postgres").lives
    assert up().wait(60) == 0
    assert named(recorded(state), "postgres").lives


def test_a_second_up_adds_a_worker_leaves_the_rest_and_goes(state: Path, up: Up) -> None:
    up(1)
    first = kept(state, "w1")
    assert up(2).wait(60) == 0
    second = recorded(state)
    assert second.keeper == first.keeper
    assert {process.name for process in second.processes} - {process.name for process in first.processes} == {"w2"}
    assert set(first.processes) <= set(second.processes)
    kill(named(second, "w2"))
    until(lambda: reborn(state, named(second, "w2")), what="the first up to look after the second's worker")


def test_when_the_keeper_is_killed_all_live_on_and_the_next_up_adopts_them(state: Path, up: Up) -> None:
    up(1)
    first = kept(state, "w1")
    assert first.keeper is not None
    kill(first.keeper)
    assert all(process.lives for process in first.processes)
    up(1)
    second = kept(state, "w1")
    assert second.keeper != first.keeper
    assert second.processes == first.processes


def test_a_detached_up_leaves_a_keeper_behind_and_down_ends_it_too(state: Path, up: Up) -> None:
    assert up(1, "--detach").wait(60) == 0
    found = recorded(state)
    keeper = found.living_keeper
    assert keeper is not None
    stopped = stack.down(state)
    assert set(stopped) == set(found.processes)
    assert not keeper.lives


def test_an_up_killed_at_any_moment_leaves_nothing_that_down_cannot_find(state: Path, up: Up) -> None:
    roles: tuple[Role, ...] = ("postgres", "valkey", "schedd")
    for role in roles:
        program = up(1)
        until(partial(is_recorded, state, role), what=role)
        program.kill()
        program.wait()
        left = recorded(state)
        stack.down(state)
        assert not any(process.lives for process in left.processes)
    up(1)
    kept(state, "w1")


@pytest.mark.parametrize("agent_is_dead", [False, True])
def test_down_ends_the_jobs_even_of_an_agent_that_died_unseen(state: Path, up: Up, agent_is_dead: bool) -> None:
    up(1)
    found = kept(state, "w1")
    job = running_job(found.database_url, state.parent)
    if agent_is_dead:
        assert found.keeper is not None
        kill(found.keeper)
        kill(named(found, "w1"))
        assert job.is_running()
    stack.down(state)
    assert not job.is_running()


def running_job(database_url: str, directory: Path) -> psutil.Process:
    """The process of a job that would run for an hour."""
    pid = directory / "job.pid"
    script = f"echo $$ > {pid}.new && mv {pid}.new {pid} && exec sleep 3600"
    with Database(database_url) as db:
        command = ("sh", "-c", script)
        submissions.submit(
            db, Submission(spec=Spec(command=command, cwd=str(directory)), request=Resources(cpu_milli=100))
        )
    until(pid.exists, what="the job to start")
    return psutil.Process(int(pid.read_text()))


def test_the_record_is_for_its_owner_only(state: Path, up: Up) -> None:
    up(1)
    kept(state, "w1")
    assert (state / "stack.json").stat().st_mode & 0o777 == 0o600


def test_a_daemon_that_keeps_dying_is_started_more_and_more_rarely() -> None:
    pauses, now, waits = Pauses(), 1000.0, []
    for _ in range(9):
        waits.append(pauses.left(now))
        now += waits[-1]
        pauses.started(now)
    assert waits == [0, 1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_daemon_that_has_run_calmly_is_started_at_once_again() -> None:
    pauses = Pauses()
    for now in (0.0, 1.0, 3.0):
        pauses.started(now)
    assert pauses.left(4.0) == 3.0
    assert pauses.left(64.0) == 0.0


def test_an_up_that_fails_leaves_nothing_of_its_own_running(state: Path) -> None:
    def foreign(url: str) -> None:
        raise SchemaMismatch("the schema is of another version")

    told: list[str] = []
    with pytest.raises(SchemaMismatch):
        stack.up(state, Wanted(workers=0), migrate=foreign, tell=told.append)
    assert told[-2:] == ["stopping valkey", "stopping postgres"]
    assert recorded(state) == Stack()
    assert postgres.living(StateDirectory(state)) is None
