"""``stack.json``: where the servers answer, which processes there are, and who looks after them.

Written anew, whole and at once, whenever a process comes or goes; so whoever dies, the next one knows what runs.
"""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.identity import boot_id, is_running, started
from clusterctl.model.errors import Refused

Role = Literal["postgres", "valkey", "schedd", "agentd"]


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process of the stack. *started*: clock ticks since boot, which tell it from a later owner of its pid.

    *args* are the flags with which a daemon was started, and is started again.
    """

    role: Role
    name: str
    pid: int
    started: int
    args: tuple[str, ...] = ()

    @property
    def lives(self) -> bool:
        """Whether it runs (in this boot)."""
        return is_running(self.pid, self.started)


class Keeper(msgspec.Struct, frozen=True, kw_only=True):
    """The ``up`` that starts daemons again."""

    pid: int
    started: int

    @classmethod
    def this_process(cls) -> Keeper:
        """Ourselves."""
        return cls(pid=os.getpid(), started=started(os.getpid()) or 0)

    @property
    def lives(self) -> bool:
        """Whether it runs (in this boot)."""
        return is_running(self.pid, self.started)


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """All of the file. *stopping*: ``down`` has begun, so nothing is to be started again."""

    database_url: str = ""
    redis_url: str = ""
    boot_id: str = msgspec.field(default_factory=boot_id)
    stopping: bool = False
    keeper: Keeper | None = None
    processes: tuple[Process, ...] = ()

    def find(self, role: Role, name: str) -> Process | None:
        """The process that was last known by that name, alive or not."""
        return next((process for process in self.processes if (process.role, process.name) == (role, name)), None)

    def with_process(self, process: Process) -> Stack:
        """The same stack, with *process* in the place of the one of its name."""
        places = {(each.role, each.name): each for each in (*self.processes, process)}
        return msgspec.structs.replace(self, processes=tuple(places.values()))

    @property
    def living_keeper(self) -> Keeper | None:
        """Whoever looks after the stack now."""
        return self.keeper if self.keeper and self.keeper.lives else None


def read(directory: StateDirectory) -> Stack | None:
    """The stack recorded in *directory*; None if there is none, or nothing of it can have survived a reboot."""
    try:
        stack = msgspec.json.decode(directory.stack_file.read_bytes(), type=Stack)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(
            f"{directory.stack_file} cannot be read: {error}",
            hint="it tells which processes are the stack's; end those by hand, then remove it",
        ) from error
    return stack if stack.boot_id == boot_id() else None


def write(directory: StateDirectory, stack: Stack) -> None:
    """Replace the record at once, readable by nobody else; a crash or a power cut leaves the old one or the new."""
    fresh = directory.stack_file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(stack), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(directory.stack_file)


def remove(directory: StateDirectory) -> None:
    """There is no stack any more."""
    directory.stack_file.unlink(missing_ok=True)
