"""What a loop does again and again."""

from __future__ import annotations

from clusterctl.clock import Clock


class Agenda(dict[str, float]):
    """When each duty is next due, in the clock's seconds. One that is not in it is due at once."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def is_due(self, duty: str, every: float) -> bool:
        """True the first time, and then whenever *every* seconds have passed."""
        now = self._clock.seconds()
        if now < self.get(duty, now):
            return False
        self[duty] = now + every
        return True
