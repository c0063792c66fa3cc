"""How a replica is looked after: for how long it rests before it is started again, and when it is given up here."""

from __future__ import annotations

from typing import NamedTuple


class Care(NamedTuple):
    """All in seconds, but ``most_quick``. agentd says it with the order; tests say less.

    A *quick* end is one before the process was up for ``quick``, or before it was ever ready.
    """

    first_rest: float = 1.0  # after an end; twice as long after the next
    longest_rest: float = 300.0
    calm: float = 600.0  # up for so long, and its next rest is the first again
    quick: float = 30.0
    most_quick: int = 5  # quick ends in a row: then another worker may do better
    probe_soon: float = 2.0  # between two looks at whether it is ready, while it is not
    probe_late: float = 10.0  # while it is
    probe_timeout: float = 10.0


class Ends:
    """The ends of a replica's process, as far as they count for the next."""

    def __init__(self, care: Care) -> None:
        self._care = care
        self._in_a_row = self._quick = 0

    def note(self, up_s: float, *, was_ready: bool) -> None:
        """It has ended after *up_s* seconds."""
        care = self._care
        self._in_a_row = 1 if up_s >= care.calm else self._in_a_row + 1
        self._quick = 0 if up_s >= care.quick and was_ready else self._quick + 1

    def forgive(self) -> None:
        """Somebody has asked for a restart: what was before may have been mended."""
        self._in_a_row = self._quick = 0

    @property
    def loops(self) -> bool:
        """Whether it has ended quickly too often."""
        return self._quick >= self._care.most_quick

    @property
    def rest_s(self) -> float:
        """How long to rest after the last end."""
        return rest_after(self._in_a_row, self._care)


def rest_after(ends: int, care: Care) -> float:
    """Seconds to rest after so many *ends* in a row, from 1: 1, 2, 4 … 300."""
    return float(min(care.first_rest * 2.0 ** min(ends - 1, 30), care.longest_rest))
