"""The warm process as agentd sees it: asked for supervisors, and replaced if it dies."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from agentd.spool import Spool

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
            self._process.wait()
        self._process = self._requests = None

    def _send(self, number: int, theirs: socket.socket) -> None:
        if self._requests is None:
            raise ConnectionError
        socket.send_fds(self._requests, [str(number).encode()], [theirs.fileno()])

    def _take_lock(self) -> int:
        """The lock of the warm process, which its forks share until their journals are locked."""
        lock = os.open(self._spool.path / "warm", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        waited = 0.0
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waited > OLD_ONE_GOES_WITHIN_S:  # stopped, or deaf: the lock proves that it is what the file says
                    with suppress(ProcessLookupError, ValueError):
                        os.kill(int(os.pread(lock, 32, 0)), signal.SIGKILL)
                select.select([], [], [], LOOK_AGAIN_S)
                waited += LOOK_AGAIN_S
            else:
                return lock


def clean_environment() -> dict[str, str]:
    """Only what Python needs to find this package."""
    return {"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[1])}
