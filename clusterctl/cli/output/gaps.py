"""Reading an output whose middle may be gone.

What outgrew ``output_cap`` has lost its middle: there the file has a hole, which holds nothing and reads as zeros. The
reader finds it by SEEK_HOLE (lseek(2)) and says how much is missing. A job that leaves a large hole in its output
itself is shown the same; zeros that it wrote are bytes like any other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple

CHUNK = 1 << 16
SMALLEST = 1 << 16  # bytes; a smaller hole is the file system's business, or the job's
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


class Span(NamedTuple):
    """A part of a file, from byte *begin* to before byte *end*."""

    begin: int
    end: int


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """What *file*, which is unbuffered, holds from where it stands: bytes, and a line of its own for each gap."""
    while chunk := file.read(CHUNK):
        begin = file.tell() - len(chunk)
        # Zeros first, then the question: a hole that is made in between was not there when we read.
        gap = first_gap(file, begin, begin + len(chunk)) if b"\0" in chunk else None
        if gap is None:
            file.seek(begin + len(chunk))
            yield chunk
            continue
        # A zero: we were told to begin within the gap.
        newline = b"\n" if gap.begin and byte_at(file, gap.begin - 1) not in (b"\n", b"\0") else b""
        file.seek(gap.end)
        yield chunk[: gap.begin - begin]
        yield newline + f"[… {about_bytes(gap.end - gap.begin)} dropped …]\n".encode()


def first_gap(file: BinaryIO, begin: int, end: int) -> Span | None:
    """The first gap that begins from *begin* on and before *end*. Leaves *file* anywhere."""
    while begin < end:
        try:
            hole = file.seek(begin, os.SEEK_HOLE)
        except OSError:  # the file has been cut meanwhile
            return None
        size = file.seek(0, os.SEEK_END)
        if hole >= min(end, size):
            return None
        try:
            begin = file.seek(hole, os.SEEK_DATA)
        except OSError:  # nothing but the hole until the end
            begin = size
        if begin - hole >= SMALLEST:
            return Span(hole, begin)
    return None


def seek_tail(file: BinaryIO, lines: int) -> None:
    """Go to where the last *lines* lines begin. A gap counts as a line."""
    if lines:
        file.seek(next(islice(line_starts(file), lines - 1, None), 0))
    else:
        file.seek(0, os.SEEK_END)


def line_starts(file: BinaryIO) -> Iterator[int]:
    """Where the lines of *file* begin, the last one first."""
    spans = list(spans_of(file))
    for span, before in zip(reversed(spans), [*reversed(spans[:-1]), None], strict=True):
        yield from starts_within(file, span)
        if before:
            # The gap's own line. Behind a line that the gap cuts off it begins one byte within: see ``pieces``.
            is_whole = not before.end or byte_at(file, before.end - 1) == b"\n"
            yield before.end + (0 if is_whole else 1)


def starts_within(file: BinaryIO, span: Span) -> Iterator[int]:
    """Where the lines of *span* begin: backwards, block by block, as `tail` looks for them."""
    position = span.end
    while position > span.begin:
        start = max(span.begin, position - CHUNK)
        file.seek(start)
        block = file.read(position - start)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            if start + at + 1 < span.end:
                yield start + at + 1
        position = start
    if span.begin < span.end:
        yield span.begin


def spans_of(file: BinaryIO) -> Iterator[Span]:
    """What lies before, between and behind the gaps of *file*."""
    begin, size = 0, file.seek(0, os.SEEK_END)
    while gap := first_gap(file, begin, size):
        yield Span(begin, gap.begin)
        begin = gap.end
    yield Span(begin, size)


def byte_at(file: BinaryIO, position: int) -> bytes:
    """One byte."""
    file.seek(position)
    return file.read(1)


def about_bytes(count: float) -> str:
    """*count*, rounded to two digits or a little more: ``2.7 MB``."""
    for unit in UNITS:
        if count < 999.5 or unit == UNITS[-1]:
            break
        count /= 1000
    return f"{count:.1f} {unit}" if count < 9.95 and unit != "bytes" else f"{count:.0f} {unit}"
