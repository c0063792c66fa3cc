"""What the console sees at one look, and what it asked to see. Frozen, so that it can be kept and played again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from clusterctl.model.audit import AuditPicture
from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.console import Screen
from clusterctl.model.filters import Filter
from clusterctl.model.pictures import (
    AllocationCounts,
    Amounts,
    ClusterCpus,
    JobPicture,
    LeaderPicture,
    WorkerCounts,
    WorkerPicture,
)
from clusterctl.model.services import ServicePicture

Key = int | str  # of a row: a job's, claim's, service's or audit entry's number, or a worker's name
Row = TypeVar("Row")

MOST_KEYS = 10_000  # rows that one list reaches; a filter finds what lies beyond


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """What one look shall bring: the list of a screen, in an order, and of which of its rows the fields.

    ``first`` and ``rows``: the window, counted from 0. ``also``: rows that are wanted wherever they stand, because a
    cursor or a mark is on them. ``sort``: fields as ``--sort`` takes them; none is the list's own order.
    """

    screen: Screen = "overview"
    filter: Filter | None = None
    sort: tuple[str, ...] = ()
    first: int = 0
    rows: int = 100
    also: tuple[Key, ...] = ()


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """A list: all ``keys`` in order, as far as it reaches, and the fields of those ``rows`` that were wanted.

    ``total``: how many match, also beyond the reach of ``keys``; with ``beyond`` there are more still, uncounted.
    """

    keys: tuple[Key, ...] = ()
    rows: Mapping[Key, Row] = {}
    total: int = 0
    beyond: bool = False


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs wait for one reason; ``text`` says of the first of them what it lacks."""

    reason: str
    jobs: int
    text: str = ""


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster in a few numbers. ``jobs``: how many live ones are in each state; ``waits``: most jobs first.

    ``late``: how many of the workers that are up were not heard for so long that a leader would call them silent.

    The last hour, as far as the history tells: jobs ``ended_well`` and ``ended_badly`` (failed, timeout, lost),
    ``claims_per_s`` and ``conflicts_per_s`` over its last minute, and how long those waited that were claimed then.
    """

    leader: LeaderPicture
    workers: WorkerCounts
    cpus: ClusterCpus
    memory_mb: Amounts
    gpus: Amounts
    allocations: AllocationCounts
    jobs: Mapping[str, int]
    late: int = 0
    waits: tuple[Waits, ...] = ()
    oldest_wait_s: float | None = None
    ended_well: int = 0
    ended_badly: int = 0
    claims_per_s: float | None = None
    conflicts_per_s: float | None = None
    wait_p50_s: float | None = None
    wait_p95_s: float | None = None


class RedisSight(msgspec.Struct, frozen=True, kw_only=True):
    """Whether Redis answered, how fast, and why not. ``used`` is false in a cluster without one."""

    used: bool
    up: bool
    took_ms: float = 0.0
    trouble: str = ""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen ``at`` a moment, by the database's clock; everything of that one moment, but for Redis.

    Of the lists those are there that the screen shows: of the overview ``workers`` (those first that need a hand) and
    the newest ``claims``. ``took_ms``: in Postgres, with the way there. ``statements``: how many it took.
    """

    want: Want
    at: datetime
    took_ms: float
    statements: int
    redis: RedisSight
    silent_after_s: float = 15.0  # without a beat a worker is silent then
    lost_after_s: float = 990.0  # and lost with all that it holds, by what the settings are
    sums: Sums
    workers: Page[WorkerPicture] | None = None
    jobs: Page[JobPicture] | None = None
    claims: Page[ClaimPicture] | None = None
    services: Page[ServicePicture] | None = None
    audit: Page[AuditPicture] | None = None
