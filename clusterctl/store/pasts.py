"""What is kept of a job's waiting, read for ``explain --history``."""

from __future__ import annotations

from typing import LiteralString

from clusterctl.model.past import Deed, Life, Refusal, Try
from clusterctl.store.connection import Database

MOST = 2000  # rows of each kind: the newest
MOST_PARENTS = 20

# The shapes that a replica has had: those of a batch job never change. As the column ``shape`` of ``jobs`` is made.
SHAPES: LiteralString = """
    SELECT shape FROM job
    UNION
    SELECT md5(kind || '|' || tenant || '|' || priority::text || '|' || cpu_milli::text || '|' || memory_mb::text
               || '|' || gpus::text || '|' || coalesce(time_limit_s::text, '')
               || '|' || coalesce(quote_literal(requested_worker), '')
               || '|' || coalesce(array_limit::text || ':' || array_id::text, '') || '|' || labels::text
               || '|' || was.displaced::text || '|' || coalesce(avoided.id::text, ''))::uuid
      FROM job CROSS JOIN unnest(ARRAY[false, true]) was(displaced)
     CROSS JOIN (SELECT NULL::int AS id
                 UNION SELECT worker_id FROM allocations
                        WHERE job_id = %(job)s AND release_reason = 'crash_loop') avoided
     WHERE kind = 'service'"""


def life(db: Database, job_id: int) -> Life:
    """The row of a job that is known to be there."""
    (found,) = db.nouns(
        Life,
        """
        SELECT extract(epoch FROM cluster_time())::float8 AS at, kind, state,
               extract(epoch FROM submitted_at)::float8 AS submitted_at,
               extract(epoch FROM finished_at)::float8 AS finished_at, unmet > 0 AS unmet,
               ARRAY(SELECT DISTINCT parent_id FROM dependencies WHERE job_id = j.id
                      ORDER BY parent_id LIMIT %(most)s) AS parents,
               CASE WHEN unmet = 0 THEN (
                   SELECT extract(epoch FROM max(p.finished_at))::float8 FROM dependencies d
                    CROSS JOIN LATERAL (SELECT finished_at FROM jobs WHERE id = d.parent_id OFFSET 0) p
                    WHERE d.job_id = j.id) END AS met_at,
               -- Whoever still has the first row of all has lost none.
               (SELECT CASE WHEN min(id) > 1 THEN extract(epoch FROM min(at))::float8 END FROM claims) AS log_from
          FROM jobs j WHERE id = %(job)s
        """,
        job=job_id,
        most=MOST_PARENTS,
    )
    return found


def tries(db: Database, job_id: int) -> list[Try]:
    """The newest attempts, oldest first."""
    return db.nouns(
        Try,
        """
        SELECT a.attempt, w.name AS worker, extract(epoch FROM a.reserved_at)::float8 AS reserved_at,
               extract(epoch FROM a.allocated_at)::float8 AS allocated_at,
               extract(epoch FROM a.released_at)::float8 AS released_at, a.release_reason, a.exit_code, a.signal,
               a.detail, extract(epoch FROM a.retry_at)::float8 AS retry_at
          FROM (SELECT * FROM allocations WHERE job_id = %s ORDER BY attempt DESC LIMIT %s) a
          JOIN workers w ON w.id = a.worker_id ORDER BY a.attempt
        """,
        job_id,
        MOST,
    )


def deeds(db: Database, job_id: int) -> list[Deed]:
    """Who held it and let it go, oldest first."""
    return db.nouns(
        Deed,
        """
        SELECT extract(epoch FROM at)::float8 AS at, verb, actor, reason
          FROM (SELECT * FROM audit WHERE subject = 'job:' || %s::bigint AND verb IN ('hold', 'release')
                 ORDER BY id DESC LIMIT %s) a ORDER BY id
        """,
        job_id,
        MOST,
    )


def refusals(db: Database, job_id: int) -> list[Refusal]:
    """What was said to its shapes since it was submitted, oldest first; the newest of it."""
    return db.nouns(
        Refusal,
        f"""
        WITH job AS MATERIALIZED (SELECT * FROM jobs WHERE id = %(job)s),
             shapes AS MATERIALIZED ({SHAPES})
        SELECT extract(epoch FROM c.at)::float8 AS at, extract(epoch FROM c.last_at)::float8 AS last_at,
               extract(epoch FROM c.closed_at)::float8 AS closed_at, c.reason, coalesce(c.detail->>'text', '') AS text
          FROM (SELECT c.* FROM job, shapes s JOIN claims c ON c.shape = s.shape
                 WHERE c.event = 'ClaimSkipped' AND coalesce(c.closed_at, 'infinity') > job.submitted_at
                   AND c.at < coalesce(job.finished_at, 'infinity')
                 ORDER BY c.at DESC LIMIT %(most)s) c
         ORDER BY c.at, c.closed_at
        """,
        job=job_id,
        most=MOST,
    )
