"""Who of the stack runs: kept in step with ``stack.json`` while the directory is locked."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

import msgspec

from clusterctl import launch
from clusterctl.embedded import identity, record
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.logs import trim
from clusterctl.embedded.record import Process, Role, Stack

UNROTATED = ("postgres.log", "valkey.log", "up.log")


class Roster:
    """The stack in a locked directory. Every change is on disk before the next thing happens."""

    def __init__(self, directory: StateDirectory, stack: Stack, tell: Callable[[str], None] = lambda _: None) -> None:
        self.directory = directory
        self.stack = stack
        self.tell = tell
        self.started: list[Process] = []
        self.found: list[Process] = []

    def change(self, **fields: object) -> None:
        """Set *fields* of the stack, and write it."""
        self._become(msgspec.structs.replace(self.stack, **fields))

    def enter(self, role: Role, pid: int, name: str = "", args: Sequence[str] = ()) -> Process:
        """Write down that *pid* is this process of the stack: started now, unless it was known and lives."""
        since = identity.started(pid)
        known = self.stack.find(role, name or role)
        if known is not None and (known.pid, known.started) == (pid, since):
            self.found.append(known)
            return known
        process = Process(role=role, name=name or role, pid=pid, started=since or 0, args=tuple(args))
        self.started.append(process)
        self._become(self.stack.with_process(process))
        return process

    def run(self, daemon: launch.Daemon, name: str, args: Sequence[str] = ()) -> Process:
        """Make sure that this daemon runs: the one that does, or a new one with *args*. Raises OSError."""
        known = self.stack.find(daemon, name)
        if known is not None and known.lives:
            self.found.append(known)
            return known
        self.tell(f"starting {name}")
        child = self._spawn(daemon, name, args)
        process = self.enter(daemon, child.pid, name, args)
        launch.release(child)  # only now: from its first line on, it is on record
        return process

    def _spawn(self, daemon: launch.Daemon, name: str, args: Sequence[str]) -> subprocess.Popen[bytes]:
        log = self.directory.log(name)
        output = log.with_suffix(".err")  # its last words, should it end before or beside its log
        trim(output)
        env = {
            # Named outright, for these outrank the operator's own settings files, which may mean another cluster.
            "CLUSTERCTL_STATE_DIR": str(self.directory.root),
            "CLUSTERCTL_DATABASE_URL": self.stack.database_url,
            "CLUSTERCTL_REDIS_URL": self.stack.redis_url,
            "CLUSTERCTL_LOG_FILE": str(log),
        }
        return launch.spawn(daemon, args, env, output)

    def _become(self, stack: Stack) -> None:
        self.stack = stack
        record.write(self.directory, stack)


def trim_logs(directory: StateDirectory) -> None:
    """Cut the logs of those that do not do it themselves."""
    for name in UNROTATED:
        trim(directory.log("").with_name(name))
