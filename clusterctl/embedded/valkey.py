"""A private Valkey: its start, and how to find the one that runs already."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from clusterctl import launch
from clusterctl.embedded import binaries, identity
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.logs import last_words
from clusterctl.model.errors import ClusterError

SOCKET = "valkey.sock"
PATIENCE = 30.0  # seconds for a start: it reads its whole log first


class Found(NamedTuple):
    """A running server: its process, and its socket."""

    pid: int
    socket: Path


def url(path: Path) -> str:
    """How to connect to the server at that socket."""
    return f"unix://{quote(os.fsencode(path))}"


def start(directory: StateDirectory) -> Found:
    """The running server, started unless it runs. Raises Refused or ClusterError, with Valkey's own last words."""
    home = directory.valkey()
    with (home / "lock").open("ab") as lock:
        identity.wait_for(lambda: find(directory) is not None or _is_taken(lock.fileno()), PATIENCE)
        if found := find(directory):
            return found
        child = _launch(directory, home, lock.fileno())
    identity.wait_for(lambda: find(directory) is not None or child.poll() is not None, PATIENCE)
    if found := find(directory):
        return found
    log = directory.log("valkey")
    raise ClusterError(f"Valkey does not start: {last_words(log)}", hint=f"its log is {log}")


def living(directory: StateDirectory) -> int | None:
    """The pid of the server that has our data, whether it answers yet or not."""
    home = directory.valkey()
    with suppress(OSError, ValueError):
        pid = int((home / "pid").read_text())
        return pid if identity.is_server(pid, "valkey-server", home) else None
    return None


def find(directory: StateDirectory) -> Found | None:
    """The server that runs on our data and answers; None if there is none."""
    pid = living(directory)
    with suppress(OSError):
        path = Path((directory.valkey() / "socket").read_text())
        return Found(pid, path) if pid and _answers(path) else None
    return None


def _is_taken(lock: int) -> bool:
    """Take the lock that a server holds from its first moment to its last, if it is free.

    Valkey inherits it and never lets go, so a server whose starter was killed before it wrote its pid file is not
    joined by a second one on the same data.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _launch(directory: StateDirectory, home: Path, lock: int) -> subprocess.Popen[bytes]:
    path = directory.sockets() / SOCKET
    (home / "socket").write_text(str(path))
    (home / "pid").unlink(missing_ok=True)
    flags = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "pidfile": str(home / "pid"),
        "dir": str(home),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }
    argv = [word for flag, value in flags.items() for word in (f"--{flag}", value)]
    return launch.start([binaries.valkey(), *argv], os.environ, directory.log("valkey"), home=home, keeps=[lock])


def _answers(path: Path) -> bool:
    """Whether a PING is answered: while it still reads its log, it is not."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(os.fsencode(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")
