"""Jobs that have ended, submitted again: new jobs of the same specs and wishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from clusterctl.store.connection import Database


def resubmit(db: Database, ids: Sequence[int], user: str, key: str) -> dict[int, int]:
    """∅ → pending: a new job for each of *ids* that has ended; its number by that of the old one. On disk then.

    Safe to repeat under the same *key*: it then makes nothing new, and tells what was made.
    """
    submit_again(db, ids, user, key)
    return submitted_again(db, ids, key)


def submit_again(db: Database, ids: Sequence[int], user: str, key: str) -> int:
    """The new jobs; how many.

    Those of one submission are one submission again, and those of an array an array, with their indices and limit. They
    begin from their first attempt, wait for no other job, and belong to *user*. Of a submission that was submitted
    again under this *key* before, nothing is made, whatever of it was asked for then.
    """
    return db.run(
        """
        WITH ended AS MATERIALIZED (
            SELECT j.*, row_number() OVER (PARTITION BY submission_id ORDER BY id) AS place
              FROM jobs j WHERE id = ANY (%(ids)s::bigint[]) AND NOT live
        ), counted AS MATERIALIZED (  -- skip: how many new jobs come before those of this submission
            SELECT submission_id, count(*) AS jobs, sum(count(*)) OVER (ORDER BY submission_id) - count(*) AS skip
              FROM ended GROUP BY submission_id
        ), numbered AS MATERIALIZED (
            SELECT take_job_ids(total::int) AS first_id FROM (SELECT sum(jobs) AS total FROM counted) sums
             WHERE total > 0 AND set_config('synchronous_commit', 'on', true) = 'on'  -- the connection's may be off
        ), made AS (
            INSERT INTO submissions (key, digest, spec, script, tenant, "user", first_job_id, jobs)
            SELECT %(key)s || '/' || s.id, s.digest, s.spec, s.script, s.tenant, %(user)s, first_id + c.skip, c.jobs
              FROM counted c JOIN submissions s ON s.id = c.submission_id CROSS JOIN numbered ORDER BY c.submission_id
                ON CONFLICT (key) DO NOTHING
            RETURNING id, first_job_id
        )
        INSERT INTO jobs (id, submission_id, kind, name, tenant, "user", priority, cpu_milli, memory_mb, gpus,
                          labels, requested_worker, time_limit_s, array_id, array_index, array_line, array_limit,
                          retries, on_worker_loss, lease_s)
        SELECT m.first_job_id + e.place - 1, m.id, e.kind, e.name, e.tenant, %(user)s, e.priority, e.cpu_milli,
               e.memory_mb, e.gpus, e.labels, e.requested_worker, e.time_limit_s,
               CASE WHEN e.array_id IS NOT NULL THEN m.first_job_id END, e.array_index, e.array_line, e.array_limit,
               e.retries, e.on_worker_loss, e.lease_s
          FROM counted c CROSS JOIN numbered JOIN made m ON m.first_job_id = first_id + c.skip
          JOIN ended e ON e.submission_id = c.submission_id
        """,
        ids=sorted(set(ids)),
        user=user,
        key=key,
    )


class Kin(NamedTuple):
    """Which job one is again, and which are it again."""

    again_of: int | None = None
    again: tuple[int, ...] = ()


def kin(db: Database, ids: Sequence[int]) -> dict[int, Kin]:
    """Those of each of these jobs that has any, as far as the audit remembers."""
    rows = db.rows(
        """
        SELECT n.id, k.again_of, k.again FROM unnest(%s::bigint[]) n(id)
         CROSS JOIN LATERAL (
               SELECT max((detail->>'again_of')::bigint) AS again_of,
                      coalesce(array_agg(DISTINCT (detail->>'again')::bigint) FILTER (WHERE detail ? 'again'), '{}')
                          AS again
                 FROM (SELECT * FROM audit WHERE subject = 'job:' || n.id OFFSET 0) its
                WHERE verb IN ('requeue', 'submit again')
               HAVING count(*) > 0) k
        """,
        list(ids),
    )
    return {row[0]: Kin(row[1], tuple(row[2])) for row in rows}


def submitted_again(db: Database, ids: Sequence[int], key: str) -> dict[int, int]:
    """The new jobs that were made of *ids* under *key*: their numbers by those of the old ones."""
    return dict(
        db.rows(
            """
            SELECT old.id, new.id
              FROM jobs old
              JOIN submissions s ON s.key = %(key)s || '/' || old.submission_id
             CROSS JOIN LATERAL (  -- each found by an index: joined as a whole, an array would be compared with itself
                   SELECT id FROM jobs WHERE array_id = s.first_job_id AND array_index = old.array_index
                   UNION ALL
                   SELECT id FROM jobs WHERE id = s.first_job_id AND old.array_index IS NULL OFFSET 0) new
             WHERE old.id = ANY (%(ids)s::bigint[]) AND NOT old.live ORDER BY old.id
            """,
            ids=list(ids),
            key=key,
        )
    )
