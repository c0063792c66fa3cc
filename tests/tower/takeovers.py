"""How soon another leads when a leader is harmed, and whether any does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.tower.daemons import boottime

LOOK_EVERY_S = 0.1
LOOKED_FOR_S = 25.0  # how long a leader stays harmed at most, waiting for the next


class Takeover(NamedTuple):
    """A leader was harmed, and until then its next was looked for, on CLOCK_BOOTTIME; whether it *came*."""

    harmed: float
    until: float
    came: bool


def await_next(
    before: int, term: Callable[[], int | None], found: list[Takeover], now: Callable[[], float] = boottime
) -> Iterator[float]:
    """Look until *term* is beyond *before*, yielding the pauses between two looks, and note in *found* how it went.

    What never comes is noted too: that is the worst of all, and must not go unseen.
    """
    harmed, came = now(), False
    while not came and now() < harmed + LOOKED_FOR_S:
        yield LOOK_EVERY_S
        came = (term() or 0) > before
    found.append(Takeover(harmed, now(), came))
