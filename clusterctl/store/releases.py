"""→ released: every way in which a worker's resources are given back, and what then becomes of the job.

Each is one guarded statement, made of the same three parts: ``ending`` chooses, LOCKED takes the jobs' locks and looks
again, RELEASED writes. Lock order as in ``allocations``: job, allocation, worker, each by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import msgspec

from clusterctl.model.errors import Moved
from clusterctl.model.liveness import Standing
from clusterctl.model.orders import End
from clusterctl.model.states import JobState
from clusterctl.store.connection import Database

# Of ``ending`` (id, job_id, worker_id, holds, outcome, exit_code, signal, detail, cpu_s, memory_peak_mb, ended_at),
# what still holds under the job's lock; ``holds``: the job's state while the allocation is what it was seen to be.
LOCKED: LiteralString = """
    locked AS MATERIALIZED (
        SELECT e.*, j.cancel_requested_at IS NOT NULL AS cancelled, j.failures, j.retries, j.losses, j.on_worker_loss
          FROM (SELECT * FROM ending ORDER BY job_id) e
         CROSS JOIN LATERAL (
               SELECT * FROM jobs WHERE id = e.job_id AND allocation_id = e.id AND state = e.holds FOR UPDATE) j
    )"""
# Of ``sure``, which is ``locked`` or some of it. ``stepped`` tells what became of each.
RELEASED: LiteralString = """
    judged AS MATERIALIZED (
        SELECT s.*, is_loss(outcome) AS loss, is_free_return(outcome) AS free_return,
               state_after(outcome, exit_code, cancelled, failures, retries, losses, on_worker_loss) AS state
          FROM sure s
    ), released AS (
        UPDATE allocations a
           SET status = 'released', released_at = v.ended_at, release_reason = v.outcome,
               exit_code = v.exit_code, signal = v.signal, detail = v.detail, cpu_s = v.cpu_s,
               memory_peak_mb = v.memory_peak_mb
          FROM judged v WHERE a.id = v.id
    ), stepped AS (
        UPDATE jobs j
           SET state = v.state, allocation_id = NULL, exit_code = v.exit_code, signal = v.signal,
               reason = CASE WHEN v.state <> 'pending' THEN v.outcome END, detail = v.detail,
               failures = j.failures + (NOT v.loss AND NOT v.free_return AND v.state IN ('pending', 'failed'))::int,
               losses = j.losses + v.loss::int,
               not_before = CASE WHEN v.state = 'pending' AND NOT v.free_return THEN
                   cluster_time() + least(300, 2 ^ least(j.failures + j.losses, 9)) * interval '1 s' END,
               finished_at = CASE WHEN v.state <> 'pending' THEN v.ended_at END
          FROM judged v WHERE j.id = v.job_id
        RETURNING v.id AS allocation_id, j.id AS job_id, j.state
    )"""
# The columns of ``ending`` for an allocation that nobody reported as ended.
UNREPORTED: LiteralString = """
    NULL::int AS exit_code, NULL::int AS signal, NULL::real AS cpu_s, NULL::int AS memory_peak_mb,
    cluster_time() AS ended_at"""
NOT_STARTED: LiteralString = (
    """
    'scheduled' AS holds, 'start_timeout' AS outcome, 'its worker did not start it' AS detail,"""
    + UNREPORTED
)


class Ended(msgspec.Struct, frozen=True):
    """What became of an attempt and its job."""

    allocation_id: int
    job_id: int
    state: JobState


def end(db: Database, worker: str, ends: Sequence[End]) -> list[Ended]:
    """allocated → released; running → completed, failed, timeout, cancelled, lost, or pending again for a retry.

    Safe to repeat: what was released before is not in the answer. A report that contradicts what is recorded (it
    came too late) is kept in the audit table and changes nothing.
    """
    return read_ends(
        db.rows(
            """
            WITH said AS MATERIALIZED (
                SELECT DISTINCT ON (id) *
                  FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[], %(outcomes)s::text[], %(codes)s::int[],
                              %(signals)s::int[], %(details)s::text[], %(cpu_s)s::float8[], %(peaks)s::int[],
                              %(ago)s::float8[])
                           s(id, token, outcome, exit_code, signal, detail, cpu_s, memory_peak_mb, ago_s)
            ), mine AS MATERIALIZED (
                SELECT said.*, a.job_id, a.worker_id, a.status, a.start_token, a.allocated_at, a.release_reason,
                       a.exit_code AS recorded_code, a.signal AS recorded_signal
                  FROM said JOIN allocations a USING (id)
            ), ending AS (
                SELECT id, job_id, worker_id, 'running' AS holds, outcome, exit_code, signal, detail, cpu_s,
                       memory_peak_mb,
                       greatest(allocated_at, cluster_time() - ago_s * interval '1 s') AS ended_at
                  FROM mine WHERE status = 'allocated' AND start_token = token
            ),"""
            + LOCKED
            + ", sure AS (SELECT * FROM locked),"
            + RELEASED
            + """, late AS (
                INSERT INTO audit (actor, verb, subject, reason, detail)
                SELECT 'worker ' || %(worker)s, 'late_report', 'allocation:' || id, outcome,
                       jsonb_build_object('recorded', release_reason, 'exit_code', exit_code, 'signal', signal,
                                          'token', token)
                  FROM mine m
                 WHERE m.id NOT IN (SELECT id FROM judged)
                   AND (m.release_reason, m.recorded_code, m.recorded_signal, m.start_token) IS DISTINCT FROM
                       (m.outcome, m.exit_code, m.signal, m.token)
            )
            SELECT allocation_id, job_id, state FROM stepped
            """,
            worker=worker,
            ids=[end.allocation_id for end in ends],
            tokens=[end.start_token for end in ends],
            outcomes=[end.outcome for end in ends],
            codes=[end.exit_code for end in ends],
            signals=[end.signal for end in ends],
            details=[end.detail for end in ends],
            cpu_s=[end.cpu_s for end in ends],
            peaks=[end.memory_peak_mb for end in ends],
            ago=[end.ago_s for end in ends],
        )
    )


def expire_starts(db: Database, term: int, most: int = 500) -> list[Ended]:
    """reserved → released ``start_timeout``: reservations whose agent did not start them in time.

    No start was won, so there is no process: no fence is needed and no retry is spent. The job waits again. Raises
    Moved when the term is over.
    """
    return read_ends(
        db.rows(
            """
            WITH ending AS MATERIALIZED (
                SELECT id, job_id, worker_id,"""
            + NOT_STARTED
            + """
                  FROM allocations WHERE reserved AND start_by < cluster_time()
                 ORDER BY worker_id, id LIMIT %(most)s
            ),"""
            + LOCKED
            + ", sure AS (SELECT * FROM locked),"
            + RELEASED
            + "SELECT allocation_id, job_id, state FROM stepped WHERE (SELECT lead_as(%(term)s))",
            term=term,
            most=most,
        )
    )


def release_reserved(db: Database, allocation_ids: Sequence[int]) -> list[Ended]:
    """The same for those of *allocation_ids* that are late, whoever asks: it needs no term, for it is no decision."""
    return read_ends(
        db.rows(
            """
            WITH ending AS MATERIALIZED (
                SELECT id, job_id, worker_id,"""
            + NOT_STARTED
            + """
                  FROM allocations WHERE id = ANY (%s) AND reserved AND start_by < cluster_time()
            ),"""
            + LOCKED
            + ", sure AS (SELECT * FROM locked),"
            + RELEASED
            + "SELECT allocation_id, job_id, state FROM stepped",
            list(allocation_ids),
        )
    )


def lose(db: Database, term: int, silent: Mapping[int, Standing], most: int = 500) -> list[Ended]:
    """allocated → released ``worker_lost``: what a worker holds that has been silent for longer than its fence.

    *silent*: worker id → the beat at which it stands still, and for how long. Each allocation says itself how long is
    long enough (``lost_after_s``: its supervisor has ended the job long before); NULL is never. A worker that has
    beaten meanwhile loses nothing. Raises Moved when the term is over.
    """
    return read_ends(
        db.rows(
            """
            WITH standing AS (
                SELECT s.*, w.name FROM unnest(%(workers)s::int[], %(beats)s::bigint[], %(seconds)s::float8[])
                                        s(worker_id, beat, seconds)
                  JOIN workers w ON w.id = s.worker_id
            ), ending AS MATERIALIZED (
                SELECT a.id, a.job_id, a.worker_id, 'running' AS holds, 'worker_lost' AS outcome,
                       'worker ' || s.name || ' was not heard for ' || round(s.seconds) || ' s' AS detail,"""
            + UNREPORTED
            + """
                  FROM standing s
                 CROSS JOIN LATERAL (
                       SELECT * FROM allocations
                        WHERE worker_id = s.worker_id AND live AND status = 'allocated' AND lost_after_s < s.seconds
                        ORDER BY id OFFSET 0) a
                 LIMIT %(most)s
            ),"""
            + LOCKED
            + """, deaf AS MATERIALIZED (
                SELECT w.id FROM workers w JOIN standing s ON s.worker_id = w.id
                 WHERE w.id = ANY (ARRAY(SELECT worker_id FROM locked)) AND w.beat = s.beat AND w.live_state = 'silent'
                 ORDER BY w.id FOR NO KEY UPDATE OF w
            ), sure AS (SELECT * FROM locked WHERE worker_id IN (SELECT id FROM deaf)),"""
            + RELEASED
            + "SELECT allocation_id, job_id, state FROM stepped WHERE (SELECT lead_as(%(term)s))",
            term=term,
            workers=list(silent),
            beats=[standing.beat for standing in silent.values()],
            seconds=[standing.seconds for standing in silent.values()],
            most=most,
        )
    )


def confirm_dead(db: Database, worker: str, incarnation: int, beat: int, detail: str) -> list[Ended]:
    """An operator vouches that a silent worker's machine runs nothing any more: all that it holds is released.

    No fence is waited for. The worker is ``lost`` then. Raises Moved, and changes nothing, if it is not silent, or has
    registered or beaten since it was looked at.
    """
    with db.transaction():
        ended = read_ends(
            db.rows(
                """
                WITH ending AS MATERIALIZED (
                    SELECT a.id, a.job_id, a.worker_id,
                           CASE a.status WHEN 'reserved' THEN 'scheduled' ELSE 'running' END AS holds,
                           CASE a.status WHEN 'reserved' THEN 'start_timeout' ELSE 'worker_lost' END AS outcome,
                           %(detail)s::text AS detail,"""
                + UNREPORTED
                + """
                      FROM workers w JOIN allocations a ON a.worker_id = w.id AND a.live WHERE w.name = %(worker)s
                ),"""
                + LOCKED
                + ", sure AS (SELECT * FROM locked),"
                + RELEASED
                + "SELECT allocation_id, job_id, state FROM stepped",
                worker=worker,
                detail=detail,
            )
        )
        # In the same transaction: if the worker has moved, or holds something new, nothing of the above has happened.
        declared = db.run(
            """
            UPDATE workers SET live_state = 'lost', live_reason = 'confirmed dead'
             WHERE name = %s AND incarnation = %s AND beat = %s AND live_state = 'silent'
               AND reserved_milli + allocated_milli = 0
            """,
            worker,
            incarnation,
            beat,
        )
        if not declared:
            raise Moved("the worker has been heard meanwhile, or holds something new")
    return ended


def declare_lost(db: Database, term: int, silent: Mapping[int, Standing], after_s: float) -> list[str]:
    """silent → lost for those of *silent* that hold nothing and are silent for longer than *after_s*; their names.

    Raises Moved when the term is over.
    """
    standing = {worker: each for worker, each in silent.items() if each.seconds > after_s}
    return [
        row[0]
        for row in db.rows(
            """
            WITH deaf AS MATERIALIZED (
                SELECT w.id, s.seconds
                  FROM unnest(%s::int[], %s::bigint[], %s::float8[]) s(id, beat, seconds) JOIN workers w USING (id)
                 WHERE w.beat = s.beat AND w.live_state = 'silent' AND w.reserved_milli + w.allocated_milli = 0
                 ORDER BY w.id FOR NO KEY UPDATE OF w
            )
            UPDATE workers w SET live_state = 'lost', live_reason = 'not heard for ' || round(d.seconds) || ' s'
              FROM deaf d WHERE (SELECT lead_as(%s)) AND w.id = d.id RETURNING w.name
            """,
            list(standing),
            [each.beat for each in standing.values()],
            [each.seconds for each in standing.values()],
            term,
        )
    ]


def read_ends(rows: Sequence[Sequence[Any]]) -> list[Ended]:
    """Each an Ended from (allocation, job, state)."""
    return [Ended(row[0], row[1], JobState(row[2])) for row in rows]
