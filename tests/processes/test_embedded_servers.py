"""The private Postgres and Valkey, started, killed and found again for real."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis

from clusterctl.embedded import identity, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.record import Stack
from clusterctl.embedded.roster import Roster
from clusterctl.model.errors import Refused
from tests.private_servers import ask, kill, program, server, started_in
from tests.until import until

Start = Callable[[], Roster]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory, whose servers are stopped after the test."""
    path = tmp_path / "state"
    yield path
    with suppress(Refused):
        stack.down(path)


@pytest.fixture
def start(state: Path) -> Start:
    """Starts what is missing of the servers."""
    return lambda: started_in(state)


def test_both_servers_answer_on_sockets_and_on_no_port(start: Start) -> None:
    roster = start()
    assert ask(roster.stack.database_url, "SELECT current_database()") == "clusterctl"
    with redis.Redis.from_url(roster.stack.redis_url) as cache:
        assert cache.ping()
    for process in roster.stack.processes:
        assert psutil.Process(process.pid).net_connections("inet") == []


def test_a_second_start_finds_what_runs(start: Start) -> None:
    first, second = start(), start()
    assert second.started == []
    assert second.found == first.started


def test_data_are_durable_unless_it_is_for_a_test(state: Path) -> None:
    directory = StateDirectory.create(state)
    with directory.locked():
        roster = Roster(directory, Stack())
        stack.run_servers(roster, connections=106, durable=True)
    url = roster.stack.database_url
    assert [ask(url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "io_method", "max_connections")] == [
        "on",
        "on",
        "sync",
        "106",
    ]


def test_servers_outlive_the_program_that_started_them(state: Path, start: Start) -> None:
    assert program(state).communicate()[0] == "2\n"
    assert len(start().found) == 2


def test_five_programs_at_once_start_one_pair(state: Path) -> None:
    programs = [program(state) for _ in range(5)]
    assert sorted(each.communicate()[0] for each in programs) == ["0\n", "0\n", "0\n", "0\n", "2\n"]


def test_killed_servers_start_again_with_their_data(start: Start) -> None:
    roster = start()
    ask(roster.stack.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    ask(roster.stack.database_url, "CHECKPOINT")  # a throwaway server promises nothing later than this
    for role in ("postgres", "valkey"):
        kill(server(roster, role))
    again = start()
    assert len(again.started) == 2
    assert ask(again.stack.database_url, "SELECT answer FROM kept") == 42


def test_only_the_server_that_died_is_started_again(start: Start) -> None:
    kill(server(start(), "postgres"))
    again = start()
    assert [process.name for process in again.started] == ["postgres"]
    assert [process.name for process in again.found] == ["valkey"]


def test_a_start_waits_until_postgres_has_recovered_from_the_death_of_a_backend(start: Start) -> None:
    roster = start()
    backend = psutil.Process(server(roster, "postgres").pid).children()[0]
    backend.kill()
    until(lambda: not backend.is_running(), what="its parent to notice")  # until then Postgres is well, and lets us in
    assert ask(start().stack.database_url, "SELECT 1") == 1


@pytest.mark.parametrize("lock", ["postmaster.pid", ".s.PGSQL.5432.lock"])
def test_a_lock_file_whose_pid_is_a_strangers_now_is_swept_away(state: Path, start: Start, lock: str) -> None:
    roster = start()
    sockets = roster.directory.sockets()  # elsewhere, when the path is too long for a socket
    path = (state / "postgres" if lock == "postmaster.pid" else sockets) / lock
    lines = path.read_text().splitlines(keepends=True)
    kill(server(roster, "postgres"))
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        path.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        assert ask(start().stack.database_url, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_zombie_is_dead(state: Path, start: Start) -> None:
    roster = start()
    lock = state / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines(keepends=True)
    kill(server(roster, "postgres"))
    zombie = os.posix_spawn("/bin/true", ["true"], {})
    until(lambda: psutil.Process(zombie).status() == psutil.STATUS_ZOMBIE)
    lock.write_text("".join([f"{zombie}\n", *lines[1:]]))
    assert identity.started(zombie) is None
    assert ask(start().stack.database_url, "SELECT 1") == 1
    os.waitpid(zombie, 0)


def test_a_first_start_that_is_killed_leaves_nothing_half_made(state: Path, start: Start) -> None:
    killed = program(state)
    until(lambda: list(state.glob("postgres.new.*/PG_VERSION")), what="initdb to begin")
    killed.kill()
    killed.communicate()
    assert ask(start().stack.database_url, "SELECT 1") == 1
    stack.down(state)
    start()
    assert not list(state.glob("postgres.new.*/global"))


def test_a_server_whose_starter_could_not_record_it_is_found(state: Path, start: Start) -> None:
    pids = {process.pid for process in start().started}
    (state / "stack.json").unlink()
    assert {process.pid for process in stack.down(state)} == pids


def test_down_stops_both_and_finds_nothing_the_second_time(state: Path, start: Start) -> None:
    processes = start().stack.processes
    assert {process.role for process in stack.down(state)} == {"postgres", "valkey"}
    assert not any(process.lives for process in processes)
    assert not (state / "stack.json").exists()
    assert stack.down(state) == ()


def test_down_makes_no_directory(tmp_path: Path) -> None:
    assert stack.down(tmp_path / "never") == ()
    assert not (tmp_path / "never").exists()
