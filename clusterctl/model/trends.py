"""The cluster over time: what the leader keeps of every few seconds, and how it is drawn out of that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

# Each is a column of the history; what is counted is a rate per second, everything else a level.
SeriesName = Literal[
    "pending", "scheduled", "running", "oldest_wait_s", "wait_p50_s", "wait_p95_s",
    "cpu_total", "cpu_reserved", "cpu_allocated", "cpu_used", "memory_total", "memory_held", "memory_used",
    "claims", "conflicts", "completed", "failed", "cancelled", "workers_up", "workers_silent", "workers_lost",
]  # fmt: skip


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened then: what an operator did, or a worker that was lost."""

    at: datetime
    sentence: str


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """So many points of equal length up to ``until``; each series has one value a point, None where nothing is known.

    CPUs are CPUs, memory is MiB, waits are seconds, and claims, conflicts and ends are per second.
    """

    until: datetime
    span_s: float
    step_s: float
    series: Mapping[SeriesName, tuple[float | None, ...]]
    happenings: tuple[Happening, ...] = ()


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker, or an attempt, has used over time: CPUs and MiB, one value a point, None where it is unknown."""

    until: datetime
    step_s: float
    cpus: tuple[float | None, ...]
    memory_mb: tuple[float | None, ...]
