"""Which jobs are meant."""

from __future__ import annotations

from typing import Annotated

import msgspec

from clusterctl.model.filters import Filter

Limit = Annotated[int, msgspec.Meta(ge=0, le=10**9)]  # how many rows of a list


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs. Everything given must hold; ``ranges`` are inclusive. Nothing given: live, or ended lately."""

    ranges: tuple[tuple[int, int], ...] = ()
    states: tuple[str, ...] = ()
    tenant: str | None = None
    array_id: int | None = None
    name: str | None = None
    filter: Filter | None = None
    everything: bool = False  # also what ended long ago
    lately_s: float = 3600
