"""What is reported of replicas' services: how it is kept, whoever tells it, and by somebody who is not their agent."""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString, NamedTuple

from clusterctl.model.orders import Report
from clusterctl.store.connection import Database

# Behind ``mine`` (id, p99_ms, requests, violations), locked. A latency that was not told again is no news of today.
KEPT: LiteralString = """
    UPDATE allocations a
       SET p99_ms = m.p99_ms, requests = m.requests, violations = m.violations, reported_at = cluster_time(),
           -- Somebody may make up any number, and sums must stay some.
           all_requests = least(a.all_requests, 9000000000000000000) + m.requests,
           all_violations = least(a.all_violations, 9000000000000000000) + m.violations
      FROM mine m WHERE a.id = m.id
    RETURNING a.id"""


class Slow(NamedTuple):
    """A service of which replicas answer more slowly than it should; ``worst_ms`` is that of job ``job_id``."""

    service_id: int
    name: str
    slo_p99_ms: int
    slow: int
    of: int  # replicas that have reported lately
    job_id: int
    worker: str
    worst_ms: float
    reported_at: datetime
    workers: list[str]  # of those that are slow


class Reported(NamedTuple):
    """A job of which something was told, and whether that was kept: only of a replica that runs."""

    kind: str
    state: str
    kept: bool


def tell(db: Database, job_id: int, report: Report) -> Reported | None:
    """Keep it; None for a job that there is not.

    Safe to repeat but for its counts: by them nothing is decided that must not happen twice.
    """
    row = db.row(
        """
        WITH mine AS MATERIALIZED (
            SELECT id, %(p99_ms)s::float8 AS p99_ms, %(requests)s::bigint AS requests,
                   %(violations)s::bigint AS violations
              FROM allocations
             WHERE job_id = %(job)s AND live AND kind = 'service' AND status = 'allocated'
               FOR NO KEY UPDATE
        ), kept AS ("""
        + KEPT
        + """
        )
        SELECT kind, state, EXISTS (SELECT FROM kept) FROM jobs WHERE id = %(job)s
        """,
        job=job_id,
        p99_ms=report.p99_ms,
        requests=report.requests,
        violations=report.violations,
    )
    return None if row is None else Reported(*row)


def slow(db: Database, within_s: float) -> list[Slow]:
    """Services some of whose replicas have reported within *within_s* that they miss the latency of their SLO."""
    return [
        Slow(*row)
        for row in db.rows(
            """
            SELECT s.id, s.name, s.slo_p99_ms, count(*) FILTER (WHERE slow), count(*),
                   (array_agg(a.job_id ORDER BY a.p99_ms DESC, a.job_id))[1],
                   (array_agg(w.name ORDER BY a.p99_ms DESC, a.job_id))[1], max(a.p99_ms)::float8, max(a.reported_at),
                   array_agg(DISTINCT w.name) FILTER (WHERE slow)
              FROM (SELECT * FROM allocations
                     WHERE live AND kind = 'service' AND p99_ms IS NOT NULL
                       AND reported_at > cluster_time() - %s * interval '1 s' OFFSET 0) a
             CROSS JOIN LATERAL (SELECT array_id FROM jobs WHERE id = a.job_id OFFSET 0) j
              JOIN services s ON s.id = j.array_id AND s.slo_p99_ms IS NOT NULL
             CROSS JOIN LATERAL (SELECT a.p99_ms > s.slo_p99_ms AS slow) it
              JOIN workers w ON w.id = a.worker_id
             GROUP BY s.id HAVING bool_or(slow) ORDER BY s.id
            """,
            within_s,
        )
    ]
