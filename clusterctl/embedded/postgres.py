"""A private Postgres: its data directory, its start, and how to find the one that runs already."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from clusterctl import launch
from clusterctl.embedded import binaries, guise, identity
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.logs import last_words
from clusterctl.model.errors import ClusterError, Refused

DATABASE = "clusterctl"
PORT = 5432  # names the socket; nothing listens on a network
PATIENCE = 60.0  # seconds for a start: a crashed server first replays its journal
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}  # PGDATA, PGPORT and friends of the operator mean another server

SETTINGS = """\
# Written by `clusterctl up` at every start.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = {connections}
shared_buffers = 128MB
io_method = sync
jit = off
max_parallel_workers_per_gather = 0
wal_level = minimal
max_wal_senders = 0
max_wal_size = 512MB
autovacuum_naptime = 10s
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
"""
THROWAWAY = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\n"


class Found(NamedTuple):
    """A running server: its process, and where its socket is."""

    pid: int
    sockets: Path


def url(sockets: Path, database: str = DATABASE) -> str:
    """How to connect to *database* of the server whose socket is in *sockets*."""
    return f"postgresql://postgres@/{database}?host={quote(os.fsencode(sockets))}&port={PORT}"


def living(directory: StateDirectory) -> int | None:
    """The pid of the server that has our data, whether it answers yet or not."""
    lines = _pid_file(directory.postgres / "postmaster.pid")
    pid = int(lines[0]) if lines else 0
    return pid if pid and identity.is_server(pid, "postgres", directory.postgres) else None


def find(directory: StateDirectory) -> Found | None:
    """The server that runs on our data and answers; None if there is none. Source: postmaster.pid, its eight lines."""
    lines = _pid_file(directory.postgres / "postmaster.pid")
    pid = living(directory)
    if not pid or len(lines) < 8 or lines[7].strip() != "ready":
        return None
    found = Found(pid, Path(lines[4]))
    return found if _answers(found.sockets) else None


def start(directory: StateDirectory, *, connections: int, durable: bool) -> Found:
    """The running server, started unless it runs. Raises Refused or ClusterError, with Postgres's own last words.

    Tried again for some seconds: after a kill -9 the old backends keep the shared memory for a moment.
    """
    if found := find(directory):
        return found
    program = binaries.postgres("postgres")
    face = guise.choose(program)
    _create(directory, face, durable)
    guise.give(directory.postgres, face)
    sockets = directory.sockets()
    _configure(directory, sockets, connections, durable)
    for _ in range(20):
        _clear_stale_locks(directory, sockets)
        child = launch.start(
            [program, "-D", directory.postgres], ENVIRONMENT, directory.log("postgres"), first=face.put_on
        )
        if found := _await_answer(directory, child):
            return found
        time.sleep(0.25)
    log = directory.log("postgres")
    raise ClusterError(f"Postgres does not start: {last_words(log)}", hint=f"its log is {log}")


def _await_answer(directory: StateDirectory, child: subprocess.Popen[bytes]) -> Found | None:
    """Wait until some server answers (ours, or one that another program was just starting), or ours gives up."""
    identity.wait_for(lambda: find(directory) is not None or child.poll() is not None, PATIENCE)
    return find(directory)


def _configure(directory: StateDirectory, sockets: Path, connections: int, durable: bool) -> None:
    quoted = str(sockets).replace("'", "''")
    text = SETTINGS.format(port=PORT, sockets=quoted, connections=connections)
    (directory.postgres / "postgresql.conf").write_text(text if durable else text + THROWAWAY)


def _create(directory: StateDirectory, face: guise.Guise, durable: bool) -> None:
    """Make the data directory, with our database in it: aside, then renamed, so that it is whole or not there."""
    with suppress(FileNotFoundError):
        version = (directory.postgres / "PG_VERSION").read_text().strip()
        if version != binaries.POSTGRES_MAJOR:
            raise Refused(
                f"the data in {directory.postgres} are Postgres {version}'s, and this is {binaries.POSTGRES_MAJOR}",
                hint="dump them with that version, or begin anew with another --state-dir",
            )
        return
    for leftover in directory.root.glob("postgres.new.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A name of its own: an initdb whose parent was killed may still be writing to the last one.
    fresh = Path(tempfile.mkdtemp(prefix="postgres.new.", dir=directory.root))
    guise.give(fresh, face)
    _run(directory, face, "initdb", "-D", str(fresh), *_INITDB)
    _run(
        directory,
        face,
        "postgres",
        "--single",
        "-F",
        "-D",
        str(fresh),
        "postgres",
        says=f"CREATE DATABASE {DATABASE}\n",
    )
    if durable:
        _run(directory, face, "initdb", "-D", str(fresh), "--sync-only")
    fresh.rename(directory.postgres)


# The locale is Postgres's own, so that the data do not depend on the machine's. "trust": whoever gets into a directory
# of mode 0700 is us.
_INITDB = (
    "--username=postgres",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",
    "--no-sync",
)


def _run(directory: StateDirectory, face: guise.Guise, program: str, *args: str, says: str = "") -> None:
    done = subprocess.run(
        [binaries.postgres(program), *args],
        input=says.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        preexec_fn=face.put_on,
        cwd="/",
        check=False,
    )
    if done.returncode:
        with directory.log("postgres").open("ab") as log:
            log.write(done.stdout)
        raise ClusterError(
            f"Postgres's {program} failed: {last_words(directory.log('postgres'))}",
            hint=f"all it said is in {directory.log('postgres')}",
        )


def _clear_stale_locks(directory: StateDirectory, sockets: Path) -> None:
    """Remove lock files whose pid is a living process that is not our server: after a reboot it is anybody's.

    One whose pid is dead stays: Postgres sees that itself, and looks in it for backends that still hold its memory.
    A zombie counts as a living process here, because Postgres takes it for one.
    """
    for lock in (directory.postgres / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock"):
        lines = _pid_file(lock)
        if not lines:
            continue
        pid = int(lines[0])
        if Path(f"/proc/{pid}").exists() and not identity.is_server(pid, "postgres", directory.postgres):
            lock.unlink(missing_ok=True)


def _answers(sockets: Path) -> bool:
    """Whether a session may begin. A server that recovers from the death of a backend still calls itself ready.

    Source: PostgreSQL's "Frontend/Backend Protocol", StartupMessage (3.0), AuthenticationOk, Terminate.
    """
    words = b"user\0postgres\0database\0" + DATABASE.encode() + b"\0\0"
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(os.fsencode(sockets / f".s.PGSQL.{PORT}"))
        connection.sendall(struct.pack("!II", 8 + len(words), 3 << 16) + words)
        accepted = connection.recv(1) == b"R"
        connection.sendall(struct.pack("!cI", b"X", 4))
        return accepted
    return False


def _pid_file(path: Path) -> list[str]:
    """Its lines; none if it is missing or half written."""
    try:
        lines = path.read_text().splitlines()
        int(lines[0])
    except (OSError, ValueError, IndexError):
        return []
    return lines
