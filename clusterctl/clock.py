"""Clocks that can be handed in, the bell that cuts a rest short, and how long to rest in an outage."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Sequence
from typing import Protocol

FIRST_PAUSE = 0.5  # seconds: a restarted Postgres is back in less than two of these
LONGEST_PAUSE = 10.0  # seconds: what an outage may last longer for us than for others
LONGEST_POLL = 86_400.0  # seconds: poll(2) counts milliseconds in an int, and no loop rests longer than a day


class Bell:
    """A pipe that anyone may ring: a signal, a thread, a supervisor's socket loop.

    A descriptor, not a ``threading.Event``: setting an event inside a signal handler can deadlock, and a loop
    can wait for a descriptor together with its sockets. A pipe, not an eventfd: only what takes single bytes
    can be given to ``signal.set_wakeup_fd``, and only that wakes a ``poll`` which a signal has just missed.
    """

    def __init__(self) -> None:
        self._ear, self._hammer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """For ``select`` and friends: readable while rung."""
        return self._ear

    def hammer(self) -> int:
        """The descriptor that rings when a byte is written to it: for ``signal.set_wakeup_fd``."""
        return self._hammer

    def ring(self) -> None:
        """Wake whoever waits. Safe in threads and signal handlers; ringing twice is ringing once."""
        with contextlib.suppress(BlockingIOError):  # the pipe is full of rings that nobody has heard yet
            os.write(self._hammer, b"!")

    def clear(self) -> bool:
        """Silence it; True if it had rung."""
        rang = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._ear, 65_536):
                rang = True
        return rang

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._ear)
        os.close(self._hammer)


class Clock(Protocol):
    """A loop's sense of time."""

    def seconds(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def wait(self, bell: Bell, seconds: float, sockets: Sequence[int] = ()) -> None:
        """Rest for *seconds*, or until *bell* rings or one of *sockets* (descriptors) is readable."""


class SystemClock:
    """The machine's own clock."""

    def seconds(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def wait(self, bell: Bell, seconds: float, sockets: Sequence[int] = ()) -> None:
        """Sleep in ``poll(2)``."""
        poll = select.poll()
        for fd in (bell.fileno(), *sockets):
            poll.register(fd, select.POLLIN)
        poll.poll(min(max(0.0, seconds), LONGEST_POLL) * 1000)


class VirtualClock:
    """A clock that never makes anyone wait. For tests and simulation."""

    def __init__(self, start: float = 0.0) -> None:
        self._seconds = start

    def seconds(self) -> float:
        """Seconds since *start*'s zero."""
        return self._seconds

    def wait(self, bell: Bell, seconds: float, sockets: Sequence[int] = ()) -> None:
        """Be *seconds* later at once, unless the bell has already rung or a socket is already readable."""
        poll = select.poll()
        for fd in (bell.fileno(), *sockets):
            poll.register(fd, select.POLLIN)
        if not poll.poll(0):
            self._seconds += max(0.0, seconds)


def patience(outages: int, chance: float = 0.0) -> float:
    """Seconds to wait after *outages* earlier failures in a row: doubling, capped, less up to half by *chance*.

    The cap is taken before chance, so that a thousand daemons do not come back in one instant ("equal jitter",
    M. Brooker, *Exponential Backoff and Jitter*, 2015).
    """
    return min(FIRST_PAUSE * 2.0 ** min(outages, 30), LONGEST_PAUSE) * (1 - chance / 2)
