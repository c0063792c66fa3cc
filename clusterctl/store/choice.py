"""Which jobs a selection means, without reading them whole: their numbers, their count, how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from clusterctl.store.connection import Database
from clusterctl.store.jobs import MATCHING, Selection, merge

NUMBERED: LiteralString = """
    jobs JOIN unnest(%(lows)s::bigint[], %(highs)s::bigint[]) r(low, high) ON jobs.id BETWEEN r.low AND r.high
"""
RECENT: LiteralString = """
    (SELECT * FROM jobs WHERE live UNION ALL
     SELECT * FROM jobs WHERE finished_at > cluster_time() - %(lately)s * interval '1 s') jobs
"""
WANTED: LiteralString = " WHERE (%(array)s::bigint IS NULL OR array_id = %(array)s) AND " + MATCHING


def ids(db: Database, selection: Selection, limit: int) -> list[int]:
    """The numbers of the chosen jobs, ascending, at most *limit*."""
    sql = "SELECT id FROM " + source(selection) + WANTED + " ORDER BY id LIMIT %(limit)s"
    return [row[0] for row in db.rows(sql, **parameters(selection), limit=limit)]


def count(db: Database, selection: Selection) -> int:
    """How many jobs are chosen."""
    return int(db.value("SELECT count(*) FROM " + source(selection) + WANTED, **parameters(selection)))


def exit_code(db: Database, ids: Sequence[int]) -> int:
    """The highest exit code among jobs that have ended: 128 + n for signal n, 1 for one that failed without either."""
    return int(
        db.value(
            """
            SELECT coalesce(max(CASE WHEN state = 'completed' THEN 0
                                     ELSE coalesce(nullif(exit_code, 0), 128 + signal, 1) END), 0)
              FROM jobs WHERE id = ANY (%s) AND NOT live
            """,
            list(ids),
        )
    )


def source(selection: Selection) -> LiteralString:
    """Where the chosen jobs are found by an index."""
    if selection.ranges:
        return NUMBERED
    return "jobs" if selection.everything or selection.array_id is not None else RECENT


def parameters(selection: Selection) -> dict[str, object]:
    """What the statements above are bound to."""
    ranges = merge(selection.ranges)  # a job named twice is one job
    return {
        "lows": [low for low, _ in ranges],
        "highs": [high for _, high in ranges],
        "lately": selection.lately_s,
        "array": selection.array_id,
        "states": list(selection.states) or None,
        "tenant": selection.tenant,
        "name": selection.name,
    }
