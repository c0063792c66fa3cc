"""Bars and strips: amounts as pieces, always of exactly the width that was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from clusterctl.model.pictures import Amounts
from clusterctl.tui.paint.pieces import Glyphs, Piece, Tone

OVER = "OVER"  # beside a bar whose worker uses more than its jobs were given


def spark(
    values: Sequence[float | None],
    low: float,
    high: float,
    width: int,
    glyphs: Glyphs,
    *,
    tone: Tone = "plain",
) -> list[Piece]:
    """The newest *width* of *values*, oldest first, each a step between *low* and *high*.

    The range is fixed, so that a flat line at three percent does not look like one at ninety. What is not known is
    blank; what lies outside is the lowest or the highest step; the lowest is drawn too: nothing is not unknown.
    """
    newest = list(values[-width:]) if width > 0 else []
    drawn = "".join(step(value, low, high, glyphs.steps) for value in newest)
    return [Piece(" " * (max(0, width) - len(drawn)) + drawn, tone)]


def step(value: float | None, low: float, high: float, steps: str) -> str:
    """One value of a strip."""
    if value is None or math.isnan(value):
        return " "
    part = (value - low) / (high - low) if high > low else float(value > low)
    return steps[min(len(steps) - 1, int(min(max(part, 0.0), 1.0) * len(steps)))]


def three_way_bar(cpus: Amounts, width: int, glyphs: Glyphs, *, up: bool = True) -> list[Piece]:
    """What of *cpus* (or memory) is used, allocated but idle, reserved but not allocated, and free, in *width* cells.

    Something is a cell at least, if there are as many; only what is full looks full. More than there is ends at the
    edge: say so beside it (``over``). Of a worker that is not up nobody knows anything, of one that does not measure
    not what is used: all that it was given is drawn as idle.
    """
    capacity = cpus.total
    if not up or capacity <= 0:
        return [Piece(glyphs.unknown * max(0, width), "unknown")]
    busy = min(max(cpus.used or 0.0, 0.0), capacity)
    held = max(min(cpus.allocated, capacity), busy)
    kept = max(held, min(cpus.allocated + cpus.reserved, capacity))
    parts: list[tuple[float, str, Tone]] = [
        (busy, glyphs.used, "used"),
        (held - busy, glyphs.allocated, "allocated"),
        (kept - held, glyphs.reserved, "reserved"),
        (capacity - kept, glyphs.free, "free"),
    ]
    sizes = divided([part for part, _, _ in parts], width)
    return [Piece(sign * size, tone) for size, (_, sign, tone) in zip(sizes, parts, strict=True) if size]


def bar(part: float | None, whole: float, width: int, glyphs: Glyphs, *, tone: Tone = "used") -> list[Piece]:
    """How much of *whole* is *part*."""
    if part is None or whole <= 0:
        return [Piece(glyphs.unknown * max(0, width), "unknown")]
    filled, left = divided([min(part, whole), max(0.0, whole - part)], width)
    ends: list[tuple[str, Tone]] = [(glyphs.used * filled, tone), (glyphs.free * left, "free")]
    return [Piece(text, each) for text, each in ends if text]


def over(used: float | None, capacity: float) -> bool:
    """Whether more is used than there is; the last hundredth is how it was measured."""
    return used is not None and used > capacity * 1.01


def divided(parts: Sequence[float], width: int) -> list[int]:
    """*width* cells among *parts* by their size: by largest remainder, then one for each that would have none.

    The cell comes from the largest: it is missed there least.
    """
    width, whole = max(0, width), sum(parts)
    if whole <= 0:
        return [0] * (len(parts) - 1) + [width]
    exact = [part * width / whole for part in parts]
    sizes = [int(each) for each in exact]
    order = sorted(range(len(parts)), key=lambda at: (sizes[at] - exact[at], at))
    for at in order[: width - sum(sizes)]:
        sizes[at] += 1
    for at, part in enumerate(parts):
        largest = max(range(len(parts)), key=lambda each: sizes[each])
        if part > 0 and not sizes[at] and sizes[largest] > 1:
            sizes[at], sizes[largest] = 1, sizes[largest] - 1
    return sizes
