"""Jobs and allocations that contradict each other, and how they are made to agree.

The laws of 0002 refuse every statement that would bring this about. It comes from a restore in parts, or from a hand
that has switched the triggers off. Every mend here is a legal step: where none leads out, there is none. What may still
run somewhere is not let run again: it rests until every machine has heard or was fenced, or is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

import msgspec

from clusterctl.store.connection import Database
from clusterctl.store.release_steps import JUDGED, KNOWN, LOCKED, RELEASED, STEPPED, UNREPORTED


class Placed(msgspec.Struct, frozen=True):
    """A job that is ``scheduled`` or ``running``, and no allocation of it is live as that says.

    ``named_id``: what it names; ``named_status`` is None if that is no allocation of this job. ``live_id``: what is
    live of it all the same. ``cancelled``: its end was asked for. ``ran``: by one of the two it was started.
    ``rest_s``: for so long from its allocation's end a machine could run it unheard; nobody knows for how long if
    ``unfenced``.
    """

    job_id: int
    state: str
    named_id: int
    named_status: str | None
    named_reason: str | None
    live_id: int | None
    live_status: str | None
    worker: str | None
    cancelled: bool
    ran: bool
    rest_s: float
    unfenced: bool
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


class Fence(msgspec.Struct, frozen=True):
    """What is granted beyond a lease, in seconds: grace and margin as they are set now, and some beats."""

    beyond_lease_s: float
    beats_s: float


# Seconds for which a machine could run the job ``j`` unheard: by its allocations' own timers, or as they are set now.
REST_S: LiteralString = """
    (%(beats)s + greatest(j.lease_s + %(beyond)s, (
         SELECT max(coalesce(lease_s, j.lease_s) + grace_s + margin_s)
           FROM allocations WHERE job_id = j.id)))::float8"""
# Behind ``ending``: the jobs go on, if nothing of them is live. There is nothing more to release. One that was never
# running has no legal step to any other end.
LET_GO: LiteralString = (
    ","
    + LOCKED
    + """, sure AS MATERIALIZED (
        SELECT * FROM locked k
         WHERE NOT EXISTS (SELECT FROM allocations WHERE job_id = k.job_id AND live)
           AND (holds = 'running' OR state_after(kind, outcome, exit_code, cancelled, failures, retries, losses,
                                                 on_worker_loss) IN ('pending', 'cancelled'))
    ),"""
    + JUDGED
    + ","
    + STEPPED
)


def placed(db: Database, fence: Fence) -> list[Placed]:
    """Jobs that claim to be placed, and are not so."""
    return db.nouns(
        Placed,
        """
        SELECT j.id AS job_id, j.state, j.allocation_id AS named_id, n.status AS named_status,
               n.release_reason AS named_reason, l.id AS live_id, l.status AS live_status, w.name AS worker,
               j.cancel_requested_at IS NOT NULL AS cancelled,
               j.state = 'running' OR n.allocated_at IS NOT NULL AS ran, j.on_worker_loss = 'wait' AS unfenced,
               """
        + REST_S
        + """ AS rest_s, coalesce(j.started_at, j.scheduled_at) AS since
          FROM jobs j
          LEFT JOIN LATERAL (SELECT * FROM allocations WHERE id = j.allocation_id AND job_id = j.id OFFSET 0) n ON true
          LEFT JOIN LATERAL (SELECT * FROM allocations WHERE job_id = j.id AND live OFFSET 0) l ON true
          LEFT JOIN workers w ON w.id = coalesce(l.worker_id, n.worker_id)
         WHERE j.allocation_id IS NOT NULL
           AND (l.id, l.status) IS DISTINCT FROM
               (j.allocation_id, CASE j.state WHEN 'scheduled' THEN 'reserved' ELSE 'allocated' END)
         ORDER BY j.id
        """,
        beyond=fence.beyond_lease_s,
        beats=fence.beats_s,
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


def withdraw(db: Database, job_id: int, named_id: int, live_id: int, fence: Fence) -> str | None:
    """running → as by a late start, for a job that has only a reservation, which is released; None if that has changed.

    Nothing can start under it any more. But the job says that it ran, and its allocation may be an older one than the
    row of it: so it rests. Returns the new state.
    """
    with db.transaction():
        found: str | None = db.value(
            """
            WITH ending AS MATERIALIZED (
                SELECT id, job_id, worker_id, 'start_timeout' AS outcome, 'its job did not wait for it' AS detail,"""
            + UNREPORTED
            + """
                  FROM allocations WHERE id = %(live)s AND job_id = %(job)s
            ), sure AS MATERIALIZED (
                SELECT e.*,"""
            + KNOWN
            + """
                  FROM ending e
                 CROSS JOIN LATERAL (
                       SELECT * FROM jobs
                        WHERE id = e.job_id AND state = 'running' AND allocation_id = %(named)s FOR UPDATE) j
                 CROSS JOIN LATERAL (
                       SELECT FROM allocations
                        WHERE id = e.id AND reserved AND start_token IS NULL AND j.id IS NOT NULL FOR UPDATE) a
            ),"""
            + RELEASED
            + " SELECT state FROM stepped",
            job=job_id,
            named=named_id,
            live=live_id,
        )
        return rest(db, job_id, fence) if found == "pending" else found


def conclude(db: Database, job_id: int, state: str, named_id: int, fence: Fence) -> str | None:
    """Let a job become what the end of its released allocation makes of it; the new state, or None if it has changed.

    Nobody knows whether that release waited for a fence. So a job that is to run again, and was started, rests.
    """
    with db.transaction():
        found = db.row(
            """
            WITH ending AS MATERIALIZED (
                SELECT id, job_id, worker_id, %(state)s AS holds, release_reason AS outcome, exit_code, signal, detail,
                       cpu_s, memory_peak_mb, released_at AS ended_at, allocated_at
                  FROM allocations WHERE id = %(named)s AND job_id = %(job)s AND status = 'released'
            )"""
            + LET_GO
            + """
            SELECT state, %(state)s = 'running' OR (SELECT allocated_at IS NOT NULL FROM ending) FROM stepped
            """,
            job=job_id,
            state=state,
            named=named_id,
        )
        if found is None:
            return None
        return rest(db, job_id, fence) if found == ("pending", True) else str(found[0])


def wait_again(db: Database, job_id: int, state: str, named_id: int, fence: Fence) -> str | None:
    """pending for a placed job of which there is no allocation; the new state, or None if that has changed.

    One that ran rests first. If it was to be cancelled, it is.
    """
    with db.transaction():
        found: str | None = db.value(
            """
            WITH ending AS MATERIALIZED (
                SELECT %(named)s::bigint AS id, %(job)s::bigint AS job_id, NULL::int AS worker_id, %(state)s AS holds,
                       'start_timeout' AS outcome, 'its allocation was missing' AS detail,"""
            + UNREPORTED
            + """
                 WHERE NOT EXISTS (SELECT FROM allocations WHERE id = %(named)s AND job_id = %(job)s)
            )"""
            + LET_GO
            + " SELECT state FROM stepped",
            job=job_id,
            state=state,
            named=named_id,
        )
        return rest(db, job_id, fence) if (found, state) == ("pending", "running") else found


def rest(db: Database, job_id: int, fence: Fence) -> str:
    """Keep a pending job back for as long as a machine could run it unheard; the new state.

    An agent that has synced by then has ended it, and one that has not has been fenced. But one that is to wait for its
    worker is never fenced: it is held, for only a person can know.
    """
    state: str = db.value(
        """
        UPDATE jobs j
           SET not_before = cluster_time() + interval '1 s' *"""
        + REST_S
        + """,
               state = CASE WHEN j.on_worker_loss = 'wait' THEN 'held' ELSE 'pending' END
         WHERE j.id = %(job)s AND j.state = 'pending'
        RETURNING j.state
        """,
        job=job_id,
        beyond=fence.beyond_lease_s,
        beats=fence.beats_s,
    )
    return state


def strays(db: Database) -> list[Stray]:
    """Live allocations that their jobs do not hold."""
    return db.nouns(
        Stray,
        """
        SELECT a.id AS allocation_id, a.job_id, j.state AS job_state, a.status, w.name AS worker, w.live_state,
               a.start_token::text AS token, coalesce(j.finished_at, a.allocated_at, a.reserved_at) AS since,
               a.stop_requested_at IS NOT NULL AS stopping, said.outcome AS reported
          FROM (SELECT * FROM allocations WHERE live ORDER BY worker_id, id OFFSET 0) a
          JOIN workers w ON w.id = a.worker_id
         CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = a.job_id AND allocation_id IS NULL OFFSET 0) j
          LEFT JOIN LATERAL (
               SELECT reason AS outcome FROM (SELECT * FROM audit WHERE subject = 'allocation:' || a.id OFFSET 0) its
                WHERE verb = 'late_report' AND actor = 'worker ' || w.name AND detail->>'token' = a.start_token::text
                ORDER BY id DESC LIMIT 1) said ON true
         ORDER BY a.id
        """,
    )


def release_strays(db: Database, allocation_ids: Sequence[int], status: str, outcome: str) -> int:
    """→ released for allocations that their jobs do not hold; of how many that was still so.

    *status* is what they were seen to be. That no process runs under them must be known: they are reserved, or their
    own agent has said that they have ended.
    """
    return db.run(
        """
        WITH seen AS MATERIALIZED (
            SELECT j.id FROM jobs j
             WHERE j.id IN (SELECT job_id FROM allocations WHERE id = ANY (%(ids)s)) AND j.allocation_id IS NULL
             ORDER BY j.id FOR UPDATE
        )
        UPDATE allocations a
           SET status = 'released', released_at = cluster_time(), release_reason = %(outcome)s,
               detail = 'its job did not hold it'
          FROM seen s
         WHERE a.id = ANY (%(ids)s) AND a.job_id = s.id AND a.status = %(status)s
           AND (a.status = 'allocated' OR a.start_token IS NULL)
        """,
        ids=list(allocation_ids),
        status=status,
        outcome=outcome,
    )
