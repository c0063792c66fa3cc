"""Adding up silence: how long a worker's beat has stood still while we could have heard it.

Only time that passed on both our clock and the database's counts, and of each step only as much as we listen between
two pulses: so a clock that jumps, a takeover, or a pause of ours or of the database makes nobody silent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping


class Silence:
    """Seconds of silence per worker id. A new term begins with a new one: that only delays.

    *longest_step*: of the time between two hearings, what is beyond so many seconds was not spent listening.
    """

    def __init__(self, longest_step: float) -> None:
        self._longest_step = longest_step
        self._beats: dict[int, int] = {}
        self._silent: dict[int, float] = {}
        self._ours = self._theirs = 0.0

    def hear(self, beats: Mapping[int, int], *, ours: float, theirs: float) -> None:
        """Take note of the beats at one moment: *ours* and *theirs* are our and the database's clock, in seconds."""
        step = max(0.0, min(ours - self._ours, theirs - self._theirs, self._longest_step)) if self._beats else 0.0
        self._ours, self._theirs = ours, theirs
        self._silent = {
            worker: self._silent.get(worker, 0.0) + step if self._beats.get(worker) == beat else 0.0
            for worker, beat in beats.items()
        }
        self._beats = dict(beats)

    def forgive(self, lasting: Collection[int]) -> None:
        """Nobody could be heard for a while: whose silence is not *lasting* (worker ids) begins anew.

        For safety this is not needed, a gap counts as one step. But who was merely late shall have time to come back.
        """
        self._silent = {worker: silent for worker, silent in self._silent.items() if worker in lasting}

    @property
    def seconds(self) -> Mapping[int, float]:
        """Of every worker that was heard of last."""
        return self._silent
