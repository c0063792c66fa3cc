"""What each tenant wants, holds and has waited for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from clusterctl.model.resources import Resources
from clusterctl.model.tenants import HeldAmounts
from clusterctl.store.connection import Database

LATELY_S = 3600
# An end that excludes nothing. But of a range Postgres believes, while it knows no better, that it is small; without an
# end it might read all jobs that ever ended.
EVERY_ID, ANY_TIME = 2**62, datetime(9999, 1, 1, tzinfo=UTC)
SAMPLED_MOST = 50_000  # ended jobs from which waits are told: the newest


class Demand(msgspec.Struct, frozen=True):
    """A tenant's live jobs in one state. ``oldest_s``: since the oldest of those that are ready was submitted."""

    tenant: str
    state: str
    jobs: int
    oldest_s: float | None


class Holding(msgspec.Struct, frozen=True):
    """What a tenant's live allocations hold, and all of it together."""

    cpus: HeldAmounts
    memory_mb: HeldAmounts
    gpus: HeldAmounts
    total: Resources


class Reports(msgspec.Struct, frozen=True):
    """What a tenant's replicas have reported lately of themselves, together."""

    p99_ms: float | None
    requests: int
    violations: int


class Waits(msgspec.Struct, frozen=True):
    """How long a tenant's jobs had waited when they were first started, and how many that is told from."""

    tenant: str
    starts: int
    p50_s: float
    p95_s: float


def demands(db: Database) -> list[Demand]:
    """Every tenant's live jobs, by state."""
    return db.nouns(
        Demand,
        """
        SELECT tenant, state, count(*) AS jobs,
               extract(epoch FROM cluster_time() - min(submitted_at) FILTER (WHERE ready))::float8 AS oldest_s
          FROM jobs WHERE live AND id BETWEEN 0 AND %s GROUP BY tenant, state
        """,
        EVERY_ID,
    )


def holdings(db: Database) -> dict[str, Holding]:
    """By tenant, what it holds; those that hold nothing are left out."""
    return {
        row[0]: read_holding(row)
        for row in db.rows(
            """
            SELECT tenant, sum(cpu_milli)::bigint, coalesce(sum(cpu_milli) FILTER (WHERE reserved), 0)::bigint,
                   sum(memory_mb)::bigint, coalesce(sum(memory_mb) FILTER (WHERE reserved), 0)::bigint,
                   sum(gpus)::bigint, coalesce(sum(gpus) FILTER (WHERE reserved), 0)::bigint
              FROM allocations WHERE live GROUP BY tenant
            """
        )
    }


def read_holding(row: tuple[Any, ...]) -> Holding:
    """A Holding from the columns of ``holdings``."""
    _, cpu, cpu_reserved, memory, memory_reserved, gpus, gpus_reserved = row
    return Holding(
        cpus=HeldAmounts(reserved=cpu_reserved / 1000, allocated=(cpu - cpu_reserved) / 1000),
        memory_mb=HeldAmounts(reserved=memory_reserved, allocated=memory - memory_reserved),
        gpus=HeldAmounts(reserved=gpus_reserved, allocated=gpus - gpus_reserved),
        total=Resources(cpu, memory, gpus),
    )


def reports(db: Database, within_s: float) -> dict[str, Reports]:
    """By tenant, what its replicas have reported within *within_s*; of their percentiles that by nearest rank."""
    return {
        tenant: Reports(p99_ms, requests, violations)
        for tenant, p99_ms, requests, violations in db.rows(
            """
            SELECT tenant, percentile_disc(0.99) WITHIN GROUP (ORDER BY p99_ms)::float8,
                   coalesce(sum(requests), 0)::bigint, coalesce(sum(violations), 0)::bigint
              FROM allocations
             WHERE live AND kind = 'service' AND reported_at > cluster_time() - %s * interval '1 s' GROUP BY tenant
            """,
            within_s,
        )
    }


def capacity(db: Database) -> Resources:
    """What the workers have that are up."""
    (row,) = db.rows(
        """
        SELECT coalesce(sum(cpu_milli), 0)::bigint, coalesce(sum(memory_mb), 0)::bigint, coalesce(sum(gpus), 0)::bigint
          FROM workers WHERE live_state = 'up'
        """
    )
    return Resources(*row)


def waits(db: Database) -> list[Waits]:
    """By tenant, of first attempts that were started lately: those that run, and the newest of those that have ended.

    (Percentiles by nearest rank, as ``percentile_disc`` takes them.)
    """
    return db.nouns(
        Waits,
        """
        WITH begun AS (
            SELECT j.tenant, j.submitted_at, j.started_at
              FROM (SELECT * FROM allocations WHERE live ORDER BY worker_id, id OFFSET 0) a
             CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = a.job_id AND state = 'running' OFFSET 0) j
             WHERE a.attempt = 1
            UNION ALL
            (SELECT tenant, submitted_at, started_at
               FROM (SELECT * FROM jobs WHERE finished_at > cluster_time() - %(lately)s * interval '1 s'
                        AND finished_at < %(ever)s ORDER BY finished_at DESC, id DESC LIMIT %(most)s) ended
              WHERE attempt = 1 AND started_at IS NOT NULL)
        )
        SELECT tenant, starts, ranks[1] AS p50_s, ranks[2] AS p95_s
          FROM (SELECT tenant, count(*) AS starts, percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (
                       ORDER BY extract(epoch FROM started_at - submitted_at)::float8) AS ranks
                  FROM begun WHERE started_at > cluster_time() - %(lately)s * interval '1 s' GROUP BY tenant) told
        """,
        lately=LATELY_S,
        most=SAMPLED_MOST,
        ever=ANY_TIME,
    )
