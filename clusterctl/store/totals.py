"""The cluster in a few numbers: for status, the statistics line and the cache in Redis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec

from clusterctl.model.pictures import AllocationCounts, Amounts, ClusterCpus, LeaderPicture, WorkerCounts
from clusterctl.store.connection import Database


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one moment, by the database's clock."""

    at: datetime
    leader: LeaderPicture
    workers: WorkerCounts
    cpus: ClusterCpus
    allocations: AllocationCounts
    oldest_wait_s: float | None
    held_milli: tuple[int, int]  # reserved, allocated: on all workers, reachable or not


# Each a row of its own; together they are a picture of one moment.
LEADER: LiteralString = """
    SELECT nullif(regexp_replace(holder, '@[^@]*$', ''), '') AS name, term, since,
           extract(epoch FROM cluster_time() - renewed_at)::float8 AS age_s, cluster_time() AS at
      FROM leader"""
WORKERS: LiteralString = """
    SELECT count(*) FILTER (WHERE live_state = 'up') AS up, count(*) FILTER (WHERE live_state = 'silent') AS silent,
           count(*) FILTER (WHERE live_state = 'lost') AS lost,
           count(*) FILTER (WHERE admin_state = 'draining') AS draining,
           coalesce(sum(cpu_milli) FILTER (WHERE live_state = 'up'), 0)::bigint AS cpu_total,
           coalesce(sum(reserved_milli) FILTER (WHERE live_state = 'up'), 0)::bigint AS cpu_reserved,
           coalesce(sum(allocated_milli) FILTER (WHERE live_state = 'up'), 0)::bigint AS cpu_allocated,
           sum(used_milli) FILTER (WHERE live_state = 'up')::bigint AS cpu_used,
           coalesce(sum(reserved_milli + allocated_milli) FILTER (WHERE live_state <> 'up'), 0)::bigint AS unreachable,
           coalesce(sum(reserved_milli), 0)::bigint AS reserved_everywhere,
           coalesce(sum(allocated_milli), 0)::bigint AS allocated_everywhere,
           coalesce(sum(memory_mb) FILTER (WHERE live_state = 'up'), 0)::bigint AS memory_total,
           coalesce(sum(reserved_memory_mb) FILTER (WHERE live_state = 'up'), 0)::bigint AS memory_reserved,
           coalesce(sum(allocated_memory_mb) FILTER (WHERE live_state = 'up'), 0)::bigint AS memory_allocated,
           sum(used_memory_mb) FILTER (WHERE live_state = 'up')::bigint AS memory_used,
           coalesce(sum(gpus) FILTER (WHERE live_state = 'up'), 0)::bigint AS gpus_total,
           coalesce(sum(reserved_gpus) FILTER (WHERE live_state = 'up'), 0)::bigint AS gpus_reserved,
           coalesce(sum(allocated_gpus) FILTER (WHERE live_state = 'up'), 0)::bigint AS gpus_allocated
      FROM workers WHERE forgotten_at IS NULL"""
# Indexes tell, and no row is read.
ALLOCATIONS: LiteralString = """
    SELECT reserved, (SELECT count(*) FROM allocations WHERE live) - reserved AS allocated
      FROM (SELECT count(*) AS reserved FROM allocations WHERE reserved OFFSET 0) r"""
OLDEST_WAIT: LiteralString = """
    SELECT extract(epoch FROM cluster_time() - submitted_at)::float8 AS s
      FROM jobs WHERE live AND ready ORDER BY id LIMIT 1"""  # ids are taken in the order of submission
LEADING, WORKING = 5, 18  # columns of LEADER and of WORKERS


def read(db: Database) -> Totals:
    """Add the cluster up."""
    (row,) = db.rows(
        f"SELECT leader.*, workers.*, allocations.*, ({OLDEST_WAIT})"
        f" FROM ({LEADER}) leader, ({WORKERS}) workers, ({ALLOCATIONS}) allocations"
    )
    return Totals(
        at=row[4],
        leader=read_leader(row[:LEADING]),
        workers=read_counts(row[LEADING:]),
        cpus=read_cpus(row[LEADING:]),
        allocations=AllocationCounts(reserved=row[-3], allocated=row[-2]),
        oldest_wait_s=row[-1],
        held_milli=(row[LEADING + 9], row[LEADING + 10]),
    )


def read_leader(row: Sequence[Any]) -> LeaderPicture:
    """From the columns of LEADER."""
    return LeaderPicture(name=row[0], term=row[1], since=row[2], age_s=row[3])


def read_counts(row: Sequence[Any]) -> WorkerCounts:
    """From the columns of WORKERS."""
    return WorkerCounts(up=row[0], silent=row[1], lost=row[2], draining=row[3])


def read_memory(row: Sequence[Any]) -> Amounts:
    """From the columns of WORKERS."""
    return Amounts(total=row[11], reserved=row[12], allocated=row[13], used=row[14])


def read_gpus(row: Sequence[Any]) -> Amounts:
    """From the columns of WORKERS."""
    return Amounts(total=row[15], reserved=row[16], allocated=row[17])


def read_cpus(row: Sequence[Any]) -> ClusterCpus:
    """From the columns of WORKERS."""
    total, reserved, allocated, used, unreachable = row[4:9]
    return ClusterCpus(
        total=total / 1000,
        reserved=reserved / 1000,
        allocated=allocated / 1000,
        used=None if used is None else used / 1000,
        utilization=round((reserved + allocated) / total, 4) if total else 0.0,
        unreachable=unreachable / 1000,
    )
