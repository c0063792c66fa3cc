"""A change that may help: told as an option of ``submit``, or as a command, and what the cluster would be with it.

What a change *costs* is the part of the wish that is given up, added up over the kinds: 8 CPUs instead of 16 cost a
half. A wish given up altogether (the label, the worker, whose job it is) costs GIVEN_UP; what an operator has decided
and would have to decide otherwise costs OPENING, since there was a reason; nothing given up costs nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from clusterctl.model.snapshot import QueueGroup, Snapshot

GIVEN_UP = 1.0
OPENING = 0.5


class Trial(NamedTuple):
    """The job's group as it would be handed in anew; None: the job stays where it stands, and the cluster changes."""

    cost: float
    option: str
    group: QueueGroup | None
    snapshot: Snapshot | None = None  # None: as it is
