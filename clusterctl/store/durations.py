"""What the doctor reads of how long jobs run: beside their limits, and beside those like them. Nothing here writes.

What runs is asked for in the order of the index of live allocations: in any other, Postgres may read all that ever ran.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.store.connection import Database

ALIKE = 5  # ended jobs, at least: fewer are no habit
REMEMBERED = 20_000  # ended jobs that are looked at, the latest


class Overdue(msgspec.Struct, frozen=True):
    """An attempt that runs though its time limit, and what it is granted beyond it, are over."""

    job_id: int
    worker: str
    started_at: datetime
    ran_s: float
    time_limit_s: int
    grace_s: int
    stopping: bool


class Unusual(msgspec.Struct, frozen=True):
    """A job that runs for much longer than the ``alike`` ended ones of its name, tenant and user. Times in seconds."""

    job_id: int
    worker: str
    name: str
    started_at: datetime
    ran_s: float
    usual_s: float  # nineteen of twenty took no longer
    alike: int


def overdue(db: Database, slack_s: float) -> list[Overdue]:
    """Attempts on workers that are up, beyond limit, grace and *slack_s*: their supervisors should have ended them."""
    return db.nouns(
        Overdue,
        """
        SELECT j.id AS job_id, w.name AS worker, j.started_at,
               extract(epoch FROM cluster_time() - j.started_at)::float8 AS ran_s, j.time_limit_s, a.grace_s,
               a.stop_requested_at IS NOT NULL AS stopping
          FROM (SELECT * FROM allocations WHERE live ORDER BY worker_id, id OFFSET 0) a
         CROSS JOIN LATERAL (
               SELECT * FROM jobs WHERE id = a.job_id AND allocation_id = a.id AND state = 'running' OFFSET 0) j
          JOIN workers w ON w.id = a.worker_id
         WHERE w.live_state = 'up'
           AND cluster_time() > j.started_at + (j.time_limit_s + a.grace_s + %s) * interval '1 s'
         ORDER BY j.id
        """,
        slack_s,
    )


def unusual(db: Database, least_s: float, times: float, most: int) -> list[Unusual]:
    """Batch jobs that have run for *least_s* at least, and *times* as long as nineteen of twenty like them.

    Only what completed is compared with: what failed may have ended early.
    """
    return db.nouns(
        Unusual,
        """
        WITH running AS MATERIALIZED (
            SELECT j.id, a.worker_id, j.name, j.tenant, j."user", j.started_at,
                   extract(epoch FROM cluster_time() - j.started_at)::float8 AS ran_s
              FROM (SELECT * FROM allocations WHERE live ORDER BY worker_id, id OFFSET 0) a
             CROSS JOIN LATERAL (
                   SELECT * FROM jobs WHERE id = a.job_id AND allocation_id = a.id AND state = 'running' OFFSET 0) j
             WHERE j.kind = 'batch' AND j.name <> ''
               AND j.started_at < cluster_time() - %(least)s * interval '1 s'
        ), usual AS MATERIALIZED (
            SELECT p.name, p.tenant, p."user", count(*) AS alike,
                   percentile_disc(0.95) WITHIN GROUP (ORDER BY p.ran_s) AS ran_s
              FROM (SELECT name, tenant, "user", state,
                           extract(epoch FROM finished_at - started_at)::float8 AS ran_s
                      FROM jobs WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT %(remembered)s) p
             WHERE p.state = 'completed' AND p.ran_s IS NOT NULL
               AND (p.name, p.tenant, p."user") IN (SELECT name, tenant, "user" FROM running)
             GROUP BY 1, 2, 3 HAVING count(*) >= %(alike)s
        )
        SELECT r.id AS job_id, w.name AS worker, r.name, r.started_at, r.ran_s, u.ran_s AS usual_s, u.alike
          FROM running r JOIN usual u USING (name, tenant, "user") JOIN workers w ON w.id = r.worker_id
         WHERE r.ran_s > %(times)s * u.ran_s
         ORDER BY r.ran_s DESC LIMIT %(most)s
        """,
        least=least_s,
        times=times,
        most=most,
        alike=ALIKE,
        remembered=REMEMBERED,
    )
