"""What jobs wrote, onto our stdout: byte for byte, or line by line behind the number of the job."""

from __future__ import annotations

import sys
import threading
from typing import Protocol

from clusterctl.output.pieces import Piece, shown

LONGEST = 1 << 16  # bytes of a line; what is longer is shown in parts


class Sink(Protocol):
    """Where the pieces of an output go."""

    def write(self, piece: Piece) -> None:
        """Show it."""

    def close(self) -> None:
        """Nothing more will come."""


class Plain:
    """Byte for byte, but for what was dropped. One piece at a time is on its way."""

    def __init__(self) -> None:
        self._last = b"\n"

    def write(self, piece: Piece) -> None:
        """Show it, now."""
        if data := shown(piece, self._last):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            self._last = data[-1:]

    def close(self) -> None:
        """All has been shown."""


class Labelled:
    """Whole lines, each behind *label*; several may write in turns, under one *lock*."""

    def __init__(self, label: str, lock: threading.Lock) -> None:
        self._label = f"{label}: ".encode()
        self._lock = lock
        self._begun = b""  # a line that has no end yet

    def write(self, piece: Piece) -> None:
        """Show the lines that have ended."""
        if len(self._begun) > LONGEST:
            self.close()
        *whole, self._begun = (self._begun + shown(piece, self._begun or b"\n")).split(b"\n")
        self._show(whole)

    def close(self) -> None:
        """Show what has no end, with one."""
        if self._begun:
            self._show([self._begun])
        self._begun = b""

    def _show(self, lines: list[bytes]) -> None:
        with self._lock:
            sys.stdout.buffer.writelines(self._label + line + b"\n" for line in lines)
            sys.stdout.buffer.flush()
