"""Adding up silence: how long a worker's beat has stood still while we could have heard it.

Only time that passed on both our clock and the database's counts, and only while we could write ourselves: so an
outage, a clock that jumps or a takeover makes nobody silent.
"""

from __future__ import annotations

from collections.abc import Mapping


class Silence:
    """Seconds of silence per worker id. A new term begins with a new one: that only delays."""

    def __init__(self) -> None:
        self._beats: dict[int, int] = {}
        self._silent: dict[int, float] = {}
        self._ours = self._theirs = 0.0

    def hear(self, beats: Mapping[int, int], *, ours: float, theirs: float) -> None:
        """Take note of the beats at one moment: *ours* and *theirs* are our and the database's clock, in seconds."""
        step = max(0.0, min(ours - self._ours, theirs - self._theirs)) if self._beats else 0.0
        self._ours, self._theirs = ours, theirs
        self._silent = {
            worker: self._silent.get(worker, 0.0) + step if self._beats.get(worker) == beat else 0.0
            for worker, beat in beats.items()
        }
        self._beats = dict(beats)

    def longer_than(self, seconds: float) -> dict[int, int]:
        """Workers silent for more than *seconds*, each with the beat at which it stands still."""
        return {worker: self._beats[worker] for worker, silent in self._silent.items() if silent > seconds}
