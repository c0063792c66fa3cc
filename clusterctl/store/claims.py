"""Writing the claim log: what stands, folded into one open row each, and what meets a round only once.

A round of thousands of shapes writes those that have changed, and now and then how often all were repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from clusterctl.model.claim_log import Said
from clusterctl.model.plan import Start
from clusterctl.store.connection import Database

CONFLICT = """
    {"reason": "claim_conflict", "text": "the job or the worker had changed by the time it was to be given"}"""

encode = msgspec.json.Encoder().encode


def log_said(
    db: Database,
    round: int,
    said: Sequence[Said],
    over: Mapping[str, int] | None = None,
    *,
    looked_at: float | None = None,
) -> None:
    """Open a row for what is new, fold what stands already, close what is no longer said.

    *over*: the shapes of which nothing, or something else, is said now, and how often the last of it was said without
    having been written; None if *said* is all that stands, and all else is over. *looked_at* is of when the picture
    was, in seconds since the epoch.
    """
    db.run(
        """
        WITH said AS MATERIALIZED (
            SELECT DISTINCT ON (shape) *
              FROM unnest(%(events)s::text[], %(shapes)s::uuid[], %(jobs)s::bigint[], %(reasons)s::text[],
                          %(policies)s::text[], %(refusals)s::jsonb[], %(candidates)s::int[], %(details)s::jsonb[],
                          %(repeats)s::int[])
                       s(event, shape, job_id, reason, policy, refusals, candidates, detail, repeats)
        ), ended AS MATERIALIZED (
            SELECT c.id, 0 AS repeats FROM claims c WHERE c.open AND %(whole)s
            UNION ALL
            SELECT c.id, o.repeats FROM unnest(%(over)s::uuid[], %(last)s::int[]) o(shape, repeats)
              JOIN claims c ON c.open AND c.shape = o.shape
        ), closed AS (
            UPDATE claims c SET open = false, closed_at = cluster_time(), repeats = c.repeats + e.repeats
              FROM ended e
             WHERE c.id = e.id AND c.open
               AND NOT EXISTS (SELECT FROM said s WHERE s.shape = c.shape AND s.reason = c.reason)
            RETURNING c.shape
        ), folded AS (
            UPDATE claims c
               SET repeats = c.repeats + s.repeats, last_at = cluster_time(), job_id = s.job_id,
                   reasons = s.refusals, candidates = s.candidates, detail = s.detail
              FROM said s WHERE c.open AND c.shape = s.shape AND c.reason = s.reason
            RETURNING c.shape
        )
        INSERT INTO claims (at, last_at, round, event, job_id, shape, policy, reason, reasons, candidates, duration_ms,
                            detail, open)
        SELECT b.at, b.at, %(round)s, event, job_id, shape, policy, reason, refusals, candidates,
               1000 * (extract(epoch FROM cluster_time())::float8 - %(looked_at)s::float8), detail, true
          FROM said, (SELECT count(*) FROM closed) closed_first
         CROSS JOIN LATERAL (  -- who may claim was so before anybody did
               SELECT CASE event WHEN 'ClaimEligibility'
                      THEN coalesce(to_timestamp(%(looked_at)s), cluster_time()) ELSE cluster_time() END AS at) b
         WHERE shape NOT IN (SELECT shape FROM folded)
        ON CONFLICT (shape) WHERE open DO NOTHING
        """,
        round=round,
        events=[each.event for each in said],
        shapes=[each.shape for each in said],
        jobs=[each.job_id for each in said],
        reasons=[each.reason for each in said],
        policies=[each.policy for each in said],
        refusals=[encode(each.refusals).decode() for each in said],
        candidates=[each.candidates for each in said],
        details=[encode(each.detail).decode() for each in said],
        repeats=[each.repeats for each in said],
        whole=over is None,
        over=list(over or {}),
        last=list((over or {}).values()),
        looked_at=looked_at,
    )


def log_attempts(
    db: Database, round: int, starts: Sequence[Start], usages: Sequence[object], looked_at: float | None = None
) -> None:
    """Replicas that are about to be given, in turn, and how much each one's worker was used when last measured.

    The *usages* are those that decided. One that is None did not: then it is what was measured by now, if anything.
    """
    db.run(
        """
        INSERT INTO claims (round, event, job_id, worker_id, policy, duration_ms, detail)
        SELECT %s, 'ClaimAttempt', job_id, worker_id, policy,
               1000 * (extract(epoch FROM cluster_time())::float8 - %s::float8),
               jsonb_build_object('usage', coalesce(nullif(a.usage, 'null'), m.usage))
          FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::jsonb[])
               WITH ORDINALITY a(job_id, worker_id, policy, usage, n)
          LEFT JOIN LATERAL (
               SELECT jsonb_build_object(
                          'cpu_percent', round(100.0 * used_milli / cpu_milli, 2), 'memory_mb', used_memory_mb,
                          'sampled_at', to_char(measured_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
                 FROM workers WHERE id = worker_id AND measured_at IS NOT NULL) m(usage) ON true
         ORDER BY n
        """,
        round,
        looked_at,
        [start.job_id for start in starts],
        [start.worker_id for start in starts],
        [start.policy for start in starts],
        [encode(usage).decode() for usage in usages],
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
