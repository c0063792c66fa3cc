"""What was decided: who starts where, who waits, and why."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clusterctl.model.resources import Resources


class Start(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Give this job to this worker.

    ``candidates``: how many workers could have had it; ``refusals``: per filter, how many it removed.
    (Not collected: nothing in it leads back to it, and a round may make tens of thousands.)
    """

    job_id: int
    worker_id: int
    policy: str
    score: float
    candidates: int
    refusals: Mapping[str, int] = {}
    fallback: str = ""  # why another policy than the one that is set has decided


class Wait(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A group that does not start (any further) in this round.

    ``reason`` is the one word that names it: the filter that would have to change (``fits_now``, ``fits_ever``
    shown as ``unsatisfiable``, ``label``, ``named_worker``, ``live``, ``admin_open``, ``measured``, ``fits_load``,
    ``array_limit``, ``tenant_quota``), or what the round had against it (``backfill``, ``service_claims``,
    ``no_workers``, ``policy_disabled``, ``round_full``). ``refusals`` counts, per filter, the workers it removed.
    """

    shape: str
    job_id: int  # the head that waits
    reason: str
    refusals: Mapping[str, int] = {}
    candidates: int = 0


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """The worker that is kept for the first job that has its turn and no room (EASY backfilling).

    ``at``: when it can start there if all limits are true, seconds since the epoch; None if nothing tells, and the job
    has waited so long that nobody else may start there in what it needs. ``extra``: what others may hold there beyond
    that moment.
    """

    job_id: int
    shape: str
    worker_id: int
    at: float | None
    extra: Resources


class Eligibility(msgspec.Struct, frozen=True, kw_only=True):
    """Who could have claimed a service in this round, and why not the others; all by worker name.

    ``metrics``: what the policy measures, lower is better; ``minimum``: the least of it; ``reasons`` for those that are
    not eligible: ``resource_usage:0.2064>0.1833``, ``resource_usage:missing``.
    """

    policy: str
    eligible: tuple[str, ...]
    metrics: Mapping[str, float | None]
    minimum: float | None
    reasons: Mapping[str, str] = {}
    fallback: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one look. ``more``: the round was cut short by ``max_starts``; go on at once.

    ``eligibility``: as services found the workers at their first turn, or, if none had one, as they stood at the end;
    None if no service waits.
    """

    starts: tuple[Start, ...] = ()
    waits: tuple[Wait, ...] = ()
    more: bool = False
    shadow: Shadow | None = None
    eligibility: Eligibility | None = None
