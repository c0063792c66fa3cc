"""The warm process as agentd sees it: asked for supervisors, and replaced if it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from agentd.journal import boottime
from agentd.spool import Spool
from agentd.supervisor.tree import Process, read_processes, send_signals

OLD_ONE_GOES_WITHIN_S = 5.0
LOOK_AGAIN_S = 0.01
# Without site-packages it is half as large, and what it must not import it cannot. Locale or not, names are UTF-8.
INTERPRETER = (sys.executable, "-S", "-s", "-P", "-X", "utf8", "-m", "agentd.warm")


class Forks:
    """Where supervisors come from. Making it waits until the warm process of an earlier agentd is gone.

    That is the moment from which on no supervisor can appear that was asked for by somebody else.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self.start()

    @property
    def pid(self) -> int:
        """Of the warm process; 0 while there is none."""
        return self._process.pid if self._process else 0

    def request(self, number: int) -> socket.socket:
        """Have supervisor *number* made, soon; a connection to it. If none is made, the connection just ends."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                self._send(number, theirs)
            except OSError:  # it died, or does not read
                self.start()
                self._send(number, theirs)
        return ours

    def start(self) -> None:
        """Start a warm process, in place of the one that is there."""
        self.end()
        lock = self._take_lock()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(
                [*INTERPRETER, str(theirs.fileno()), str(lock), str(self._spool.path)],
                pass_fds=(theirs.fileno(), lock),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=clean_environment(),  # jobs may read it in /proc: no password of agentd's
                start_new_session=True,  # a Ctrl-C is agentd's to heed
            )
        os.close(lock)
        self._requests = ours

    def end(self) -> None:
        """End the warm process; its supervisors live on."""
        if self._requests:
            self._requests.close()
        if self._process:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: the lock tells when it is gone
                self._process.wait(OLD_ONE_GOES_WITHIN_S)
        self._process = self._requests = None

    def _send(self, number: int, theirs: socket.socket) -> None:
        if self._requests is None:
            raise ConnectionError
        socket.send_fds(self._requests, [str(number).encode()], [theirs.fileno()])

    def _take_lock(self) -> int:
        """The lock of the warm process, which its forks share until their journals are locked."""
        path = self._spool.path / "warm"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        began = boottime()
        kill_at = began + OLD_ONE_GOES_WITHIN_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                now = boottime()
                if now > began + 2 * OLD_ONE_GOES_WITHIN_S:
                    os.close(lock)
                    raise OSError(errno.EBUSY, "somebody holds it and does not end", str(path)) from None
                if now > kill_at:
                    send_signals(warm_ones(lock), signal.SIGKILL)
                    kill_at = now + OLD_ONE_GOES_WITHIN_S / 5
                select.select([], [], [], LOOK_AGAIN_S)
            else:
                return lock


def warm_ones(lock: int) -> list[Process]:
    """The warm processes, and their forks, that have the file open that *lock* is open on.

    What stands in the file is not enough: a fork may hold the lock, and the pid may be somebody else's by now.
    """
    found = [process for process in read_processes().values() if process.pid != os.getpid()]
    return [process for process in found if has_open(process.pid, os.fstat(lock)) and is_warm(process.pid)]


def has_open(pid: int, file: os.stat_result) -> bool:
    """Whether process *pid* has *file* open, as far as we may know."""
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.path.samestat(os.stat(f"/proc/{pid}/fd/{name}"), file):
                    return True
    return False


def is_warm(pid: int) -> bool:
    """Whether *pid* was started as a warm process, or is a fork of one."""
    with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        return b"agentd.warm" in file.read().split(b"\0")
    return False


def clean_environment() -> dict[str, str]:
    """Only what Python needs to find this package."""
    return {"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[1])}
