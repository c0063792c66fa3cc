"""How a server is reached: what came of each try goes in, what to show and when to try again comes out.

Pure: time is an argument, and so is chance.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ConnectionState = Literal["connecting", "live", "stale", "retrying"]
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds between two tries
STALE_AFTER = 3  # intervals without an answer
SHORTEST_INTERVAL = 1.0  # seconds: at shorter ones a single slow answer would look like an outage


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How one server is reached. Moments are seconds of a clock that never goes back.

    ``answered_at``: when it last did, None if never. ``failures``: tries in a row that failed. ``next_try``: when,
    after those. ``took_ms``: the last answer; ``trouble``: why the last try failed.
    """

    answered_at: float | None = None
    failures: int = 0
    next_try: float = 0.0
    took_ms: float = 0.0
    trouble: str = ""

    def answered(self, now: float, took_ms: float) -> Connection:
        """After a try that went well."""
        return Connection(answered_at=now, took_ms=took_ms)

    def failed(self, now: float, trouble: str, chance: float) -> Connection:
        """After one that did not. *chance*, from 0 to 1, spreads the tries of many consoles."""
        # Bounded first: after a night without a server 2.0 ** failures would be too large for a float.
        pause = min(FIRST_PAUSE * 2.0 ** min(self.failures, 16), LONGEST_PAUSE) * (0.75 + chance / 2)
        return Connection(
            answered_at=self.answered_at,
            failures=self.failures + 1,
            next_try=now + pause,
            took_ms=self.took_ms,
            trouble=trouble,
        )

    def state(self, now: float, interval: float) -> ConnectionState:
        """What to show."""
        if self.failures:
            return "retrying"
        if self.answered_at is None:
            return "connecting"
        return "stale" if now - self.answered_at > STALE_AFTER * max(interval, SHORTEST_INTERVAL) else "live"

    def wait(self, now: float, interval: float) -> float:
        """Seconds until the next try."""
        return max(0.0, self.next_try - now) if self.failures else interval
