"""What operators grant tenants, a weight and quotas, and what tenants have used of late."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Quota
from clusterctl.model.tenants import Grant
from clusterctl.store.connection import Database


class Granted(NamedTuple):
    """What the planner must know of a tenant. ``quota``: None without bounds to what it holds."""

    weight: float
    quota: Quota | None
    recent: Resources


def of(db: Database, names: Collection[str]) -> dict[str, Granted]:
    """Of these tenants, those of which there is anything to know."""
    rows = db.rows(
        """
        SELECT name, weight, max_cpu_milli, max_running, round(recent_cpu_milli)::bigint,
               round(recent_memory_mb)::bigint, round(recent_gpus)::bigint
          FROM tenants WHERE name = ANY (%s)
        """,
        list(names),
    )
    return {
        name: Granted(
            weight=weight,
            quota=None if cpu_milli is None and running is None else Quota(cpu_milli=cpu_milli, running=running),
            recent=Resources(*recent),
        )
        for name, weight, cpu_milli, running, *recent in rows
    }


class Known(NamedTuple):
    """All that is kept of a tenant itself."""

    grant: Grant
    recent: Resources


def read(db: Database, name: str | None = None) -> dict[str, Known]:
    """Of every tenant of which anything is kept, or of the one."""
    rows = db.rows(
        """
        SELECT name, weight, max_cpu_milli, max_running, max_pending, round(recent_cpu_milli)::bigint,
               round(recent_memory_mb)::bigint, round(recent_gpus)::bigint
          FROM tenants WHERE %(name)s::text IS NULL OR name = %(name)s ORDER BY name
        """,
        name=name,
    )
    return {row[0]: Known(read_grant(row[1:5]), Resources(*row[5:])) for row in rows}


def read_grant(row: tuple[Any, ...]) -> Grant:
    """A Grant from weight, CPUs, running, pending."""
    return Grant(weight=row[0], max_cpu_milli=row[1], max_running=row[2], max_pending=row[3])


def refusal(db: Database, name: str, jobs: int) -> str:
    """Why a submit of so many *jobs* of a tenant would be refused now, in the words of the law; else empty."""
    row = db.row(
        """
        SELECT t.max_pending, c.before
          FROM tenants t CROSS JOIN LATERAL (SELECT count(*) AS before FROM jobs WHERE waiting AND tenant = t.name) c
         WHERE t.name = %s AND c.before + %s > t.max_pending
        """,
        name,
        jobs,
    )
    return f"tenant {name} may have {row[0]} waiting jobs: {row[1]} wait, and this would add {jobs}" if row else ""


def lock(db: Database, name: str) -> Grant:
    """What is granted to a tenant; until the end of the transaction nobody else changes it. Makes its row."""
    (row,) = db.rows(
        """
        INSERT INTO tenants AS t (name) VALUES (%s) ON CONFLICT (name) DO UPDATE SET weight = t.weight
        RETURNING weight, max_cpu_milli, max_running, max_pending
        """,
        name,
    )
    return read_grant(row)


def put(db: Database, name: str, grant: Grant) -> None:
    """Grant a tenant, whose row is locked, exactly this."""
    db.run(
        "UPDATE tenants SET weight = %s, max_cpu_milli = %s, max_running = %s, max_pending = %s WHERE name = %s",
        grant.weight,
        grant.max_cpu_milli,
        grant.max_running,
        grant.max_pending,
        name,
    )


def age(db: Database, term: int, half_life_s: float) -> None:
    """Bring the use of late up to now: an average of what is held, in which a moment counts half after *half_life_s*.

    Rows that somebody else has locked are left for the next time, which makes no difference: so this waits for nobody.
    Who has used nothing for long, and was granted nothing, is forgotten. Raises Moved when the term is over.
    """
    db.run(
        """
        WITH held AS MATERIALIZED (
            SELECT tenant, sum(cpu_milli)::float8 AS cpu_milli, sum(memory_mb)::float8 AS memory_mb,
                   sum(gpus)::float8 AS gpus
              FROM allocations WHERE live GROUP BY tenant
        ), known AS MATERIALIZED (  -- an exponent beyond a hundred would only underflow
            SELECT t.name, h.cpu_milli, h.memory_mb, h.gpus,
                   2 ^ -least(100, greatest(0, extract(epoch FROM cluster_time() - t.recent_at)::float8
                                               / %(half_life)s::float8)) AS kept,
                   h.tenant IS NULL AND t.recent_cpu_milli + t.recent_memory_mb + 1000 * t.recent_gpus < 1 AS idle,
                   t.weight = 1 AND num_nonnulls(t.max_cpu_milli, t.max_running, t.max_pending) = 0 AS ordinary
              FROM tenants t LEFT JOIN held h ON h.tenant = t.name
             WHERE h.tenant IS NOT NULL OR t.recent_cpu_milli + t.recent_memory_mb + t.recent_gpus > 0
                OR (t.weight = 1 AND num_nonnulls(t.max_cpu_milli, t.max_running, t.max_pending) = 0)
             ORDER BY t.name FOR NO KEY UPDATE OF t SKIP LOCKED
        ), forgotten AS (
            DELETE FROM tenants t USING known k WHERE t.name = k.name AND k.idle AND k.ordinary
        ), aged AS (
            UPDATE tenants t
               SET recent_cpu_milli = CASE WHEN idle THEN 0 ELSE
                       kept * t.recent_cpu_milli + (1 - kept) * coalesce(k.cpu_milli, 0) END,
                   recent_memory_mb = CASE WHEN idle THEN 0 ELSE
                       kept * t.recent_memory_mb + (1 - kept) * coalesce(k.memory_mb, 0) END,
                   recent_gpus = CASE WHEN idle THEN 0 ELSE
                       kept * t.recent_gpus + (1 - kept) * coalesce(k.gpus, 0) END,
                   recent_at = cluster_time()
              FROM known k WHERE t.name = k.name AND NOT (k.idle AND k.ordinary)
        )
        INSERT INTO tenants (name, recent_at)
        SELECT h.tenant, cluster_time() FROM held h LEFT JOIN tenants t ON t.name = h.tenant
         WHERE (SELECT lead_as(%(term)s)) AND t.name IS NULL ORDER BY h.tenant
            ON CONFLICT DO NOTHING
        """,
        term=term,
        half_life=half_life_s,
    )
