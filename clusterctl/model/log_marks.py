"""How far somebody has read who follows a log."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Mark(msgspec.Struct, frozen=True):
    """Read up to the row ``after``, but for ``missing``: numbers that were given out, whose rows were not there yet.

    Each with the moment at which that was first seen, in seconds since 1970 by the database's clock. Several write at
    once, so a row may appear after one with a higher number; or never, if what wrote it was undone.
    """

    after: int
    missing: tuple[tuple[int, float], ...] = ()


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of a log beyond what is shown.

    ``more``: how many older rows a limit cut off; counted no further than 100,000. ``mark``: from where to follow.
    ``begins_at``: when the oldest row was written, None if there is none; older ones than ``keep_s`` are forgotten.
    """

    more: int
    mark: Mark
    begins_at: datetime | None
    keep_s: float
