"""What the doctor reads of those who wait: for what, for how long, and who was served meanwhile. Nothing here writes.

Why a shape waits is what the planner said last: its open row in the claim log.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from clusterctl.store.connection import Database

COUNTED = 100  # jobs of one shape; beyond that nobody counts
STARTS = 10_000  # that are looked at, the latest that have ended


class Waiting(msgspec.Struct, frozen=True):
    """A shape that waits, by its oldest job. ``jobs``: how many of it, as far as was counted, and one more for "more".

    ``said``: why, for people; ``since``: from when on that is the reason.
    """

    job_id: int
    reason: str
    said: str
    since: datetime
    tenant: str
    priority: int
    submitted_at: datetime
    waited_s: float
    jobs: int


class Workforce(msgspec.Struct, frozen=True):
    """The workers that are up, in numbers; CPUs in thousandths. ``away``: the names of some that are not up."""

    up: int
    known: int
    cpu_milli: int
    held_milli: int
    heard_at: datetime | None  # the last sign of life of any
    away: list[str]


class Passed(msgspec.Struct, frozen=True):
    """How many jobs of others, no more urgent, started while this tenant waited, and their median wait in seconds."""

    tenant: str
    starts: int
    median_s: float


def shapes(db: Database, reasons: Collection[str], most: int, *, counted: int = COUNTED) -> list[Waiting]:
    """Shapes that wait for one of *reasons*, those first that have had it longest; of each so many jobs are counted."""
    return db.nouns(
        Waiting,
        """
        SELECT h.id AS job_id, c.reason, coalesce(c.detail->>'text', '') AS said, c.at AS since, h.tenant, h.priority,
               h.submitted_at, extract(epoch FROM cluster_time() - h.submitted_at)::float8 AS waited_s, n.jobs
          FROM (SELECT * FROM claims WHERE open AND reason = ANY (%(reasons)s) ORDER BY id LIMIT %(most)s) c
         CROSS JOIN LATERAL (
               SELECT * FROM jobs WHERE ready AND shape = c.shape ORDER BY submitted_at, id LIMIT 1) h
         CROSS JOIN LATERAL (
               SELECT count(*) AS jobs
                 FROM (SELECT FROM jobs WHERE ready AND shape = c.shape LIMIT %(counted)s + 1) counted) n
         ORDER BY c.id
        """,
        reasons=list(reasons),
        most=most,
        counted=counted,
    )


def workforce(db: Database) -> Workforce:
    """Add the workers up."""
    (found,) = db.nouns(
        Workforce,
        """
        SELECT count(*) FILTER (WHERE live_state = 'up') AS up, count(*) AS known,
               coalesce(sum(cpu_milli) FILTER (WHERE live_state = 'up'), 0)::bigint AS cpu_milli,
               coalesce(sum(reserved_milli + allocated_milli) FILTER (WHERE live_state = 'up'), 0)::bigint
                   AS held_milli,
               max(last_heartbeat_at) AS heard_at,
               coalesce((array_agg(name ORDER BY name) FILTER (WHERE live_state <> 'up'))[:20], '{}') AS away
          FROM workers WHERE forgotten_at IS NULL
        """,
    )
    return found


def passed(db: Database, waiting: Sequence[Waiting], within_s: float) -> list[Passed]:
    """For each tenant in *waiting*, one row each: who was served before it within the last *within_s* seconds.

    Only first attempts count: a retry has not waited since it was submitted.
    """
    return db.nouns(
        Passed,
        """
        WITH waits AS MATERIALIZED (
            SELECT * FROM unnest(%(tenants)s::text[], %(priorities)s::int[], %(since)s::timestamptz[])
                              w(tenant, priority, since)
        ), recent AS MATERIALIZED (
            SELECT job_id, reserved_at FROM allocations WHERE live AND attempt = 1
            UNION ALL
            SELECT job_id, reserved_at FROM allocations
             WHERE id = ANY (ARRAY(SELECT id FROM allocations
                                    WHERE released_at > cluster_time() - %(within)s * interval '1 s' AND attempt = 1
                                    ORDER BY released_at DESC LIMIT %(most)s))
        ), starts AS MATERIALIZED (
            SELECT j.tenant, j.priority, r.reserved_at,
                   extract(epoch FROM r.reserved_at - j.submitted_at)::float8 AS waited_s
              FROM recent r CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = r.job_id OFFSET 0) j
             WHERE r.reserved_at > cluster_time() - %(within)s * interval '1 s'
        )
        SELECT w.tenant, count(*) AS starts,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY s.waited_s)::float8 AS median_s
          FROM waits w JOIN starts s ON s.tenant <> w.tenant AND s.priority <= w.priority AND s.reserved_at > w.since
         GROUP BY w.tenant ORDER BY w.tenant
        """,
        tenants=[each.tenant for each in waiting],
        priorities=[each.priority for each in waiting],
        since=[each.submitted_at for each in waiting],
        within=within_s,
        most=STARTS,
    )
