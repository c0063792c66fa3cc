"""The steps of jobs that operators ask for, besides ``jobs.cancel``: held, pending again, stopped to run anew.

Each is one guarded statement over many jobs, safe to repeat. Whom it does not answer was in another state by then, seen
under the job's own lock: nothing has happened to that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusterctl.model.job_verbs import Seen
from clusterctl.model.states import JobState
from clusterctl.store.connection import Database
from clusterctl.store.release_steps import ALL_RELEASED, UNREPORTED

NEWEST = 2**63 - 1  # no allocation is newer


def look(db: Database, ids: Sequence[int]) -> list[Seen]:
    """How these jobs stand, by number. Unknown ones are not answered."""
    rows = db.rows(
        """
        SELECT j.id, j.state, w.name, a.stop_outcome, j.cancel_requested_at IS NOT NULL, j.allocation_id,
               CASE j.kind WHEN 'service' THEN j.array_id END, j.attempt, j.name, j.cpu_milli
          FROM jobs j LEFT JOIN allocations a ON a.id = j.allocation_id LEFT JOIN workers w ON w.id = a.worker_id
         WHERE j.id = ANY (%s::bigint[]) ORDER BY j.id
        """,
        list(ids),
    )
    return [read_seen(row) for row in rows]


def look_and_lock(db: Database, ids: Sequence[int]) -> list[Seen]:
    """The same, as they stand from now on to the end of this transaction: nobody else takes a step with them.

    Its allocation is locked with each job. One that was placed since this began has an allocation that cannot be seen
    here: its number is told, its worker is not.
    """
    rows = db.rows(
        """
        WITH locked AS MATERIALIZED (
            SELECT * FROM jobs WHERE id = ANY (%s::bigint[]) ORDER BY id FOR UPDATE
        ), held AS MATERIALIZED (
            SELECT a.* FROM (SELECT * FROM locked ORDER BY id) l
             CROSS JOIN LATERAL (
                   SELECT id, worker_id, stop_outcome FROM allocations WHERE id = l.allocation_id FOR UPDATE) a
        )
        SELECT l.id, l.state, w.name, h.stop_outcome, l.cancel_requested_at IS NOT NULL, l.allocation_id,
               CASE l.kind WHEN 'service' THEN l.array_id END, l.attempt, l.name, l.cpu_milli
          FROM locked l LEFT JOIN held h ON h.id = l.allocation_id LEFT JOIN workers w ON w.id = h.worker_id
         ORDER BY l.id
        """,
        list(ids),
    )
    return [read_seen(row) for row in rows]


def read_seen(row: Sequence[Any]) -> Seen:
    """A Seen from the columns of ``look``."""
    return Seen(row[0], JobState(row[1]), *row[2:])


def newest_allocation(db: Database) -> int:
    """The newest of all jobs; 0 if there is none. Whatever begins from now on has a higher one."""
    return int(db.value("SELECT coalesce(max(id), 0) FROM allocations"))


def hold(db: Database, ids: Sequence[int], detail: str) -> list[int]:
    """pending, scheduled → held; reserved → released ``held``, for no start was won. *detail* says who, and why."""
    rows = db.rows(
        """
        WITH locked AS MATERIALIZED (
            SELECT id, allocation_id FROM jobs
             WHERE id = ANY (%(ids)s::bigint[]) AND state IN ('pending', 'scheduled') ORDER BY id FOR UPDATE
        ), released AS (
            UPDATE allocations a
               SET status = 'released', released_at = cluster_time(), release_reason = 'held', detail = %(detail)s
              FROM locked l WHERE a.id = l.allocation_id AND a.status = 'reserved'
            RETURNING a.job_id
        )
        UPDATE jobs j SET state = 'held', allocation_id = NULL, reason = 'held', detail = %(detail)s
          FROM locked l
         WHERE j.id = l.id  -- what was placed since this statement began has an allocation that it cannot see
           AND (l.allocation_id IS NULL OR l.id IN (SELECT job_id FROM released))
        RETURNING j.id
        """,
        ids=list(ids),
        detail=detail,
    )
    return [row[0] for row in rows]


def release(db: Database, ids: Sequence[int]) -> list[int]:
    """held → pending. What it waits for besides, it goes on to wait for."""
    rows = db.rows(
        """
        WITH locked AS MATERIALIZED (
            SELECT id FROM jobs WHERE id = ANY (%s::bigint[]) AND state = 'held' ORDER BY id FOR UPDATE
        )
        UPDATE jobs j SET state = 'pending', reason = NULL, detail = '' FROM locked l WHERE j.id = l.id RETURNING j.id
        """,
        list(ids),
    )
    return [row[0] for row in rows]


def halt(db: Database, ids: Sequence[int], detail: str) -> list[int]:
    """Ask the agents of what runs of services to stop it as ``held``: then running → held. *detail* as in ``hold``."""
    rows = db.rows(
        """
        WITH locked AS MATERIALIZED (
            SELECT id, allocation_id FROM jobs
             WHERE id = ANY (%(ids)s::bigint[]) AND state = 'running' AND kind = 'service' ORDER BY id FOR UPDATE
        ), stopped AS (
            UPDATE allocations a SET stop_requested_at = cluster_time(), stop_outcome = 'held'
              FROM locked l WHERE a.id = l.allocation_id AND a.status = 'allocated' AND a.stop_requested_at IS NULL
            RETURNING a.job_id
        )
        UPDATE jobs j SET reason = 'held', detail = %(detail)s FROM stopped s WHERE j.id = s.job_id RETURNING j.id
        """,
        ids=list(ids),
        detail=detail,
    )
    return [row[0] for row in rows]


def restart(db: Database, ids: Sequence[int], detail: str, newest: int = NEWEST) -> list[int]:
    """Ask the agents of what runs to stop it as ``requeued``: then running → pending, which spends nothing.

    A job that exits with 0 before that is completed. *detail* says who asked, and why; what runs by an allocation after
    the *newest* that there was then has begun since, and goes on.
    """
    rows = db.rows(
        """
        WITH locked AS MATERIALIZED (
            SELECT id, allocation_id FROM jobs
             WHERE id = ANY (%(ids)s::bigint[]) AND state = 'running' ORDER BY id FOR UPDATE
        ), stopped AS (  -- what is being cancelled has been asked to stop already
            UPDATE allocations a SET stop_requested_at = cluster_time(), stop_outcome = 'requeued'
              FROM locked l WHERE a.id = l.allocation_id AND a.status = 'allocated' AND a.stop_requested_at IS NULL
                   AND a.id <= %(newest)s
            RETURNING a.job_id
        )
        UPDATE jobs j SET reason = 'requeued', detail = %(detail)s FROM stopped s WHERE j.id = s.job_id RETURNING j.id
        """,
        ids=list(ids),
        detail=detail,
        newest=newest,
    )
    return [row[0] for row in rows]


def withdraw(db: Database, ids: Sequence[int], detail: str, newest: int = NEWEST) -> list[int]:
    """scheduled → pending; reserved → released ``requeued``, which spends nothing. *detail* says who, and why.

    No start was won, so there is no process; an agent that asks for it from now on is not given it. What was placed
    after the *newest* allocation that there was then stays.
    """
    rows = db.rows(
        """
        WITH ending AS MATERIALIZED (
            SELECT id, job_id, worker_id, 'scheduled' AS holds, 'requeued' AS outcome, %(detail)s::text AS detail,"""
        + UNREPORTED
        + """
              FROM allocations WHERE job_id = ANY (%(ids)s::bigint[]) AND live AND reserved AND id <= %(newest)s
        )"""
        + ALL_RELEASED,
        ids=list(ids),
        detail=detail,
        newest=newest,
    )
    return sorted(row[1] for row in rows)
