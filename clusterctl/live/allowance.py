"""What a whole answer may cost, with the dialling.

The driver's own timeout is for each piece, and there is no end of pieces.
"""

from __future__ import annotations

import socket
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Allowance:
    """Seconds and bytes for all that is heard until it is granted anew. Threads that share it share what is left.

    ``line`` gives the socket that heeds it, the newest if there were several; it is not kept alive by this.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._until = float("inf")
        self._bytes = 0
        self._is_over = False
        self.line: Callable[[], socket.socket | None] = lambda: None

    def grant(self, seconds: float, size: int) -> None:
        """From now on so many seconds, and *size* bytes."""
        self._until = self._seconds() + seconds if not self._is_over else float("-inf")
        self._bytes = size

    def end(self) -> None:
        """Nothing is heard any more, whatever is granted; whoever waits for an answer, in any thread, waits no longer.

        The driver's own ways to end a wait are for the thread that waits: from another one they may dial anew.
        """
        self._is_over, self._until = True, float("-inf")
        if line := self.line():
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def seconds_left(self) -> float:
        """How long may still be waited. Raises TimeoutError when that is over."""
        left = self._until - self._seconds()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        return left

    def spend(self, size: int) -> None:
        """*size* bytes were heard. Raises OSError when they were too many."""
        self._bytes -= size
        if self._bytes < 0:
            raise OSError("the answer is too long")


class FrugalSocket:
    """A connected socket that hears no more than *allowance* permits, by many small pieces as by one large."""

    def __init__(self, line: socket.socket, allowance: Allowance) -> None:
        self._line = line
        self._allowance = allowance
        allowance.line = weakref.ref(line)

    def recv(self, size: int) -> bytes:
        """What is there, waited for as the timeout says, and as long as the allowance lasts."""
        timeout = self._line.gettimeout()
        if timeout == 0:  # only a look whether there is anything
            return self._line.recv(size)
        left = self._allowance.seconds_left()
        self._line.settimeout(left if timeout is None else min(timeout, left))
        try:
            data = self._line.recv(size)
        finally:
            self._line.settimeout(timeout)
        self._allowance.spend(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


def limited(kind: type[Any], allowance: Allowance) -> type[Any]:
    """The driver's class of connections *kind*, whose sockets heed *allowance*."""

    def connect(self: Any) -> FrugalSocket:
        asked = self.socket_connect_timeout
        self.socket_connect_timeout = asked and min(asked, allowance.seconds_left())
        try:
            return FrugalSocket(kind._connect(self), allowance)  # the hook that its own subclasses use
        finally:
            self.socket_connect_timeout = asked

    return type(f"Limited{kind.__name__}", (kind,), {"_connect": connect})
