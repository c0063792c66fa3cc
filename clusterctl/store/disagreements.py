"""Jobs and allocations that contradict each other, and how they are made to agree.

The laws of 0002 refuse every statement that would bring this about. It comes from a restore in parts, or from a hand
that has switched the triggers off. Every mend here is a legal step: where none leads out, there is none.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.store.connection import Database


class Placed(msgspec.Struct, frozen=True):
    """A job that is ``scheduled`` or ``running``, and no allocation of it is live as that says.

    ``named_id``: what it names; ``named_status`` is None if that is no allocation of this job. ``live_id``: what is
    live of it all the same. ``cancelled``: its end was asked for.
    ``silent``: how many workers are, one of which may run it.
    """

    job_id: int
    state: str
    named_id: int
    named_status: str | None
    named_reason: str | None
    live_id: int | None
    live_status: str | None
    worker: str | None
    lease_s: int
    on_worker_loss: str
    cancelled: bool
    silent: int
    since: datetime | None


class Stray(msgspec.Struct, frozen=True):
    """A live allocation whose job has ended, or waits. ``reported``: its own agent has said that it ended, and how."""

    allocation_id: int
    job_id: int
    job_state: str
    status: str
    worker: str
    live_state: str
    token: str | None
    since: datetime
    stopping: bool
    reported: str | None


def placed(db: Database) -> list[Placed]:
    """Jobs that claim to be placed, and are not so."""
    return db.nouns(
        Placed,
        """
        SELECT j.id AS job_id, j.state, j.allocation_id AS named_id, n.status AS named_status,
               n.release_reason AS named_reason, l.id AS live_id, l.status AS live_status, w.name AS worker,
               j.lease_s, j.on_worker_loss, j.cancel_requested_at IS NOT NULL AS cancelled,
               (SELECT count(*) FROM workers WHERE live_state = 'silent') AS silent,
               coalesce(j.started_at, j.scheduled_at) AS since
          FROM jobs j
          LEFT JOIN LATERAL (SELECT * FROM allocations WHERE id = j.allocation_id AND job_id = j.id OFFSET 0) n ON true
          LEFT JOIN LATERAL (SELECT * FROM allocations WHERE job_id = j.id AND live OFFSET 0) l ON true
          LEFT JOIN workers w ON w.id = coalesce(l.worker_id, n.worker_id)
         WHERE j.allocation_id IS NOT NULL
           AND (l.id, l.status) IS DISTINCT FROM
               (j.allocation_id, CASE j.state WHEN 'scheduled' THEN 'reserved' ELSE 'allocated' END)
         ORDER BY j.id
        """,
    )


def follow(db: Database, job_id: int, *, state: str, named_id: int, live_id: int, live_status: str) -> bool:
    """Let a job name the allocation of it that is live, and run if that does; False if either has changed."""
    return bool(
        db.run(
            """
            WITH seen AS MATERIALIZED (
                SELECT j.id, a.id AS allocation_id, a.attempt, a.allocated_at
                  FROM (SELECT id FROM jobs
                         WHERE id = %(job)s AND state = %(state)s AND allocation_id = %(named)s FOR UPDATE) j
                 CROSS JOIN LATERAL (
                       SELECT * FROM allocations
                        WHERE id = %(live)s AND job_id = j.id AND status = %(status)s FOR NO KEY UPDATE) a
            )
            UPDATE jobs j
               SET allocation_id = s.allocation_id, attempt = greatest(j.attempt, s.attempt),
                   state = CASE WHEN s.allocated_at IS NULL THEN j.state ELSE 'running' END,
                   started_at = coalesce(s.allocated_at, j.started_at)
              FROM seen s WHERE j.id = s.id
            """,
            job=job_id,
            state=state,
            named=named_id,
            live=live_id,
            status=live_status,
        )
    )


def withdraw(db: Database, job_id: int, named_id: int, live_id: int, fence_s: float) -> bool:
    """running → pending for a job that has only a reservation, which is released; False if that has changed.

    No start was won under it, so nothing runs under it. If it names another it may have run under that, and rests.
    """
    return bool(
        db.rows(
            """
            WITH seen AS MATERIALIZED (
                SELECT j.id, a.id AS allocation_id
                  FROM (SELECT id FROM jobs
                         WHERE id = %(job)s AND state = 'running' AND allocation_id = %(named)s FOR UPDATE) j
                 CROSS JOIN LATERAL (
                       SELECT * FROM allocations
                        WHERE id = %(live)s AND job_id = j.id AND reserved AND start_token IS NULL FOR UPDATE) a
            ), released AS (
                UPDATE allocations a
                   SET status = 'released', released_at = cluster_time(), release_reason = 'start_timeout',
                       detail = 'its job did not wait for it'
                  FROM seen s WHERE a.id = s.allocation_id
            )
            UPDATE jobs j
               SET state = 'pending', allocation_id = NULL, reason = NULL, detail = 'it was never started',
                   not_before = CASE WHEN %(named)s <> s.allocation_id THEN
                       cluster_time() + (j.lease_s + %(fence)s) * interval '1 s' END
              FROM seen s WHERE j.id = s.id RETURNING j.id
            """,
            job=job_id,
            named=named_id,
            live=live_id,
            fence=fence_s,
        )
    )


def conclude(db: Database, job_id: int, state: str, named_id: int, fence_s: float) -> str | None:
    """Let a job become what the end of its released allocation makes of it; the new state, or None if it has changed.

    Nobody knows whether that release waited for a fence. So a job that is to run again, and was started, rests until
    its lease and *fence_s* are over since.
    """
    found: str | None = db.value(
        """
        WITH seen AS MATERIALIZED (
            SELECT j.id, a.exit_code, a.signal, a.detail, a.release_reason, a.released_at, a.allocated_at,
                   is_loss(a.release_reason) AS loss, is_free_return(a.release_reason) AS free_return,
                   state_after(a.release_reason, a.exit_code, j.cancel_requested_at IS NOT NULL, j.failures, j.retries,
                               j.losses, j.on_worker_loss) AS state
              FROM (SELECT * FROM jobs
                     WHERE id = %(job)s AND state = %(state)s AND allocation_id = %(named)s FOR UPDATE) j
             CROSS JOIN LATERAL (
                   SELECT * FROM allocations WHERE id = %(named)s AND job_id = j.id AND status = 'released') a
             WHERE NOT EXISTS (SELECT FROM allocations l WHERE l.job_id = j.id AND l.live)
        )
        UPDATE jobs j
           SET state = s.state, allocation_id = NULL, exit_code = s.exit_code, signal = s.signal, detail = s.detail,
               reason = CASE WHEN s.state <> 'pending' THEN s.release_reason END,
               failures = j.failures + (NOT s.loss AND NOT s.free_return AND s.state IN ('pending', 'failed'))::int,
               losses = j.losses + s.loss::int,
               not_before = CASE WHEN s.state = 'pending' AND s.allocated_at IS NOT NULL THEN
                   s.released_at + (j.lease_s + %(fence)s) * interval '1 s' END,
               finished_at = CASE WHEN s.state <> 'pending' THEN s.released_at END
          FROM seen s
         WHERE j.id = s.id AND (j.state = 'running' OR s.state IN ('pending', 'cancelled'))
           AND (s.state <> 'pending' OR j.state = 'scheduled' OR j.on_worker_loss <> 'wait'
                OR NOT EXISTS (SELECT FROM workers WHERE live_state = 'silent'))
        RETURNING j.state
        """,
        job=job_id,
        state=state,
        named=named_id,
        fence=fence_s,
    )
    return found


def wait_again(db: Database, job_id: int, state: str, named_id: int, fence_s: float) -> str | None:
    """pending for a placed job of which there is no allocation; the new state, or None if that has changed.

    One that ran rests first for its lease and *fence_s*, as long as a machine could run it unheard: an agent that has
    synced by then has stopped it, and one that has not has been fenced. One that is to wait for its worker, which is
    never fenced, does so while any worker is silent. If it was to be cancelled, it is.
    """
    found: str | None = db.value(
        """
        WITH seen AS MATERIALIZED (
            SELECT id, cancel_requested_at IS NOT NULL AS cancelled FROM jobs j
             WHERE id = %(job)s AND state = %(state)s AND allocation_id = %(named)s
               AND (state = 'scheduled' OR on_worker_loss <> 'wait' OR cancel_requested_at IS NOT NULL
                    OR NOT EXISTS (SELECT FROM workers WHERE live_state = 'silent'))
               AND NOT EXISTS (SELECT FROM allocations a
                                WHERE a.job_id = j.id AND (a.live OR a.id = j.allocation_id))
               FOR UPDATE
        )
        UPDATE jobs j
           SET state = CASE WHEN s.cancelled THEN 'cancelled' ELSE 'pending' END, allocation_id = NULL,
               reason = CASE WHEN s.cancelled THEN 'cancelled' END, detail = 'its allocation was missing',
               finished_at = CASE WHEN s.cancelled THEN cluster_time() END,
               not_before = CASE WHEN NOT s.cancelled AND j.state = 'running' THEN
                   cluster_time() + (j.lease_s + %(fence)s) * interval '1 s' END
          FROM seen s WHERE j.id = s.id
        RETURNING j.state
        """,
        job=job_id,
        state=state,
        named=named_id,
        fence=fence_s,
    )
    return found


def strays(db: Database) -> list[Stray]:
    """Live allocations that their jobs do not hold."""
    return db.nouns(
        Stray,
        """
        SELECT a.id AS allocation_id, a.job_id, j.state AS job_state, a.status, w.name AS worker, w.live_state,
               a.start_token::text AS token, coalesce(j.finished_at, a.allocated_at, a.reserved_at) AS since,
               a.stop_requested_at IS NOT NULL AS stopping, said.outcome AS reported
          FROM allocations a JOIN workers w ON w.id = a.worker_id
         CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = a.job_id AND allocation_id IS NULL OFFSET 0) j
          LEFT JOIN LATERAL (
               SELECT reason AS outcome FROM audit
                WHERE subject = 'allocation:' || a.id AND verb = 'late_report' AND actor = 'worker ' || w.name
                  AND detail->>'token' = a.start_token::text
                ORDER BY id DESC LIMIT 1) said ON true
         WHERE a.live ORDER BY a.id
        """,
    )


def release_stray(db: Database, allocation_id: int, status: str, outcome: str) -> bool:
    """→ released for an allocation that its job does not hold; False if that has changed.

    *status* is what it was seen to be. That no process runs under it must be known: it is reserved, or its own agent
    has said that it has ended.
    """
    return bool(
        db.run(
            """
            WITH seen AS MATERIALIZED (
                SELECT j.id FROM jobs j
                 WHERE j.id = (SELECT job_id FROM allocations WHERE id = %(id)s) AND j.allocation_id IS NULL FOR UPDATE
            )
            UPDATE allocations a
               SET status = 'released', released_at = cluster_time(), release_reason = %(outcome)s,
                   detail = 'its job did not hold it'
              FROM seen s
             WHERE a.id = %(id)s AND a.job_id = s.id AND a.status = %(status)s
               AND (a.status = 'allocated' OR a.start_token IS NULL)
            """,
            id=allocation_id,
            status=status,
            outcome=outcome,
        )
    )
