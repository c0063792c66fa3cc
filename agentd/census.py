"""The processes of this machine, again and again: what has not changed since the last time is not looked into again.

A line of ``/proc/PID/stat`` holds all that happens to a process: ticks of the CPU, page faults, sizes. If it reads as
before, the process has touched no memory that it had not, and its exact size, which another file tells at some cost, is
what it was. (Pages that the kernel takes from a process that sleeps may count a little longer.)
"""

from __future__ import annotations

import os

from agentd.supervisor.tree import Process, as_process, list_pids, read_line

SMALL_BYTES = 512  # more than all of /proc/PID/io
# Reading /proc/PID/io costs as much as all the rest of a process, and is the least urgent: each is read once in so many
# seconds, a third of them at a time. (Where a census is taken more rarely than that, at every third.)
MOVED_EVERY_S = 15.0
SLICES = 3


class Census:
    """Remembers the last one."""

    def __init__(self) -> None:
        self._lines: dict[int, bytes] = {}
        self._processes: dict[int, Process] = {}
        self._resident: dict[int, tuple[Process, int]] = {}
        self._moved: dict[int, tuple[int, int, int]] = {}  # by pid: its start, bytes read, bytes written
        self._slice = -1  # of time, in which the last one was taken
        self._turn = 0  # slices of time so far in which there was one
        self._is_due = False

    def take(self, now: float) -> dict[int, Process]:
        """Every process by its pid, at *now* seconds; what has not changed is the same object as the last time.

        As for ``read_processes``, it is no snapshot in time.
        """
        lines, processes = self._lines, self._processes
        self._lines, self._processes = {}, {}
        for pid in list_pids():
            if line := read_line(pid):
                self._lines[pid] = line
                self._processes[pid] = processes[pid] if lines.get(pid) == line else as_process(pid, line)
        found = self._processes
        self._resident = {pid: known for pid, known in self._resident.items() if found.get(pid) is known[0]}
        self._moved = {
            pid: known for pid, known in self._moved.items() if pid in found and found[pid].start == known[0]
        }
        slice = int(now / MOVED_EVERY_S * SLICES)
        self._slice, self._is_due = slice, slice != self._slice
        self._turn += self._is_due
        return found

    def resident(self, process: Process) -> int:
        """Resident pages of *process*, of the last census."""
        known = self._resident.get(process.pid)
        if known is None:
            known = self._resident[process.pid] = (process, read_resident(process.pid))
        return known[1]

    def moved(self, process: Process) -> tuple[int, int]:
        """Bytes that it and the children that it waited for have moved from and to disks, as far as they were read."""
        if self._is_due and (self._turn + process.pid) % SLICES == 0:
            self._moved[process.pid] = (process.start, *read_moved(process.pid))
        _, read, written = self._moved.get(process.pid, (0, 0, 0))
        return read, written


def read_resident(pid: int) -> int:
    """Resident pages of *pid*. From ``statm``: what ``stat`` says may be off by a hundred pages per CPU."""
    field = read_small(f"/proc/{pid}/statm").split()
    return int(field[1]) if field else 0


def read_moved(pid: int) -> tuple[int, int]:
    """Bytes that *pid* and the children that it waited for have moved from and to disks; 0, 0 if we may not know."""
    line = read_small(f"/proc/{pid}/io").split(b"\n")
    return (int(line[4].split()[1]), int(line[5].split()[1])) if len(line) > 5 else (0, 0)  # proc_pid_io(5)


def read_small(path: str) -> bytes:
    """A small file of ``/proc``, in one read; empty if its process is gone, or not ours to see."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(fd, SMALL_BYTES)
    except OSError:
        return b""
    finally:
        os.close(fd)
