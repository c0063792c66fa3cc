"""Where the last lines of an output begin: looked for backwards, block by block, as `tail` does."""

from __future__ import annotations

import os
from collections import deque

from clusterctl.output.pieces import CHUNK, Span, first_gap

MOST_SPANS = 10_000  # between gaps: a job can leave millions, and only the last ones are looked at
FARTHEST = 1 << 60  # bytes


def tail_start(fd: int, lines: int, farthest: int = FARTHEST) -> int:
    """Where the last *lines* lines of the file *fd* begin. A gap counts as a line.

    It does not look farther back than *farthest* bytes: where it stops then, the answer is.
    """
    size = os.fstat(fd).st_size
    if not lines:
        return size
    floor = max(0, size - farthest)
    left, before = lines, size
    for span in reversed(last_spans(fd, floor, size)):
        if span.end < before:  # a gap lies behind it
            left -= 1
            if not left:
                return span.end
        found, left = start_within(fd, span, left)
        if found is not None:
            return found
        before = span.begin
    return before


def start_within(fd: int, span: Span, lines: int) -> tuple[int | None, int]:
    """Where the last *lines* lines of *span* begin; None, and how many are lacking, if it has not so many.

    Blocks are counted as a whole and only the last one line by line: a line costs next to nothing.
    """
    end = span.end
    while end > span.begin:
        begin = max(span.begin, end - CHUNK)
        block = os.pread(fd, end - begin, begin)
        stop = len(block) - (end == span.end and block.endswith(b"\n"))  # behind the last newline no line begins
        if (count := block.count(b"\n", 0, stop)) >= lines:
            for _ in range(lines):
                stop = block.rfind(b"\n", 0, stop)
            return begin + stop + 1, 0
        lines, end = lines - count, begin
    if span.begin < span.end:
        lines -= 1
    return (span.begin, 0) if not lines else (None, lines)


def last_spans(fd: int, begin: int, size: int) -> deque[Span]:
    """What lies from *begin* on before, between and behind the last gaps of the file, whose size is *size*."""
    spans: deque[Span] = deque(maxlen=MOST_SPANS)
    while gap := first_gap(fd, begin, size):
        spans.append(Span(begin, gap.begin))
        begin = gap.end
    spans.append(Span(begin, size))
    return spans
