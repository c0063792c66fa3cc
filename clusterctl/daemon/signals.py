"""Signals as a bell and three flags."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from clusterctl.clock import Bell

ENDING = (signal.SIGTERM, signal.SIGINT)
Heed = Callable[[int, FrameType | None], object]


@contextmanager
def handling(heed: Heed, *numbers: signal.Signals) -> Iterator[None]:
    """Heed these signals so, and afterwards as before. In the main thread only."""
    former = {number: signal.signal(number, heed) for number in numbers}
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)


class Signals:
    """SIGTERM and SIGINT ask to stop, SIGUSR1 asks for a cycle now. Entered in the main thread only.

    Two things happen at a signal. Python's own C handler writes a byte to the bell (``set_wakeup_fd``): it
    alone wakes a ``poll`` that was about to begin as the signal came, when a Python handler would have to wait
    for that very ``poll`` to end. And the Python handler sets a flag, and rings once more: a loop that cleared
    the bell between the byte and the flag would else sleep on the flag. No lock is taken anywhere.
    """

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._ending: signal.Signals | None = None
        self._now = False

    def __enter__(self) -> Self:
        # A full pipe is rung already: no warning about it.
        self._wakeup = signal.set_wakeup_fd(self._bell.hammer(), warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, self._heed) for number in (*ENDING, signal.SIGUSR1)}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)
        signal.set_wakeup_fd(self._wakeup)

    def stopping(self) -> bool:
        """Whether the daemon was told to stop."""
        return self._ending is not None

    @property
    def ending(self) -> signal.Signals | None:
        """The signal that told it to."""
        return self._ending

    def stop(self) -> None:
        """Stop as if told by SIGTERM: for a daemon that ends by its own decision."""
        self._heed(signal.SIGTERM, None)

    def asked_now(self) -> bool:
        """Whether SIGUSR1 came since this was last asked."""
        asked, self._now = self._now, False
        return asked

    def _heed(self, number: int, frame: FrameType | None) -> None:
        if number in ENDING:
            self._ending = signal.Signals(number)
        else:
            self._now = True
        self._bell.ring()
