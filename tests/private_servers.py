"""A test's own Postgres and Valkey, to be killed: how to start them, ask them, and end them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from clusterctl.embedded import identity, record, stack, valkey
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.record import Process, Stack
from clusterctl.embedded.roster import Roster

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


def started_in(path: Path) -> Roster:
    """Start what is missing of the servers in *path*."""
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
    """The first column of Postgres's answer; None if it has none."""
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(question.encode())
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def server(roster: Roster, role: record.Role) -> Process:
    """The process that the stack has in that role."""
    process = roster.stack.find(role, role)
    assert process is not None
    return process


@contextmanager
def own_valkey(path: Path) -> Iterator[str]:
    """The URL of a Valkey whose data are in *path*, and that nobody else uses or has to wait for."""
    found = valkey.start(StateDirectory.create(path))
    process = Process(role="valkey", name="valkey", pid=found.pid, started=identity.started(found.pid) or 0)
    try:
        yield valkey.url(found.socket)
    finally:
        kill(process)


def kill(process: Process) -> None:
    """As the kernel does when memory runs out; returns when it is dead."""
    os.kill(process.pid, signal.SIGKILL)
    identity.await_ends([(process.pid, process.started)], 10)
