"""Deadlines of jobs: who can keep his no more, and who has missed it."""

from __future__ import annotations

from typing import NamedTuple

from clusterctl.store.connection import Database

LATELY_S = 3600
COUNTED_MOST = 50_000  # jobs with a deadline that have ended: the newest


def give_up(db: Database, term: int, most: int = 500) -> int:
    """Cancel jobs that wait, and could not end by their deadline any more, at most so many; how many.

    What somebody else is changing just now is left for the next time: so this waits for nobody. Raises Moved when the
    term is over.
    """
    return db.run(
        """
        WITH late AS MATERIALIZED (
            SELECT id, start_before < deadline AS has_limit FROM jobs
             WHERE gives_up_at IS NOT NULL AND gives_up_at < cluster_time()
             ORDER BY gives_up_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs j
           SET state = 'cancelled', reason = 'deadline', not_before = NULL, finished_at = cluster_time(),
               detail = CASE WHEN has_limit THEN
                        'it had to start by ' || to_char(j.start_before AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
                        || ' UTC, to be able to end by its deadline, ' ELSE 'it waited beyond its deadline, ' END
                        || to_char(j.deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
          FROM late WHERE (SELECT lead_as(%s)) AND j.id = late.id
        """,
        most,
        term,
    )


class Kept(NamedTuple):
    """Jobs of a tenant with a deadline that have ended lately; of these, those that ended too late or not at all."""

    deadlines: int
    missed: int


def kept(db: Database) -> dict[str, Kept]:
    """By tenant, how deadlines were kept within the hour. What somebody cancelled before its deadline missed none."""
    return {
        tenant: Kept(count, missed)
        for tenant, count, missed in db.rows(
            """
            SELECT tenant, count(*), count(*) FILTER (WHERE reason = 'deadline' OR finished_at > deadline)
              FROM (SELECT tenant, reason, finished_at, deadline FROM jobs
                     WHERE finished_at IS NOT NULL AND deadline IS NOT NULL
                       AND finished_at > cluster_time() - %s * interval '1 s'
                     ORDER BY finished_at DESC LIMIT %s) ended
             GROUP BY tenant
            """,
            LATELY_S,
            COUNTED_MOST,
        )
    }
