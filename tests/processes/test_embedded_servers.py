"""The private Postgres and Valkey, started, killed and found again for real."""

from __future__ import annotations

import importlib.util
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from clusterctl.embedded import binaries, guise, identity, record, stack, valkey
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.record import Process, Stack
from clusterctl.embedded.roster import Roster
from clusterctl.model.errors import Refused
from tests.until import until

Start = Callable[[], Roster]

PROGRAM = """
import sys
from pathlib import Path
from clusterctl.embedded import record, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.roster import Roster
directory = StateDirectory.create(Path(sys.argv[1]))
with directory.locked():
    roster = Roster(directory, record.read(directory) or record.Stack())
    stack.run_servers(roster, connections=20, durable=False)
print(len(roster.started))
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


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


def started_in(path: Path) -> Roster:
    directory = StateDirectory.create(path)
    with directory.locked():
        roster = Roster(directory, record.read(directory) or Stack())
        stack.run_servers(roster, connections=20, durable=False)
    return roster


def program(path: Path, before: str = "") -> subprocess.Popen[str]:
    """Another program that starts what is missing, and prints how many servers those were."""
    return subprocess.Popen(
        [sys.executable, "-c", before + PROGRAM, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ask(url: str, question: str) -> object:
    """The first column of Postgres's answer."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone() if question.startswith(("SELECT", "SHOW")) else None
        if row is None:
            connection.execute(question.encode())
        return row[0] if row else None


def server(roster: Roster, role: record.Role) -> Process:
    process = roster.stack.find(role, role)
    assert process is not None
    return process


def kill(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    identity.await_ends([(process.pid, process.started)], 10)


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
    assert ask(start().stack.database_url, "SELECT 1") == 1


@pytest.mark.parametrize("lock", ["postmaster.pid", ".s.PGSQL.5432.lock"])
def test_a_lock_file_whose_pid_is_a_strangers_now_is_swept_away(state: Path, start: Start, lock: str) -> None:
    roster = start()
    path = (state / "postgres" if lock == "postmaster.pid" else state / "run") / lock
    lines = path.read_text().splitlines(keepends=True)
    kill(server(roster, "postgres"))
    with subprocess.Popen(["sleep", "60"]) as stranger:
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


def test_long_state_directories_have_their_sockets_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = tmp_path / "r"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    path = tmp_path / "a long name with a ' and a %20" / ("x" * 60)
    roster = started_in(path)
    try:
        assert ask(roster.stack.database_url, "SELECT 1") == 1
        found = valkey.find(roster.directory)
        assert found is not None
        assert found.socket.parent.stat().st_mode & 0o777 == 0o700
        assert path not in found.socket.parents
        monkeypatch.delenv("XDG_RUNTIME_DIR")  # as in another login: what runs is found where it is
        assert started_in(path).started == []
    finally:
        stack.down(path)


def test_paths_with_odd_characters_work(tmp_path: Path) -> None:
    path = tmp_path / "it's 100% ü"
    roster = started_in(path)
    try:
        assert ask(roster.stack.database_url, "SELECT 1") == 1
        with redis.Redis.from_url(roster.stack.redis_url) as cache:
            assert cache.ping()
    finally:
        stack.down(path)


def test_a_socket_directory_that_another_prepared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = tmp_path / "r"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    directory = StateDirectory.create(tmp_path / ("x" * 100))
    prepared = directory.sockets()
    prepared.rmdir()
    prepared.symlink_to(tmp_path)
    with pytest.raises(Refused, match="not a private directory"):
        directory.sockets()


def test_a_directory_that_anybody_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(Refused, match="anybody may write"):
        StateDirectory.create(tmp_path)


def test_a_file_is_no_state_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="cannot make"):
        StateDirectory.create(tmp_path / "file")


@as_root
def test_another_users_stack_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(Refused, match="belongs to another user"):
        stack.down(tmp_path)


def test_data_of_another_version_are_refused(state: Path) -> None:
    (state / "postgres").mkdir(parents=True)
    (state / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(Refused, match="are Postgres 15's"):
        started_in(state)


def test_without_the_extra_it_says_what_to_install(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refused) as refusal:
        started_in(state)
    assert "pip install 'clusterctl[embedded]'" in refusal.value.hint


NO_NAMESPACES = """
import ctypes, os
here, there = os.pipe(), os.pipe()
child = os.fork()
if child:  # map all of our ids into the child's namespace, where it then forbids further ones
    os.read(here[0], 1)
    for map in ("uid_map", "gid_map"):
        open(f"/proc/{child}/{map}", "w").write("0 0 65536")
    os.write(there[1], b".")
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
ctypes.CDLL(None).unshare(0x10000000)
os.write(here[1], b".")
os.read(there[0], 1)
os.setgid(0), os.setuid(0)
open("/proc/sys/user/max_user_namespaces", "w").write("0")
"""


@as_root
def test_where_namespaces_are_refused_root_runs_postgres_as_nobody(state: Path, start: Start) -> None:
    out, errors = program(state, before=NO_NAMESPACES).communicate()
    assert out == "2\n", errors
    roster = start()
    owner = psutil.Process(server(roster, "postgres").pid).uids().real
    assert owner not in (0, os.geteuid())
    assert ask(roster.stack.database_url, "SELECT 1") == 1
    stack.down(state)
    assert ask(start().stack.database_url, "SELECT 1") == 1  # and with namespaces again, on the same data
    assert (state / "postgres").stat().st_uid == 0


@as_root
def test_a_uid_without_a_name_runs_postgres_too() -> None:
    nameless = 54321
    server_program = binaries.postgres("postgres")
    if not all(parent.stat().st_mode & stat.S_IXOTH for parent in server_program.parents):
        pytest.skip("strangers are not let into the directory of the wheels")
    with tempfile.TemporaryDirectory() as path:  # pytest's own directories are closed to strangers
        os.chown(path, nameless, nameless)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, path],
            preexec_fn=lambda: guise._become(nameless, nameless),  # let in to this interpreter, wherever it is
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "2\n", done.stderr
        processes = [each for each in psutil.process_iter() if each.uids().real == nameless]
        assert {"postgres", "valkey-server"} <= {each.name() for each in processes}
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(processes, timeout=10)
