"""Job numbers that another program says on stdin, between blanks or lines: ``clusterctl jobs -o ids | …``."""

from __future__ import annotations

import sys

from clusterctl.model.errors import BadInput
from clusterctl.units import parse_numbers

MOST = 100_000  # jobs that one command acts on
LONGEST = 21 * MOST  # bytes: that many numbers, however long, and what stands between
HINT = "numbers are wanted, between blanks or lines: `clusterctl jobs -o ids` prints such"

Ranges = tuple[tuple[int, int], ...]  # inclusive


def read_numbers() -> Ranges:
    """What is named on stdin; nothing if it is empty. Raises BadInput that says which word names no job."""
    if sys.stdin is None or sys.stdin.closed:
        raise BadInput("stdin is closed", HINT)
    data = sys.stdin.buffer.read(LONGEST + 1)
    ranges: set[tuple[int, int]] = set()
    named = 0
    for place, word in enumerate(data.split(), start=1):
        fresh = set(ranges_of(word.decode(errors="backslashreplace"), place)) - ranges
        named += sum(high - low + 1 for low, high in fresh)
        ranges |= fresh
        if named > MOST or len(data) > LONGEST:
            raise BadInput(f"more than {MOST:,} jobs are named on stdin", "name fewer at a time")
    return tuple(sorted(ranges))


def ranges_of(word: str, place: int) -> Ranges:
    """What one word names: ``7``, ``7-12`` or ``3,5``."""
    try:
        return spelled_out(word)
    except ValueError:
        raise BadInput(f"word {place} on stdin names no job: {word!a:.60}", HINT) from None


def spelled_out(text: str) -> Ranges:
    """``3,5,9-11`` part by part: of a single number one may ask that it exists. Raises ValueError."""
    if not text.isdecimal():  # the quick way for the thousands
        parse_numbers(text)  # for its sentence about the whole
    parts = (parse_numbers(part)[0] for part in text.split(","))
    return tuple((part.start, part[-1]) for part in parts)
