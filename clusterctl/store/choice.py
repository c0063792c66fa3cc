"""Which jobs a selection means, without reading them whole: their numbers, their count, how they ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

from clusterctl.model.selection import Selection
from clusterctl.model.states import LIVE, TERMINAL, JobState
from clusterctl.store import filters, job_filters
from clusterctl.store.connection import Database
from clusterctl.store.filters import Condition

MATCHING: LiteralString = """
    (%(states)s::text[] IS NULL OR j.state = ANY (%(states)s::text[]))
    AND (%(tenant)s::text IS NULL OR j.tenant = %(tenant)s) AND (%(name)s::text IS NULL OR j.name = %(name)s)"""
NUMBERED: LiteralString = """
    unnest(%(lows)s::bigint[], %(highs)s::bigint[]) r(low, high)
    CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id BETWEEN r.low AND r.high OFFSET 0) j"""
SOUGHT = 100_000  # jobs that ended earlier: the newest, among which one is looked for
LATELY: LiteralString = "finished_at > cluster_time() - %(lately)s * interval '1 s'"


def ids(db: Database, selection: Selection, limit: int) -> list[int]:
    """The numbers of the chosen jobs, ascending, at most *limit*."""
    wanted = matching(selection)
    sql = f"SELECT j.id FROM {source(selection, wanted)} WHERE {wanted.sql} ORDER BY j.id LIMIT %(limit)s"
    with by_index(db, selection):
        return [row[0] for row in db.rows(sql, **wanted.bound, limit=limit)]


def count(db: Database, selection: Selection) -> int:
    """How many jobs are chosen."""
    wanted = matching(selection)
    # A count for each place, not one over them all: only so an index alone can answer it, in a sixth of the time.
    counts = [
        f"(SELECT count(*) FROM {place}{job_filters.joins(wanted.needs)} WHERE {wanted.sql})"
        for place in places(selection)
    ]
    with by_index(db, selection):
        return int(db.value("SELECT " + " + ".join(counts), **wanted.bound))


def has_older(db: Database, selection: Selection) -> bool:
    """Whether a wanted job ended too long ago to be looked for; False unless a state of ended ones is wanted."""
    named = bool(selection.ranges) or selection.array_id is not None or selection.everything
    states = possible_states(selection)
    if named or not states & TERMINAL or len(states) == len(JobState):
        return False
    wanted = matching(selection)
    earlier = f"SELECT * FROM jobs WHERE NOT ({LATELY}) ORDER BY finished_at DESC LIMIT {SOUGHT}"
    sql = f"SELECT EXISTS (SELECT FROM ({earlier}) j{job_filters.joins(wanted.needs)} WHERE {wanted.sql})"
    with by_index(db, selection):
        return bool(db.value(sql, **wanted.bound))


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


@contextmanager
def by_index(db: Database, selection: Selection) -> Iterator[None]:
    """Within, no table is read from end to end, however little Postgres knows of them and whatever the filter.

    Most jobs have ended long ago, and nobody asks for these; unless everything is chosen.
    """
    if selection.everything:
        yield
        return
    with db.transaction():
        db.run("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")
        yield


def matching(selection: Selection) -> Condition:
    """What jobs ``j`` must be besides being where they are looked for, and all that is bound in these statements."""
    ranges = merge(selection.ranges)  # a job named twice is one job
    asked = filters.condition(selection.filter, job_filters.FIELDS)
    bound = {
        "lows": [low for low, _ in ranges],
        "highs": [high for _, high in ranges],
        "lately": selection.lately_s,
        "array": selection.array_id,
        "states": list(selection.states) or None,
        "tenant": selection.tenant,
        "name": selection.name,
        **asked.bound,
    }
    return Condition(MATCHING + asked.sql, bound, asked.needs)


def source(selection: Selection, wanted: Condition) -> LiteralString:
    """Where the chosen jobs ``j`` are found by an index, and what the condition needs of others."""
    found = places(selection)
    whole = found[0] if len(found) == 1 else f"({' UNION ALL '.join(f'SELECT j.* FROM {place}' for place in found)}) j"
    return whole + job_filters.joins(wanted.needs)


def places(selection: Selection) -> list[LiteralString]:
    """Where the chosen jobs ``j`` are, no job in two places.

    Most are live, or have ended lately; where only the ones can be meant, only those.
    """
    if selection.ranges:
        return [NUMBERED]
    if selection.array_id is not None:
        return ["(SELECT * FROM jobs WHERE array_id = %(array)s OFFSET 0) j"]
    if selection.everything:
        return ["jobs j"]
    states = possible_states(selection)
    found: list[LiteralString] = []
    if states & LIVE:
        found.append("(SELECT * FROM jobs WHERE live) j")
    if states & TERMINAL or not found:
        found.append(f"(SELECT * FROM jobs WHERE {LATELY}) j")
    return found


def possible_states(selection: Selection) -> frozenset[str]:
    """The states in which chosen jobs can be."""
    states = frozenset(selection.states or JobState)
    return states & job_filters.possible_states(selection.filter)


def merge(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in ranges that do not overlap, lowest first."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
