"""What the doctor reads of services: replicas that end again and again, and such as run and do not become ready.

Nothing here writes. Only live replicas are read, by an index.
"""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

import msgspec

from clusterctl.store.connection import Database

# The live replicas ``j`` of services ``s``, each with its newest attempt ``a`` on worker ``w``.
REPLICAS: LiteralString = """
      FROM (SELECT * FROM services WHERE ended_at IS NULL ORDER BY id OFFSET 0) s
     CROSS JOIN LATERAL (
           SELECT * FROM jobs
            WHERE array_id = s.id AND replica AND cancel_requested_at IS NULL AND attempt > 0
           OFFSET 0) j
     CROSS JOIN LATERAL (
           SELECT * FROM allocations WHERE job_id = j.id AND attempt = j.attempt OFFSET 0) a
      JOIN workers w ON w.id = a.worker_id"""


class Crashing(msgspec.Struct, frozen=True):
    """A replica that ends again and again. ``restarts``: on this worker, and ``all_restarts`` on any.

    ``failures``: attempts that were given up.
    """

    job_id: int
    service_id: int
    name: str
    worker: str
    state: str
    attempt: int
    restarts: int
    all_restarts: int
    failures: int
    last_exit: str
    since: datetime | None


class Unready(msgspec.Struct, frozen=True):
    """A replica that has run for a while, and cannot serve."""

    job_id: int
    service_id: int
    name: str
    worker: str
    attempt: int
    restarts: int
    since: datetime
    unready_s: float


def crashing(db: Database, restarts: int, steady_s: float, most: int) -> list[Crashing]:
    """Replicas that ended so often, or were given up by a worker, and have not been ready for *steady_s* since.

    A process that is not ready after a restart may yet become it; one that was restarted three times is seldom well.
    Ready alone says little: without a command that asks, a replica is so as soon as it runs.
    """
    return db.nouns(
        Crashing,
        """
        SELECT j.id AS job_id, s.id AS service_id, s.name, w.name AS worker, j.state, j.attempt, a.restarts,
               j.restarts + CASE WHEN a.live THEN a.restarts ELSE 0 END AS all_restarts, j.failures,
               coalesce(nullif(a.last_exit, ''), 'exit code ' || a.exit_code, 'signal ' || a.signal, '') AS last_exit,
               coalesce(a.unready_since, a.allocated_at) AS since
        """
        + REPLICAS
        + """
         WHERE j.state <> 'held' AND NOT (
               a.live AND coalesce(a.ready_at <= cluster_time() - %s * interval '1 s', false))
           AND ((a.live AND a.restarts >= %s) OR j.avoid_worker_id IS NOT NULL)
         ORDER BY j.id LIMIT %s
        """,
        steady_s,
        restarts,
        most,
    )


def unready(db: Database, longer_than_s: float, most: int) -> list[Unready]:
    """Replicas that run on workers that are heard, are in no rest, and have not been ready for so long."""
    return db.nouns(
        Unready,
        """
        SELECT j.id AS job_id, s.id AS service_id, s.name, w.name AS worker, j.attempt, a.restarts,
               coalesce(a.unready_since, a.allocated_at) AS since,
               extract(epoch FROM cluster_time() - coalesce(a.unready_since, a.allocated_at))::float8 AS unready_s
        """
        + REPLICAS
        + """
         WHERE a.live AND a.status = 'allocated' AND a.ready_at IS NULL AND a.resting_until IS NULL
           AND w.live_state = 'up'
           AND coalesce(a.unready_since, a.allocated_at) < cluster_time() - %s * interval '1 s'
         ORDER BY j.id LIMIT %s
        """,
        longer_than_s,
        most,
    )
