"""Whether rows may change places just now."""

from __future__ import annotations

import math

CALM = 1.5  # seconds after the last key: longer than it takes to see that the wrong row is under the cursor


class Order:
    """Rows stay where they are while somebody is about to act on one. Pure: moments are arguments, in seconds.

    ``held``: until the operator says otherwise.
    """

    def __init__(self) -> None:
        self.held = False
        self._touched_at = -math.inf

    def touched(self, now: float) -> None:
        """A key was pressed, or the mouse."""
        self._touched_at = now

    def keeps(self, now: float, *, dialog: bool = False) -> bool:
        """Whether new data may change what rows say, but not where they are."""
        return self.held or dialog or now - self._touched_at < CALM
