"""Pieces of an output whose middle may be gone.

What outgrew ``output_cap`` has lost its middle: there the file has a hole, which holds nothing and reads as zeros. The
reader finds it by SEEK_HOLE (lseek(2)) and says how much is missing. A job that leaves a large hole in its output
itself is shown the same; zeros that it wrote are bytes like any other.
"""

from __future__ import annotations

import os
from typing import NamedTuple

CHUNK = 1 << 16
SMALLEST = 1 << 16  # bytes; a smaller hole is the file system's business, or the job's
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


class Span(NamedTuple):
    """A part of a file, from byte *begin* to before byte *end*."""

    begin: int
    end: int


class Piece(NamedTuple):
    """The bytes from *begin* on, or some of them. *gap* is what is missing behind them, if that is why they end.

    *size* is the whole file's, None if there is no file. *runs*: whether its attempt is still at work, None if the
    reader cannot know.
    """

    begin: int
    data: bytes
    gap: Span | None
    size: int | None
    runs: bool | None = None

    @property
    def end(self) -> int:
        """Where the next piece begins."""
        return self.gap.end if self.gap else self.begin + len(self.data)

    @property
    def is_news(self) -> bool:
        """Whether there is anything to show, or the file has been cut."""
        return self.end > self.begin or (self.size is not None and self.size < self.begin)


NOTHING = Piece(0, b"", None, None)


def read_piece(fd: int, begin: int, most: int = CHUNK) -> Piece:
    """What the file *fd* holds from *begin* on: at most *most* bytes, and none of a gap."""
    data = os.pread(fd, most, begin)
    # Zeros first, then the question: a hole that is made in between was not there when we read.
    gap = first_gap(fd, begin, begin + len(data)) if b"\0" in data else None
    return Piece(begin, data if gap is None else data[: gap.begin - begin], gap, os.fstat(fd).st_size)


def first_gap(fd: int, begin: int, end: int) -> Span | None:
    """The first gap that begins from *begin* on and before *end*. Moves the descriptor's place."""
    while begin < end:
        try:
            hole = os.lseek(fd, begin, os.SEEK_HOLE)
        except OSError:  # the file has been cut meanwhile
            return None
        size = os.fstat(fd).st_size
        if hole >= min(end, size):
            return None
        try:
            begin = os.lseek(fd, hole, os.SEEK_DATA)
        except OSError:  # nothing but the hole until the end
            begin = size
        if begin - hole >= SMALLEST:
            return Span(hole, begin)
    return None


def shown(piece: Piece, before: bytes = b"\n") -> bytes:
    r"""*piece* as it is printed: a gap is a line of its own. *before* is what was printed last, ``\n`` for nothing."""
    if piece.gap is None:
        return piece.data
    is_whole = (piece.data or before).endswith((b"\n", b"\0"))
    told = f"[… {about_bytes(piece.gap.end - piece.gap.begin)} dropped …]\n"
    return piece.data + (b"" if is_whole else b"\n") + told.encode()


def about_bytes(count: float) -> str:
    """*count*, rounded to two digits or a little more: ``2.7 MB``."""
    for unit in UNITS:
        if count < 999.5 or unit == UNITS[-1]:
            break
        count /= 1000
    return f"{count:.1f} {unit}" if count < 9.95 and unit != "bytes" else f"{count:.0f} {unit}"
