"""What agents tell of the replicas that run on their workers. Nothing here moves a job or gives anything back.

Only allocations are locked, and these come after the workers' rows that an exchange may hold by then. So nobody is
waited for: what somebody else has in hand is left out of the answer, and told again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import LiteralString

from clusterctl.model.orders import Replica, Report
from clusterctl.store.connection import Database
from clusterctl.store.reports import KEPT

# Behind ``said`` (id, token, …), which an agent says as *incarnation* of *worker*: what of it holds, locked.
MINE: LiteralString = """
    mine AS MATERIALIZED (
        SELECT s.* FROM (SELECT * FROM said ORDER BY id) s
         CROSS JOIN LATERAL (
               SELECT FROM allocations
                WHERE id = s.id AND worker_id = %(worker)s AND status = 'allocated' AND start_token = s.token
                  FOR NO KEY UPDATE SKIP LOCKED) a
         WHERE EXISTS (SELECT FROM workers WHERE id = %(worker)s AND incarnation = %(incarnation)s)
    )"""


def tell(db: Database, worker_id: int, incarnation: int, replicas: Sequence[Replica]) -> set[int]:
    """Write down how *replicas* stand; the allocations of those that were heard."""
    return {
        row[0]
        for row in db.rows(
            """
            WITH said AS (
                SELECT * FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[], %(ready_ago)s::float8[],
                                     %(restarts)s::int[], %(rests)s::float8[], %(exits)s::text[],
                                     %(generations)s::int[])
                              s(id, token, ready_ago_s, restarts, rests_s, last_exit, generation)
            ),"""
            + MINE
            + """
            UPDATE allocations a
               SET ready_at = CASE WHEN m.ready_ago_s IS NOT NULL THEN
                                  greatest(a.allocated_at, cluster_time() - m.ready_ago_s * interval '1 s') END,
                   unready_since = CASE WHEN m.ready_ago_s IS NULL THEN coalesce(a.unready_since, cluster_time()) END,
                   was_ready = m.ready_ago_s IS NOT NULL OR (a.was_ready AND m.rests_s IS NULL  -- the same process
                       AND m.restarts = a.restarts AND m.generation = a.ran_generation),
                   restarts = m.restarts, resting_until = cluster_time() + m.rests_s * interval '1 s',
                   last_exit = m.last_exit, ran_generation = m.generation
              FROM mine m WHERE a.id = m.id
            RETURNING a.id
            """,
            worker=worker_id,
            incarnation=incarnation,
            ids=[each.allocation_id for each in replicas],
            tokens=[each.start_token for each in replicas],
            ready_ago=[each.ready_ago_s for each in replicas],
            restarts=[each.restarts for each in replicas],
            rests=[each.rests_s for each in replicas],
            exits=[each.last_exit for each in replicas],
            generations=[each.generation for each in replicas],
        )
    }


def report(
    db: Database, worker_id: int, incarnation: int, tokens: Mapping[int, str], reports: Mapping[int, Report]
) -> set[int]:
    """Keep what replicas say of their service, each under its allocation's token; those that were heard.

    If the answer to this is lost, it is counted twice: nothing is decided by it that must not happen twice.
    """
    return {
        row[0]
        for row in db.rows(
            """
            WITH said AS (
                SELECT * FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[], %(p99_ms)s::float8[],
                                     %(requests)s::bigint[], %(violations)s::bigint[])
                              s(id, token, p99_ms, requests, violations)
            ),"""
            + MINE
            + KEPT,
            worker=worker_id,
            incarnation=incarnation,
            ids=list(reports),
            tokens=[tokens[id] for id in reports],
            p99_ms=[each.p99_ms for each in reports.values()],
            requests=[each.requests for each in reports.values()],
            violations=[each.violations for each in reports.values()],
        )
    }
