"""The state directory: what lies where in it, whose it must be, and the one lock on it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from clusterctl.model.errors import Refused
from clusterctl.settings.stack import STACK_FILE

LONGEST_SOCKET_DIRECTORY = 80  # bytes; a socket's whole path may have 107, and Postgres adds ".s.PGSQL.5432.lock"
ANOTHER = "choose another one with --state-dir"


class StateDirectory:
    """A directory that is ours alone, and the places in it. All subdirectories have mode 0700."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stack_file = root / STACK_FILE
        self.postgres = root / "postgres"

    @classmethod
    def create(cls, path: Path) -> Self:
        """The directory at *path*, made if need be. Raises Refused if it is not ours or cannot be written."""
        root = path.expanduser().resolve()
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(f"cannot make the state directory {root}: {error.strerror}", hint=ANOTHER) from error
        return cls._checked(root)

    @classmethod
    def find(cls, path: Path) -> Self | None:
        """The directory at *path* if there is one; nothing is made. Raises Refused if it is not ours."""
        root = path.expanduser().resolve()
        return cls._checked(root) if root.exists() else None

    @classmethod
    def _checked(cls, root: Path) -> Self:
        facts = root.stat()
        if not stat.S_ISDIR(facts.st_mode):
            raise Refused(f"the state directory {root} is not a directory", hint=ANOTHER)
        if facts.st_uid != os.geteuid():
            raise Refused(f"the state directory {root} belongs to another user (uid {facts.st_uid})", hint=ANOTHER)
        if facts.st_mode & stat.S_IWOTH:
            raise Refused(f"anybody may write to the state directory {root}", hint=f"chmod o-w {root}, or {ANOTHER}")
        if not os.access(root, os.W_OK | os.X_OK):
            raise Refused(f"the state directory {root} cannot be written to", hint=ANOTHER)
        return cls(root)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory against every other ``up``, ``down`` and keeper; waits for its turn."""
        with (self.root / "lock").open("wb") as lock:  # closed in children: Python opens files close-on-exec
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def log(self, name: str) -> Path:
        """The log file called *name*."""
        return self._private("log") / f"{name}.log"

    def spool(self, worker: str) -> Path:
        """The spool of *worker*."""
        return self._private("spool") / worker

    def valkey(self) -> Path:
        """Where Valkey keeps its data."""
        return self._private("valkey")

    def sockets(self) -> Path:
        """Where servers started now put their sockets: here, or elsewhere if our path is too long for a socket's."""
        if len(os.fsencode(self.root / "run")) <= LONGEST_SOCKET_DIRECTORY:
            return self._private("run")
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return _short_directory(f"clusterctl-{os.geteuid()}-{digest}")

    def leave_sockets(self) -> None:
        """Remove the directory elsewhere, if it is empty: a server that is only starting may be in it."""
        sockets = self.sockets()
        if sockets.parent != self.root:
            with suppress(OSError):
                sockets.rmdir()

    def _private(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path


def _short_directory(name: str) -> Path:
    """A directory of ours under the runtime directory, or under /tmp, where others may have been before us."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = runtime and len(runtime) + len(name) < LONGEST_SOCKET_DIRECTORY and os.access(runtime, os.W_OK)
    path = Path(runtime if usable else "/tmp", name)  # noqa: S108  # short, and distrusted below
    path.mkdir(mode=0o700, exist_ok=True)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) != 0o700:
        raise Refused(
            f"{path}, for the servers' sockets, is not a private directory of this user",
            hint=f"remove it, or {ANOTHER} whose path is shorter",
        )
    return path
