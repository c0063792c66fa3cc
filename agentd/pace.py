"""How soon after an exchange the next may be: whoever may write to Redis may ring for nothing, and often."""

from __future__ import annotations

PACE = 0.008  # seconds between two exchanges while busy: a few ends share a commit; the first of all waits for none
MOST_IN_VAIN = 4  # exchanges in a row of which nothing comes: two rings for one order are nothing unusual
SLOWEST_PACE = 0.5  # seconds: when nothing comes of any
CALM = 1.0  # seconds between two exchanges after which the second is as good as the first


class Pace:
    """Counts exchanges of which nothing came. Moments are the loop's clock's seconds."""

    def __init__(self) -> None:
        self._vain = 0
        self._exchanged_at = 0.0

    def rest(self, now: float, *, in_vain: bool) -> float:
        """Seconds from *now*, the end of an exchange, until the next may be."""
        is_calm, self._exchanged_at = now > self._exchanged_at + CALM, now
        if not in_vain:
            self._vain = 0
            return PACE
        self._vain = 1 if is_calm else self._vain + 1
        if self._vain <= MOST_IN_VAIN:
            return 0.0
        return min(PACE * 2.0 ** min(self._vain - MOST_IN_VAIN, 30), SLOWEST_PACE)
