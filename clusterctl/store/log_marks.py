"""Following a log by its numbers, which appear out of turn: each writer's when it commits."""

from __future__ import annotations

from typing import Any, Literal, LiteralString

from clusterctl.model.log_marks import Mark
from clusterctl.store.connection import Database

Log = Literal["audit", "claims"]  # its table

IN_FLIGHT = 1000  # numbers before the newest row whose writers may not have committed yet
PATIENCE_S = 30  # how long a missing number is waited for; no transaction that writes to a log takes so long
MOST = 10_000  # numbers that are read at once
# The numbers that ``between`` binds. Rows are fetched by each: by a range, Postgres might as well read the whole table.
# What is missing still is told when it is no longer.
BETWEEN: LiteralString = """
    SELECT generate_series(%(after)s::bigint + 1, %(upto)s) AS id UNION SELECT unnest(%(missed)s::bigint[])
    EXCEPT SELECT unnest(%(missing)s::bigint[])"""


def begin(db: Database, log: Log) -> Mark:
    """The mark behind everything that is there now."""
    newest = db.value("SELECT coalesce(max(id), 0) FROM " + log)
    return advance(db, log, Mark(max(0, newest - IN_FLIGHT)))


def advance(db: Database, log: Log, mark: Mark) -> Mark:
    """The mark behind the next MOST rows of the table *log*, or all that there are.

    Still missing of it is what was missing and is not too old, and what is newly so. After a table was restored or
    emptied it may lie before *mark*.
    """
    newest, missing = db.rows(
        """
        WITH upto AS (
            SELECT least(coalesce(max(id), 0), %(after)s::bigint + %(most)s) AS id,
                   extract(epoch FROM cluster_time())::float8 AS now
              FROM """
        + log
        + """
        ), gaps AS (
            SELECT n.id, upto.now AS since FROM upto, generate_series(%(after)s::bigint + 1, upto.id) n(id)
            UNION ALL
            SELECT m.id, m.since FROM upto, unnest(%(ids)s::bigint[], %(since)s::float8[]) m(id, since)
             WHERE m.since > upto.now - %(patience)s AND m.id <= upto.id
        )
        SELECT upto.id, ARRAY(
                   SELECT jsonb_build_array(g.id, g.since)
                     FROM gaps g LEFT JOIN LATERAL (SELECT id FROM """
        + log
        + """ WHERE id = g.id OFFSET 0) l ON true WHERE l.id IS NULL ORDER BY g.id)
          FROM upto
        """,
        after=mark.after,
        most=MOST,
        ids=[number for number, _ in mark.missing],
        since=[since for _, since in mark.missing],
        patience=PATIENCE_S,
    )[0]
    return Mark(newest, tuple((number, since) for number, since in missing))


def between(before: Mark, behind: Mark) -> dict[str, Any]:
    """What BETWEEN is bound to: the numbers behind the one mark and before the other."""
    return {
        "after": before.after,
        "upto": behind.after,
        "missed": [number for number, _ in before.missing],
        "missing": [number for number, _ in behind.missing],
    }
