"""What was decided: who starts where, who waits, and why."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Give this job to this worker.

    ``candidates``: how many workers could have had it; ``refusals``: per filter, how many it removed.
    """

    job_id: int
    worker_id: int
    policy: str
    score: float
    candidates: int
    refusals: Mapping[str, int] = {}


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A group that does not start (any further) in this round.

    ``reason`` is the one word that names it: the filter that would have to change (``fits_now``, ``fits_ever``
    shown as ``unsatisfiable``, ``label``, ``named_worker``, ``live``, ``admin_open``, ``array_limit``,
    ``no_workers``, ``policy_disabled``, ``round_full``). ``refusals`` counts, per filter, the workers it removed.
    """

    shape: str
    job_id: int  # the head that waits
    reason: str
    refusals: Mapping[str, int] = {}
    candidates: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one look. ``more``: the round was cut short by ``max_starts``; go on at once."""

    starts: tuple[Start, ...] = ()
    waits: tuple[Wait, ...] = ()
    more: bool = False
