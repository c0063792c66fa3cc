"""The last rounds as rows of a listing: who got what, and how used every worker was then."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from typing import Any

from clusterctl.cli.display.ages import clock
from clusterctl.cli.display.listing import Form, Listing, plain_of
from clusterctl.cli.display.table import GAP, Column
from clusterctl.model.rounds import RoundClaim, UsagePicture
from clusterctl.text import cells
from clusterctl.units import about_memory

FIELDS = "round at worker kind job_id jobs policy cpu_percent memory_mb claims waits took_ms term"
BESIDE = 44  # cells for what stands before the columns of the workers
USAGE = 10  # cells: 100% 1.25G
MOST_COLUMNS = 64


def rounds_listing(rows: Sequence[RoundClaim], form: Form) -> Listing[RoundClaim]:
    """A column for each worker, if they fit; else the claimant's, and the range of all."""
    names = sorted({name for row in rows for name in row.usage})
    room = shutil.get_terminal_size().columns - BESIDE
    fit = sum(max(cells(name), USAGE) + GAP for name in names) <= room
    each = len(names) <= MOST_COLUMNS if form == "wide" else fit
    columns = [*COLUMNS, *(map(column_of, names) if each else RANGE)]
    return Listing("rounds", columns, flat if form == "tsv" else plain_of, FIELDS, "round", noun=RoundClaim)


def flat(row: RoundClaim) -> dict[str, Any]:
    """As data on one line: what was measured, each kind for itself, by worker."""
    return {
        **plain_of(row),
        "cpu_percent": {name: used.cpu_percent for name, used in row.usage.items()},
        "memory_mb": {name: round(used.memory_mb) for name, used in row.usage.items()},
    }


def column_of(name: str) -> Column[RoundClaim]:
    """How used one worker was."""
    return Column(name, partial(used_by, name), right=True)


def used_by(name: str, row: RoundClaim) -> str:
    """``12% 340M``; a dash for who was not measured."""
    return said(row.usage.get(name))


def said(used: UsagePicture | None) -> str:
    """CPU in percent of its registered CPUs, and memory."""
    if used is None:
        return "-"
    percent = "?" if used.cpu_percent is None else f"{used.cpu_percent:.0f}%"
    return f"{percent} {about_memory(used.memory_mb)}"


def jobs_of(row: RoundClaim) -> str:
    """``43``; ``43 +99`` if the worker got as many more."""
    return f"{row.job_id}{f' +{row.jobs - 1:,}' if row.jobs > 1 else ''}"


def cpu_range(row: RoundClaim) -> str:
    """``3%-97%``, over all workers."""
    percents = [used.cpu_percent for used in row.usage.values() if used.cpu_percent is not None]
    return f"{min(percents):.0f}%-{max(percents):.0f}%" if percents else "-"


def memory_range(row: RoundClaim) -> str:
    """``340M-1.5G``, over all workers."""
    amounts = [used.memory_mb for used in row.usage.values()]
    return f"{about_memory(min(amounts))}-{about_memory(max(amounts))}" if amounts else "-"


COLUMNS: list[Column[RoundClaim]] = [
    Column("UTC", lambda row: clock(row.at)),
    Column("ROUND", lambda row: str(row.round), right=True),
    Column("WORKER", lambda row: row.worker, least=6),
    Column("JOB", jobs_of),
    Column("KIND", lambda row: row.kind, wide=True),
    Column("POLICY", lambda row: row.policy or "-", wide=True),
    Column("MS", lambda row: f"{row.took_ms:.1f}", right=True, wide=True),
]
RANGE: list[Column[RoundClaim]] = [
    Column("USED", lambda row: said(row.usage.get(row.worker)), right=True),
    Column("ALL CPU", cpu_range, right=True, spare=True),
    Column("ALL MEMORY", memory_range, right=True, spare=True),
]
