"""The answer of ``explain``: why a job is where it is, and what would change that. Fields are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from clusterctl.model.candidates import Candidate

Likeness = Literal["name", "command", "request"]  # what makes two jobs similar, the strongest first
LIKENESS: dict[Likeness, str] = {"name": "of its name", "command": "of its command", "request": "of its size"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One filter of the chain that removed workers: how many, the first few of them by name, and what they lack."""

    filter: str
    removed: int
    workers: tuple[str, ...]
    sentence: str


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The worker that gets the job, or is the first that could. ``score`` by ``policy``; None while it has no room.

    ``parts``: what the score is made of, as a ``Candidate`` tells it; ``fallback``: why another policy than the one
    that is set has decided.
    """

    worker: str
    score: float | None
    policy: str
    parts: dict[str, float] = {}
    fallback: str = ""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs have their turn ``before`` it, ``of`` all that wait for one, itself among them.

    Not ``exact``: tenants take turns, and one of the others waits with jobs of several sizes.
    """

    before: int
    of: int
    exact: bool = True


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How the job's tenant stands among the tenants that take turns with it.

    ``share``: what it goes by: the largest part of any kind of resource that it holds (``held``) and has held of late
    (``recent``), together, divided by its ``weight``. ``rivals``: other tenants that wait at the same priority;
    ``first``: those of them that have less, the least first.
    """

    tenant: str
    weight: float
    share: float
    held: float
    recent: float
    rivals: int
    first: tuple[str, ...]
    sentence: str


class Blocker(msgspec.Struct, frozen=True, kw_only=True):
    """A job that must end first. ``worker`` is None if it has none yet; ``basis``: why it should end then, or may not.

    Amounts are what it holds: CPUs, MiB, GPUs.
    """

    job_id: int
    worker: str | None
    cpus: float
    memory_mb: int
    gpus: int
    expected_end: datetime | None
    basis: str


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A moment that nobody can know, and what makes us say so; ``at`` is None where nothing does."""

    at: datetime | None
    basis: str


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """By when a job should have ended, and before when it must start for that; then it is cancelled if it waits."""

    at: datetime
    start_before: datetime
    sentence: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What would start the job now: an ``option`` of submit, or a command; and on which worker."""

    option: str
    starts_on: str
    sentence: str


class Quantiles(msgspec.Struct, frozen=True):
    """Seconds that a tenth, half and nine tenths of them did not exceed."""

    p10: float
    p50: float
    p90: float


class Similar(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs like this one that have ended: how many, alike in what, how long they ran, and how long they waited."""

    count: int
    alike: Likeness
    run_s: Quantiles
    wait_s: Quantiles


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A time for which one reason has delayed a job. ``not_known``, ``not_looked_at``: nothing tells why."""

    reason: str
    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    seconds: float
    sentence: str


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """For how long a reason has delayed a job, all in all; ``share``: of all its delays, 0–1."""

    reason: str
    seconds: float
    share: float


class ReplicaLine(msgspec.Struct, frozen=True, kw_only=True):
    """One replica of a service: where it is, and how it fares or what it waits for."""

    job_id: int
    state: str
    reason: str | None
    worker: str | None
    sentence: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job is where it is. ``job_id`` is None for one that is not submitted yet, ``state`` what it would be.

    Of ``workers``, each is in one of the ``steps`` or one of the ``candidates``; a job that is placed or has ended has
    neither. What does not apply is None or empty.
    """

    job_id: int | None
    name: str
    kind: str = "batch"
    state: str
    reason: str | None
    headline: str
    workers: int = 0
    steps: tuple[Step, ...] = ()
    candidates: int = 0
    best: Best | None = None
    candidate_table: tuple[Candidate, ...] = ()  # each worker, before anything else starts
    position: Position | None = None
    share: Share | None = None
    blockers: tuple[Blocker, ...] = ()
    more_blockers: int = 0  # that are not listed
    starts_at: Estimate | None = None
    ends_at: Estimate | None = None
    deadline: Deadline | None = None
    similar: Similar | None = None
    changes: tuple[Change, ...] = ()
    advice: str = ""  # what may help, where no change is proven to
    replicas: tuple[ReplicaLine, ...] = ()  # of the service, where the job is its first replica
    history: tuple[Stretch, ...] = ()  # only where it is asked for
    delays: tuple[Delay, ...] = ()  # the sums of that
