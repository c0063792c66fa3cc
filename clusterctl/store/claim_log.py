"""Reading the claim log. It is written by ``claims``, by ``allocations`` (what was given), and by a trigger (releases).

Folded rows lie apart from all else in small indexes, so that those that stand, or stood lately, are found however
long ago they were first said; all else is read from its newest row backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.log_marks import Mark
from clusterctl.store import log_marks
from clusterctl.store.connection import Database
from clusterctl.store.filters import Expression, condition

COUNTED_MOST = 100_000  # rows beyond a limit that are counted

EARLIEST: LiteralString = "coalesce(cluster_time() - %(since)s::float8 * interval '1 s', '-infinity')"
WAITING: LiteralString = "CASE WHEN c.open THEN (SELECT count(*)::int FROM jobs WHERE ready AND shape = c.shape) END"
WORKER: LiteralString = "(SELECT name FROM workers WHERE id = c.worker_id)"
# What a claim says of itself by name stands in columns already: it is put together when somebody reads it.
DETAIL: LiteralString = f"""CASE WHEN c.event IN ('Claimed', 'ClaimAttempt')
        THEN jsonb_build_object('job_id', c.job_id, 'claimant', {WORKER}) || c.detail ELSE c.detail END"""
COLUMNS: LiteralString = f"""
    SELECT c.id, c.at, c.last_at, c.closed_at, c.round, c.event, c.job_id, {WORKER} AS worker, c.allocation_id,
           c.policy, c.score, c.candidates, c.reason, c.reasons,
           round(c.duration_ms::numeric, 1)::float8 AS duration_ms, c.repeats, c.open, {WAITING} AS waiting,
           {DETAIL} AS detail
      FROM shown c"""
# What a filter may name.
FIELDS = {
    "id": Expression("c.id", "number"),
    "at": Expression("c.at", "time"),
    "last_at": Expression("c.last_at", "time"),
    "closed_at": Expression("c.closed_at", "time"),
    "round": Expression("c.round", "number"),
    "event": Expression("c.event", "text"),
    "job_id": Expression("c.job_id", "number"),
    "worker": Expression(WORKER, "text"),
    "allocation_id": Expression("c.allocation_id", "number"),
    "policy": Expression("c.policy", "text"),
    "score": Expression("c.score", "number"),
    "candidates": Expression("c.candidates", "number"),
    "reason": Expression("c.reason", "text"),
    "reasons": Expression("c.reasons", "map"),
    "duration_ms": Expression("round(c.duration_ms::numeric, 1)::float8", "number"),
    "repeats": Expression("c.repeats", "number"),
    "open": Expression("c.open", "flag"),
    "waiting": Expression(f"({WAITING})", "number"),
    "detail": Expression(f"({DETAIL})", "map"),
    "age": Expression("extract(epoch FROM cluster_time() - c.last_at)::float8", "duration"),
}
# When the job waited: until each of its attempts, and since the last. Not while it waited for other jobs.
WAITS: LiteralString = """
    job AS MATERIALIZED (
        SELECT j.*, greatest(j.submitted_at, (
                   SELECT max(p.finished_at) FROM dependencies d
                    CROSS JOIN LATERAL (SELECT finished_at FROM jobs WHERE id = d.parent_id OFFSET 0) p
                    WHERE d.job_id = j.id)) AS ready_at
          FROM jobs j WHERE j.id = %(job)s
    ), waits AS MATERIALIZED (
        SELECT coalesce(lag(a.released_at) OVER (ORDER BY a.attempt), j.ready_at) AS since, a.reserved_at AS until
          FROM job j CROSS JOIN LATERAL (SELECT * FROM allocations WHERE job_id = j.id OFFSET 0) a
        UNION ALL
        SELECT *
          FROM (SELECT coalesce((SELECT released_at FROM allocations WHERE job_id = j.id
                                  ORDER BY attempt DESC LIMIT 1), j.ready_at) AS since,
                       coalesce(j.finished_at, 'infinity') AS until
                  FROM job j WHERE j.allocation_id IS NULL AND j.unmet = 0) last
         WHERE since < until
    )"""
CONCERNS_IT: LiteralString = """
    c.shape = (SELECT shape FROM job) AND EXISTS (
        SELECT FROM waits WHERE c.at < waits.until AND coalesce(c.closed_at, 'infinity') > waits.since)"""
# Of a service: its replicas, and what was said to their shapes since there is that service.
REPLICAS: LiteralString = """
    replicas AS MATERIALIZED (SELECT id, shape FROM jobs WHERE array_id = %(service)s AND kind = 'service')"""
CONCERNS_THEM: LiteralString = """
    c.shape IN (SELECT shape FROM replicas)
    AND coalesce(c.closed_at, 'infinity') > (SELECT created_at FROM services WHERE id = %(service)s)"""


def read(db: Database, wanted: ClaimChoice, limit: int) -> list[ClaimPicture]:
    """The newest *limit* of the chosen rows, oldest first: by when they were last said, and then what stands now.

    Of one job or service by when they were first said: what was said to it may since have been said to others.
    """
    order = "c.open, c.last_at, c.id" if wanted.job_id is None and wanted.service is None else "c.id"
    return db.nouns(
        ClaimPicture,
        f"""
        WITH {chosen(wanted)}, shown AS (
            SELECT * FROM chosen ORDER BY open DESC, last_at DESC, id DESC LIMIT %(limit)s
        ) {COLUMNS} ORDER BY {order}
        """,
        **parameters(wanted),
        limit=limit,
    )


def count(db: Database, wanted: ClaimChoice) -> int:
    """How many rows are chosen; of those that are not folded, no more than COUNTED_MOST are counted."""
    sql = f"WITH {chosen(wanted)} SELECT count(*) FROM chosen"
    return int(db.value(sql, **parameters(wanted), limit=COUNTED_MOST))


def chosen(wanted: ClaimChoice) -> LiteralString:
    """The CTEs that end with ``chosen``."""
    if wanted.job_id is not None:
        return of_job(matching(wanted))
    return recent(matching(wanted)) if wanted.service is None else of_service(matching(wanted))


def recent(matching: LiteralString) -> LiteralString:
    """Rows from a time on, newest first. With an end, too, Postgres knows that it is a part: it takes the index."""
    return f"""
        part AS MATERIALIZED (
            SELECT coalesce((SELECT id FROM claims WHERE at < {EARLIEST} ORDER BY at DESC LIMIT 1), 0) AS above,
                   (SELECT max(id) FROM claims) AS upto
        ), chosen AS (
            (SELECT c.* FROM claims c
              WHERE c.shape IS NULL AND c.id > (SELECT above FROM part) AND c.id <= (SELECT upto FROM part)
                AND {matching}
              ORDER BY c.id DESC LIMIT %(limit)s)
            UNION ALL
            (SELECT c.* FROM claims c WHERE c.open AND {matching} ORDER BY c.last_at DESC LIMIT %(limit)s)
            UNION ALL
            (SELECT c.* FROM claims c WHERE c.closed_at >= {EARLIEST} AND {matching}
              ORDER BY c.closed_at DESC LIMIT %(limit)s)
        )"""


def of_job(matching: LiteralString) -> LiteralString:
    """What names the job, and what was said to its shape while it waited."""
    return f"""
        {WAITS}, chosen AS (
            SELECT c.* FROM claims c
             WHERE c.id IN (SELECT id FROM claims WHERE job_id = %(job)s
                            UNION SELECT c.id FROM claims c WHERE {CONCERNS_IT})
               AND (c.open OR coalesce(c.closed_at, c.at) >= {EARLIEST}) AND {matching}
        )"""


def of_service(matching: LiteralString) -> LiteralString:
    """What names a replica of it, and what was said to its replicas' shapes."""
    return f"""
        {REPLICAS}, chosen AS (
            SELECT c.* FROM claims c
             WHERE c.id IN (SELECT c.id FROM replicas r JOIN claims c ON c.job_id = r.id
                            UNION SELECT c.id FROM claims c WHERE {CONCERNS_THEM})
               AND (c.open OR coalesce(c.closed_at, c.at) >= {EARLIEST}) AND {matching}
        )"""


def news(db: Database, wanted: ClaimChoice, before: Mark, behind: Mark, standing: Sequence[int]) -> list[ClaimPicture]:
    """The chosen rows between two marks, and those of *standing* that stand no longer."""
    concerning: LiteralString = "true"
    if wanted.job_id is not None:
        concerning = f"(c.job_id = %(job)s OR {CONCERNS_IT})"
    elif wanted.service is not None:
        concerning = f"(c.job_id IN (SELECT id FROM replicas) OR ({CONCERNS_THEM}))"
    return db.nouns(
        ClaimPicture,
        f"""
        WITH {WAITS}, {REPLICAS}, shown AS (
            SELECT c.* FROM ({log_marks.BETWEEN}) n CROSS JOIN LATERAL (SELECT * FROM claims WHERE id = n.id OFFSET 0) c
             WHERE {concerning} AND {matching(wanted)}
            UNION
            SELECT c.* FROM unnest(%(standing)s::bigint[]) n(id)
             CROSS JOIN LATERAL (SELECT * FROM claims WHERE id = n.id AND NOT open OFFSET 0) c
        ) {COLUMNS} ORDER BY c.id
        """,
        **parameters(wanted),
        **log_marks.between(before, behind),
        standing=list(standing),
    )


def begins_at(db: Database) -> datetime | None:
    """Of when the oldest row is; None if there is none."""
    oldest: datetime | None = db.value("SELECT min(at) FROM claims")
    return oldest


def one(db: Database, claim_id: int) -> ClaimPicture | None:
    """The row of that number."""
    sql: LiteralString = f"WITH shown AS (SELECT * FROM claims WHERE id = %s) {COLUMNS}"
    return next(iter(db.nouns(ClaimPicture, sql, claim_id)), None)


def knows_service(db: Database, service: int) -> bool:
    """Whether there ever was a service of that number."""
    return bool(db.value("SELECT EXISTS (SELECT FROM services WHERE id = %s)", service))


def knows_worker(db: Database, name: str) -> bool:
    """Whether there ever was a worker of that name."""
    return bool(db.value("SELECT EXISTS (SELECT FROM workers WHERE name = %s)", name))


def matching(wanted: ClaimChoice) -> LiteralString:
    """The condition that chooses, apart from time and job: only what was asked for stands in it."""
    of_worker = "c.worker_id = (SELECT id FROM workers WHERE name = %(worker)s)" if wanted.worker else "true"
    of_event = "c.event = ANY (%(events)s::text[])" if wanted.events else "true"
    return f"{of_worker} AND {of_event}{condition(wanted.filter, FIELDS).sql}"


def parameters(wanted: ClaimChoice) -> dict[str, Any]:
    """What the statements above are bound to."""
    return {
        "job": wanted.job_id,
        "service": wanted.service,
        "worker": wanted.worker,
        "events": list(wanted.events),
        "since": wanted.since_s,
        **condition(wanted.filter, FIELDS).bound,
    }
