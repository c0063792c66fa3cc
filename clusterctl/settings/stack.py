"""What a running ``up`` stack says of itself in ``<state_dir>/stack.json``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

STACK_FILE = "stack.json"


class StackProcess(msgspec.Struct, frozen=True, kw_only=True):
    """One process of the stack. ``started``: clock ticks since boot, field 22 of ``/proc/<pid>/stat``."""

    role: str
    pid: int
    name: str = ""
    started: int | None = None


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stack's servers answer, and which processes it has."""

    database_url: str
    redis_url: str
    processes: tuple[StackProcess, ...] = ()


def recorded_stack(state_dir: Path) -> Stack | None:
    """The stack in *state_dir*, from its ``up`` to its ``down``; None if there is none. A torn file counts as none.

    So does one of a stack whose servers are only being started: where they will answer stands nowhere yet.
    """
    try:
        stack = msgspec.json.decode((state_dir / STACK_FILE).read_bytes(), type=Stack)
    except (OSError, msgspec.DecodeError):
        return None
    return stack if stack.database_url and stack.redis_url else None


def running_stack(state_dir: Path) -> Stack | None:
    """The recorded stack, if its Postgres lives."""
    stack = recorded_stack(state_dir)
    servers = [process for process in stack.processes if process.role == "postgres"] if stack else []
    return stack if all(map(_lives, servers)) else None


def stack_values(state_dir: Path) -> Mapping[str, str]:
    """The settings that a recorded stack supplies.

    Also when its Postgres is down: that is an outage of this cluster, and no reason to ask another database.
    """
    stack = recorded_stack(state_dir)
    return {"database_url": stack.database_url, "redis_url": stack.redis_url} if stack else {}


def is_of_stack(database_url: str, state_dir: Path) -> bool:
    """Whether that database is the one of the stack which is recorded in *state_dir* now."""
    stack = recorded_stack(state_dir)
    return stack is not None and stack.database_url == database_url


def _lives(process: StackProcess) -> bool:
    """Whether that very process is there: a pid alone may have gone to another since; a zombie is dead."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # The name in the second field may hold spaces and brackets: count from the last bracket.
        fields = Path(f"/proc/{process.pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[0] not in "ZX" and process.started in (None, int(fields[19]))
    return False
