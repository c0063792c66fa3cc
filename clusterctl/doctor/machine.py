"""The processes of this machine that carry the mark of an attempt, and how they are ended.

A pid is trusted only together with its start time, and both only while a pidfd holds them. Source: proc_pid_stat(5),
proc_pid_environ(5), pidfd_open(2).
"""

from __future__ import annotations

import os
import re
import select
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from clusterctl.model.marks import ALLOCATION, TOKEN, mark

DIES_WITHIN = 5.0  # seconds
LARGEST_ENVIRONMENT = 1 << 20  # bytes
MARKED = re.compile(rb"(?:^|\0)" + ALLOCATION.encode() + rb"=([0-9]{1,18})\0")
TOKENED = re.compile(rb"(?:^|\0)" + TOKEN.encode() + rb"=([0-9a-f-]{36})\0")


class Marked(NamedTuple):
    """A living process that was started with a mark. ``start``: ticks since boot."""

    pid: int
    start: int
    allocation_id: int
    token: str


class Seen(NamedTuple):
    """All marked processes that we may look at, and how many we may not."""

    marked: tuple[Marked, ...]
    hidden: int


def look() -> Seen:
    """Look at every process but ourselves and those that we descend from: nobody asks to be killed."""
    ours = set(ancestors(os.getpid()))
    marked, hidden = [], 0
    for name in os.listdir("/proc"):
        if not name.isdecimal() or int(name) in ours:
            continue
        try:
            found = read(int(name))
        except PermissionError:
            hidden += 1
        else:
            marked += [found] if found else []
    return Seen(tuple(sorted(marked)), hidden)


def read(pid: int) -> Marked | None:
    """The process with *pid*, if it carries a mark and lives. PermissionError if its environment is not ours to see."""
    start = started(pid)
    environment = environment_of(pid) if start is not None else b""
    allocation, token = MARKED.search(environment), TOKENED.search(environment)
    if start is None or allocation is None or token is None or started(pid) != start:
        return None
    return Marked(pid, start, int(allocation[1]), token[1].decode())


def environment_of(pid: int) -> bytes:
    """What *pid* was started with; empty if it has gone. Raises PermissionError."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read(LARGEST_ENVIRONMENT) + b"\0"
    except (FileNotFoundError, ProcessLookupError):
        return b""


def started(pid: int) -> int | None:
    """When *pid* began, in ticks since boot; None if it has gone, or is only a zombie."""
    fields = stat_of(pid)
    return int(fields[19]) if fields and fields[0] not in (b"Z", b"X") else None


def ancestors(pid: int) -> Iterator[int]:
    """*pid*, its parent, and so on."""
    while pid > 0:
        yield pid
        fields = stat_of(pid)
        pid = int(fields[1]) if fields else 0


def stat_of(pid: int) -> list[bytes]:
    """The fields of ``/proc/PID/stat`` behind the name, which may itself hold blanks and parentheses."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def end(processes: Iterable[Marked]) -> int:
    """Kill those of *processes* that are still what they were, and wait for their end; how many that were.

    PermissionError if one of them is not ours to kill. TimeoutError if one does not end, stuck in the kernel.
    """
    dying = []
    try:
        for process in processes:
            with suppress(ProcessLookupError):
                fd = os.pidfd_open(process.pid)
                dying.append(fd)
                if is_still(process):
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
                else:
                    os.close(dying.pop())
        await_ends(dying)
    finally:
        for fd in dying:
            os.close(fd)
    return len(dying)


def is_still(process: Marked) -> bool:
    """Whether the pid is the very process that was seen, mark and all."""
    known = mark(process.allocation_id, process.token)
    return started(process.pid) == process.start and known <= set(environment_of(process.pid).split(b"\0"))


def await_ends(fds: Iterable[int]) -> None:
    """Wait until all the processes behind *fds* have ended. Raises TimeoutError."""
    until = time.monotonic() + DIES_WITHIN
    for fd in fds:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise TimeoutError
