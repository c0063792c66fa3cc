"""What the leader knows of the workers' signs of life, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clusterctl.model.states import LiveState


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's sign of life: ``beat`` counts its syncs.

    ``stopped``: it signed off. ``holds``: some resources. ``overstays``: it holds them beyond its drain's deadline.
    """

    worker_id: int
    name: str
    beat: int
    live_state: LiveState
    stopped: bool
    holds: bool
    overstays: bool = False


class Standing(msgspec.Struct, frozen=True):
    """A worker whose beat stands still at ``beat``, and for how many ``seconds`` it has been listened for in vain."""

    beat: int
    seconds: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What silence means now. All by worker id; the allocations themselves say how long is long enough to be lost.

    ``withheld`` names the workers that nobody is to declare lost, because so many are silent at once.
    """

    silent: Mapping[int, int]  # up until now → the beat at which each stands still
    overdue: Mapping[int, Standing]  # silent, and what they hold, or they themselves, may be lost
    withheld: tuple[str, ...] = ()
