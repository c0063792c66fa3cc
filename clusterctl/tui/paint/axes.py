"""What stands beside a chart: round amounts up its side, and round times under it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from clusterctl.units import about_memory, format_age

Unit = Literal["count", "cpus", "memory", "seconds", "rate", "pace"]  # a rate is per second, a pace per minute

MINUTE, HOUR, DAY = 60, 3_600, 86_400
ROUND_SECONDS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 4, 6, 12)),
    *(days * DAY for days in (1, 2, 7, 14, 30)),
)
# An axis reaches at least so far: a queue of one job shall not look like a full one.
LEAST = {"count": 4.0, "cpus": 1.0, "memory": 1024.0, "seconds": 10.0, "rate": 1.0, "pace": 1.0}
ROWS_A_STEP = 3  # so much room has each amount beside a chart
CELLS_A_TIME = 11  # and each time under it


class Scale(NamedTuple):
    """From 0 to ``top``, with an amount at each ``step``."""

    top: float
    step: float

    def amounts(self) -> Iterator[float]:
        """Those that are written beside the chart, from 0 on."""
        return (at * self.step for at in range(round(self.top / self.step) + 1))


def scale(highest: float, rows: int, unit: Unit) -> Scale:
    """The smallest scale that holds *highest*, with no more round amounts than *rows* have room for."""
    highest = max(highest, LEAST[unit])
    most = max(1, (rows - 1) // ROWS_A_STEP)
    step = next(step for step in steps(unit) if math.ceil(highest / step - 1e-9) <= most)
    return Scale(step * math.ceil(highest / step - 1e-9), step)


def steps(unit: Unit) -> Iterator[float]:
    """Round amounts of that kind, smallest first, without end."""
    if unit == "seconds":
        yield from ROUND_SECONDS
        yield from (ROUND_SECONDS[-1] * 2.0**power for power in range(1, 1000))
    elif unit == "memory":
        yield from (2.0**power for power in range(1000))
    else:
        smallest = 0 if unit == "count" else -2
        yield from (first * 10.0**power for power in range(smallest, 300) for first in (1, 2, 5))


def amount(value: float, unit: Unit, step: float = 0.0) -> str:
    """In the words of that unit. With a *step*, as exact as the axis needs it; else as a reader wants it."""
    if value == 0:
        return "0"
    if unit == "memory":
        return about_memory(value)
    if unit == "seconds":
        return in_words(value) if step else format_age(value)
    places = max(0, -math.floor(math.log10(step))) if step else places_of(value)
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text and not step else text
    return text + {"rate": "/s", "pace": "/min"}.get(unit, "")


def places_of(value: float) -> int:
    """How many digits behind the point say something."""
    if value >= 100:
        return 0
    return 1 if value >= 1 else 2


def in_words(seconds: float) -> str:
    """A round duration without what is nothing: ``10m``, ``1h30m``."""
    parts = []
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts.append(f"{count:.0f}{unit}" if count else "")
    return "".join(parts) or "0"


class Stamp(NamedTuple):
    """A time under the chart, and in which of its columns."""

    column: int
    text: str


def stamps(until: datetime, span_s: float, columns: int) -> list[Stamp]:
    """Round times within the span, as many as there is room for, oldest first."""
    most = max(1, columns // CELLS_A_TIME)
    step = next((step for step in ROUND_SECONDS if step >= MINUTE and span_s / step <= most), ROUND_SECONDS[-1])
    start = until - timedelta(seconds=span_s)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((start - midnight).total_seconds() / step)
    found = []
    for count in range(most + 2):
        at = midnight + timedelta(seconds=(first + count) * step)
        if at > until:
            break
        text = f"{at:%b} {at.day}" if step >= DAY else f"{at:%H:%M}"
        found.append(Stamp(column_of(at, until, span_s, columns), text))
    return found


def column_of(at: datetime, until: datetime, span_s: float, columns: int) -> int:
    """In which of the columns a moment stands; outside of them if it is outside of the span."""
    share = 1 - (until - at).total_seconds() / span_s
    return round(share * (columns - 1))
