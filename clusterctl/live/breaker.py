"""Staying away from what has just failed, so that it costs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_REST = 0.1  # seconds
LONGEST_REST = 5.0  # seconds: how long news may stay slow after Redis is back


class Breaker:
    """After each failure in a row, twice as long a rest; after a success, none.

    While it rests, exactly nothing is tried; when the rest is over, the next caller tries. Two threads that race
    here at worst try twice, which is why there is no lock.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._failures = 0
        self._until = 0.0

    def remaining(self) -> float:
        """Seconds to stay away; 0.0 when it may be tried."""
        return max(0.0, self._until - self._seconds()) if self._failures else 0.0

    def failed(self) -> None:
        """It was tried and failed."""
        self._until = self._seconds() + min(FIRST_REST * 2.0 ** min(self._failures, 30), LONGEST_REST)
        self._failures += 1

    def succeeded(self) -> None:
        """It was tried and answered."""
        self._failures = 0
