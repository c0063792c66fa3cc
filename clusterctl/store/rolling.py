"""How the rolling restart of a service stands: whose turn is next, or whom it waits for.

The leader acts on it (``service_keeping.roll``), and people are told the same.
"""

from __future__ import annotations

from typing import LiteralString

# Behind ``rollers``, services: each wanted replica that has ever had a worker. What is held is awaited by nobody.
#   serves      on a worker that is heard
#   is_awaited  it has followed, and does not serve yet; that it has ended since may be what the restart has brought
#   may_go      it can be asked to follow
#   waits       for a worker, and not for one alone that may never come back
REPLICAS: LiteralString = """
            replicas AS MATERIALIZED (
                SELECT s.id AS service_id, s.generation AS wanted, j.id AS job_id, a.id AS allocation_id,
                       w.name AS worker, a.status, a.live, a.generation < s.generation AS is_behind,
                       CASE WHEN NOT a.live THEN 'waiting' WHEN w.live_state <> 'up' THEN 'silent'
                            WHEN a.stop_requested_at IS NOT NULL THEN 'stopping'
                            WHEN a.status = 'reserved' THEN 'scheduled' WHEN a.resting_until IS NOT NULL THEN 'resting'
                            ELSE 'unready' END AS standing,
                       a.live AND a.ready_at IS NOT NULL AND a.ran_generation = a.generation
                           AND a.stop_requested_at IS NULL AND w.live_state = 'up' AS serves,
                       a.generation = s.generation AND j.state <> 'held'
                           AND NOT (a.live AND a.ready_at IS NOT NULL AND a.ran_generation = a.generation)
                           AS is_awaited,
                       a.status = 'allocated' AND a.generation < s.generation
                           AND a.stop_requested_at IS NULL AND w.live_state = 'up' AS may_go,
                       j.state = 'pending' AND j.requested_worker IS NULL AS waits
                  FROM rollers s
                 CROSS JOIN LATERAL (
                       SELECT * FROM jobs
                        WHERE array_id = s.id AND replica AND cancel_requested_at IS NULL
                          AND attempt > 0 OFFSET 0) j
                 CROSS JOIN LATERAL (
                       SELECT * FROM allocations WHERE job_id = j.id AND attempt = j.attempt OFFSET 0) a
                  JOIN workers w ON w.id = a.worker_id
            )"""
# The same, each with whose turn is next in its service (``next_id``), or else whom that waits for (``holder_id``).
# What serves nothing goes first: nobody misses it. What serves goes only while all others that are placed do; and the
# last that serves not while another that has lost its worker may still find one: else nobody would be left to serve.
TURNS: LiteralString = (
    REPLICAS
    + """, told AS MATERIALIZED (
                SELECT *, min(job_id) FILTER (WHERE is_awaited) OVER its AS awaited_id,
                       min(job_id) FILTER (WHERE live AND NOT serves) OVER its AS idle_id,
                       min(job_id) FILTER (WHERE waits) OVER its AS waiting_id,
                       min(job_id) FILTER (WHERE may_go AND NOT serves) OVER its AS next_idle_id,
                       min(job_id) FILTER (WHERE may_go AND serves) OVER its AS next_serving_id,
                       count(*) FILTER (WHERE serves) OVER its AS serving
                  FROM replicas WINDOW its AS (PARTITION BY service_id)
            ), turned AS MATERIALIZED (
                SELECT *, CASE WHEN awaited_id IS NOT NULL THEN NULL
                               WHEN next_idle_id IS NOT NULL THEN next_idle_id
                               WHEN idle_id IS NOT NULL OR (serving = 1 AND waiting_id IS NOT NULL) THEN NULL
                               ELSE next_serving_id END AS next_id
                  FROM told
            ), turns AS MATERIALIZED (
                SELECT *, CASE WHEN next_id IS NULL AND (awaited_id IS NOT NULL OR bool_or(is_behind AND live) OVER its)
                               THEN coalesce(awaited_id, idle_id, waiting_id) END AS holder_id
                  FROM turned WINDOW its AS (PARTITION BY service_id)
            )"""
)
# Of ``turns``: whom each service waits for, where it does.
HOLDERS: LiteralString = """
    SELECT service_id, job_id, CASE WHEN live THEN worker END AS worker, standing FROM turns WHERE job_id = holder_id"""
