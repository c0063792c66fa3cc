"""Who a process is: its pid and the moment it started. A pid alone soon belongs to somebody else."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

_DEAD = ("Z", "X")  # a zombie holds its pid, and nothing else


def boot_id() -> str:
    """This boot of this machine: start times are counted from it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started(pid: int) -> int | None:
    """When *pid* began, in clock ticks since boot. None if there is no such process, or only its zombie.

    Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime); the name before them may hold anything.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in _DEAD else int(fields[19])


def age(since: int) -> float:
    """Seconds that a process of this boot has been there."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - since / os.sysconf("SC_CLK_TCK")


def heeds(pid: int, number: signal.Signals) -> bool:
    """Whether *pid* has a handler for the signal, or is gone. Source: proc_pid_status(5), SigCgt."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return True


def is_running(pid: int, since: int) -> bool:
    """Whether the process that began at *since* still is *pid*."""
    return started(pid) == since


def is_server(pid: int, name: str, home: Path) -> bool:
    """Whether *pid* is a living server called *name* whose working directory is *home*.

    For pids out of a server's own pid file, which may be from before a reboot. Where the kernel does not show us the
    directory (a server under another uid), the name has to do.
    """
    if started(pid) is None:
        return False
    with suppress(OSError):
        if Path(f"/proc/{pid}/comm").read_text().strip() != name:
            return False
        with suppress(PermissionError):
            return os.path.samefile(f"/proc/{pid}/cwd", home)
        return True
    return False


def reap(pid: int) -> None:
    """Bury *pid* if it is a dead child of ours."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def send(pid: int, since: int, number: signal.Signals) -> None:
    """Signal exactly that process; nothing happens if it is gone. Raises PermissionError."""
    with suppress(ProcessLookupError), ExitStack() as held:
        pidfd = os.pidfd_open(pid)  # first the handle, then the check: now the pid cannot change hands
        held.callback(os.close, pidfd)
        if is_running(pid, since):
            signal.pidfd_send_signal(pidfd, number)


def await_ends(identities: Iterable[tuple[int, int]], seconds: float) -> list[tuple[int, int]]:
    """Wait until all these (pid, since) have ended, at most *seconds*; those that have not."""
    deadline = time.monotonic() + seconds
    remaining = list(identities)
    while remaining := [(pid, since) for pid, since in remaining if is_running(pid, since)]:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        _await_end(remaining[0][0], left)
    return remaining


def wait_for(condition: Callable[[], bool], seconds: float, every: float = 0.01) -> bool:
    """Ask until *condition* holds, at most *seconds*; whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def _await_end(pid: int, seconds: float) -> None:
    with suppress(ProcessLookupError), ExitStack() as held:
        pidfd = os.pidfd_open(pid)
        held.callback(os.close, pidfd)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.poll(min(seconds, 1.0) * 1000)
        reap(pid)
