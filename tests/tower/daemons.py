"""A real daemon of the tower: started as systemd would, killed and stopped as nobody should."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tests.tower.proxy import Line

STOPPED_WITHIN_S = 30.0


class Daemon:
    """*argv* under the name *name*; ``lines`` lead to its servers. All that it says is in *log*.

    *argv* is asked for at each start: a machine may have been started anew meanwhile.
    """

    def __init__(
        self, name: str, argv: Callable[[], Sequence[str]], env: dict[str, str], log: Path, lines: dict[str, Line]
    ) -> None:
        self.name = name
        self.log = log
        self.lines = lines
        self.deaths: list[int] = []  # exit codes of ends that nobody had asked for
        self._argv = argv
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # a fault must not take its own kill for an end that nobody asked for

    @property
    def pid(self) -> int:
        """Of the process; 0 while there is none."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._lock:
            self._start()

    def kill(self) -> None:
        """As a crash does."""
        with self._lock:
            self.send(signal.SIGKILL)
            if self._process:
                self._process.wait()
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """Signal the process, if there is one."""
        if self._process:
            self._process.send_signal(number)

    def end(self, within: float = STOPPED_WITHIN_S) -> int:
        """Ask it to stop, and see that it does; its exit code, -9 if it had to be killed."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            return process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def look_after(self) -> int | None:
        """Start it again if it has ended by itself; the exit code of that end."""
        with self._lock:
            if self._process is None or (code := self._process.poll()) is None:
                return None
            self.deaths.append(code)
            self._process = None
            self._start()
            return code

    def _start(self) -> None:
        if self._process is None:
            with self.log.open("ab") as output:
                self._process = subprocess.Popen(
                    [*self._argv()],
                    env=self._env,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )


def processes_with(mark: bytes, where: str) -> Iterator[int]:
    """The pids of living processes whose ``/proc/PID/<where>`` (``environ``, ``cmdline``) holds *mark*."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError):
                if mark in Path("/proc", name, where).read_bytes() and state_of(int(name)) not in "ZX":
                    yield int(name)


def state_of(pid: int) -> str:
    """One letter, as proc_pid_stat(5) has it; X if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def called(pid: int) -> str:
    """The name that a process has given itself."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    """Signal each that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def boottime() -> float:
    """CLOCK_BOOTTIME, the clock of ledgers, journals and fault logs."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
