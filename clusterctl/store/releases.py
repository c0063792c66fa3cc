"""→ released: how a worker's resources are given back, and what then becomes of the job.

Each is one guarded statement, made of the parts in ``release_steps``. Apart from these, ``jobs.cancel`` releases what
nobody has started, and ``tallies`` and ``disagreements`` what contradicts its job: of the same parts, where there is a
job that holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from clusterctl.model.errors import Moved
from clusterctl.model.liveness import Standing
from clusterctl.model.orders import End
from clusterctl.model.states import JobState
from clusterctl.store.connection import Ask, Database
from clusterctl.store.release_steps import ALL_RELEASED, LOCKED, RELEASED, UNREPORTED, UNSTARTED


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
    ask = ending(worker, ends)
    return read_ends(db.rows(ask.sql, **ask.named))


def ending(worker: str, ends: Sequence[End]) -> Ask:
    """The statement of ``end``; ``read_ends`` reads its rows."""
    return Ask(
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
        {
            "worker": worker,
            "ids": [end.allocation_id for end in ends],
            "tokens": [end.start_token for end in ends],
            "outcomes": [end.outcome for end in ends],
            "codes": [end.exit_code for end in ends],
            "signals": [end.signal for end in ends],
            "details": [end.detail for end in ends],
            "cpu_s": [end.cpu_s for end in ends],
            "peaks": [end.memory_peak_mb for end in ends],
            "ago": [end.ago_s for end in ends],
        },
    )


def expire_starts(db: Database, term: int, most: int = 500) -> list[Ended]:
    """reserved → released ``start_timeout``: reservations whose agent did not start them in time.

    No start was won, so there is no process: no fence is needed and no retry is spent. The job waits again. Raises
    Moved when the term is over.
    """
    return read_ends(
        db.rows(
            UNSTARTED
            + " AND start_by < cluster_time() ORDER BY worker_id, id LIMIT %(most)s)"
            + ALL_RELEASED
            + " WHERE (SELECT lead_as(%(term)s))",
            term=term,
            most=most,
        )
    )


def release_reserved(db: Database, allocation_ids: Sequence[int]) -> list[Ended]:
    """The same for those of *allocation_ids* that are late, whoever asks: it needs no term, for it is no decision."""
    return read_ends(
        db.rows(
            UNSTARTED + " AND id = ANY (%s) AND start_by < cluster_time())" + ALL_RELEASED,
            list(allocation_ids),
        )
    )


def release_undrained(db: Database, term: int) -> list[Ended]:
    """reserved → released: what nobody has started yet on workers that should have drained by now.

    Raises Moved when the term is over.
    """
    return read_ends(
        db.rows(
            UNSTARTED
            + " AND worker_id IN (SELECT id FROM workers WHERE drain_by <= cluster_time()))"
            + ALL_RELEASED
            + " WHERE (SELECT lead_as(%s))",
            term,
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


def release_rebooted(db: Database, allocation_id: int, token: str, incarnation: int) -> list[Ended]:
    """allocated → released ``worker_rebooted`` for what was started before its machine was last started.

    *incarnation* is the worker's, as it was seen. Nothing survives a reboot, so no fence is needed.
    """
    return read_ends(
        db.rows(
            """
            WITH ending AS MATERIALIZED (
                SELECT a.id, a.job_id, a.worker_id, 'running' AS holds, 'worker_rebooted' AS outcome,
                       'its machine was started anew' AS detail,"""
            + UNREPORTED
            + """
                  FROM allocations a JOIN workers w ON w.id = a.worker_id
                 WHERE a.id = %(id)s AND a.status = 'allocated' AND a.start_token = %(token)s::uuid
                   AND a.incarnation < w.booted_as AND w.incarnation = %(incarnation)s
            )"""
            + ALL_RELEASED,
            id=allocation_id,
            token=token,
            incarnation=incarnation,
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
                )"""
                + ALL_RELEASED,
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
