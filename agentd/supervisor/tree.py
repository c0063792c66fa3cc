"""Trees of processes, as ``/proc`` shows them. A pid is trusted only together with its start time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
STAT_BYTES = 1024  # more than the longest line of /proc/PID/stat


class Process(NamedTuple):
    """One line of ``/proc/PID/stat``, times in clock ticks (proc_pid_stat(5)). Its memory is too rough to use."""

    pid: int
    state: bytes
    parent: int
    session: int
    own_ticks: int  # user + system
    reaped_ticks: int  # user + system of the children that it waited for, and theirs
    start: int  # ticks since boot

    @property
    def is_zombie(self) -> bool:
        """Dead, and only its parent's waiting for it is missing."""
        return self.state in (b"Z", b"X")


def read_process(pid: int | str) -> Process | None:
    """The process with *pid*; None if there is none."""
    line = read_line(pid)
    return as_process(pid, line) if line else None


def read_line(pid: int | str) -> bytes:
    """Its line of ``/proc/PID/stat``; empty if there is no such process."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(fd, STAT_BYTES)
    except OSError:  # it ended between the two calls
        return b""
    finally:
        os.close(fd)


def as_process(pid: int | str, line: bytes) -> Process:
    """What that line says."""
    # The name in parentheses may hold blanks and parentheses itself: the last one closes it.
    field = line[line.rindex(b")") + 2 :].split(b" ", 20)
    return Process(
        int(pid),
        field[0],
        int(field[1]),
        int(field[3]),
        int(field[11]) + int(field[12]),
        int(field[13]) + int(field[14]),
        int(field[19]),
    )


def read_processes() -> dict[int, Process]:
    """Every process of this machine, in one pass, lower pids first.

    Not a snapshot in time: what forks or ends meanwhile may be missed. Parents mostly come before their children, so
    the CPU time of a child that is being reaped is missed rather than counted twice.
    """
    found = map(read_process, list_pids())
    return {process.pid: process for process in found if process is not None}


def list_pids() -> list[int]:
    """Of every process, lower ones first."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())


def children_of(processes: Mapping[int, Process]) -> dict[int, list[Process]]:
    """Children by their parent's pid."""
    children: dict[int, list[Process]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process)
    return children


def descendants(root: int, children: Mapping[int, list[Process]]) -> list[Process]:
    """Everything beneath *root*, parents before their children; zombies too."""
    found = list(children.get(root, ()))
    for process in found:  # grows as it goes
        found.extend(children.get(process.pid, ()))
    return found


def tick_now() -> int:
    """What would be the start of a process that began now, in ticks since boot. Source: fs/proc/array.c of Linux."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * CLOCK_TICKS // 1_000_000_000


def start_time(pid: int) -> int:
    """When the process with *pid* started, in ticks since boot; 0 if there is none."""
    process = read_process(pid)
    return process.start if process else 0


def send_signals(processes: Iterable[Process], *numbers: signal.Signals) -> None:
    """Send *numbers* to each of *processes* that is still the one that was seen, and not to its pid's next owner."""
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            fd = os.pidfd_open(process.pid)
            try:
                if start_time(process.pid) == process.start:
                    for number in numbers:
                        signal.pidfd_send_signal(fd, number)
            finally:
                os.close(fd)
