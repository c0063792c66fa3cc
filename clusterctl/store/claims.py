"""The claim log's refusals: one open row per waiting shape, in which the same "no" is folded."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clusterctl.model.plan import Wait
from clusterctl.store.connection import Database

CONFLICT = '{"text": "the job or the worker had changed by the time it was to be given"}'


def log_waits(
    db: Database,
    round: int,
    waits: Sequence[Wait],
    details: Sequence[str],
    repeats: int,
    *,
    looked_at: float | None = None,
) -> None:
    """Open a row for each new "no", fold those that stand, close those that are no longer said.

    *repeats* is how often each was said since the last call, this time included; *details* says each in words;
    *looked_at* is of when the picture was, in seconds since the epoch.
    """
    db.run(
        """
        WITH said AS MATERIALIZED (
            SELECT DISTINCT ON (shape) *
              FROM unnest(%(shapes)s::uuid[], %(jobs)s::bigint[], %(reasons)s::text[], %(refusals)s::jsonb[],
                          %(candidates)s::int[], %(details)s::text[])
                       s(shape, job_id, reason, refusals, candidates, detail)
        ), closed AS (
            UPDATE claims c
               SET open = false, closed_at = cluster_time(), repeats = c.repeats + greatest(0, %(repeats)s - 1)
             WHERE c.open AND NOT EXISTS (SELECT FROM said s WHERE s.shape = c.shape AND s.reason = c.reason)
            RETURNING c.shape
        ), folded AS (
            UPDATE claims c
               SET repeats = c.repeats + %(repeats)s, last_at = cluster_time(), job_id = s.job_id,
                   reasons = s.refusals, candidates = s.candidates, detail = jsonb_build_object('text', s.detail)
              FROM said s WHERE c.open AND c.shape = s.shape AND c.reason = s.reason
            RETURNING c.shape
        )
        INSERT INTO claims (round, event, job_id, shape, reason, reasons, candidates, duration_ms, detail, open)
        SELECT %(round)s, 'ClaimSkipped', job_id, shape, reason, refusals, candidates,
               1000 * (extract(epoch FROM cluster_time())::float8 - %(looked_at)s::float8),
               jsonb_build_object('text', detail), true
          FROM said, (SELECT count(*) FROM closed) closed_first
         WHERE shape NOT IN (SELECT shape FROM folded)
        ON CONFLICT (shape) WHERE open DO NOTHING
        """,
        round=round,
        shapes=[wait.shape for wait in waits],
        jobs=[wait.job_id for wait in waits],
        reasons=[wait.reason for wait in waits],
        refusals=[msgspec.json.encode(wait.refusals).decode() for wait in waits],
        candidates=[wait.candidates for wait in waits],
        details=list(details),
        repeats=repeats,
        looked_at=looked_at,
    )


def log_conflicts(db: Database, round: int, pairs: Sequence[tuple[int, int]], looked_at: float | None = None) -> None:
    """(job, worker) pairs that were decided and then refused: the picture, of *looked_at*, had grown old."""
    db.run(
        """
        INSERT INTO claims (round, event, job_id, worker_id, reason, duration_ms, detail)
        SELECT %s, 'ClaimSkipped', job_id, worker_id, 'claim_conflict',
               1000 * (extract(epoch FROM cluster_time())::float8 - %s::float8), %s::jsonb
          FROM unnest(%s::bigint[], %s::int[]) c(job_id, worker_id)
        """,
        round,
        looked_at,
        CONFLICT,
        [job for job, _ in pairs],
        [worker for _, worker in pairs],
    )
