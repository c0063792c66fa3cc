"""What all lists of the console have in common: one statement for all keys in order, the count, and some rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, NamedTuple, TypeVar

import msgspec

from clusterctl.model.looks import MOST_KEYS, Key, Page, Want
from clusterctl.store.connection import Database

Row = TypeVar("Row")

MOST_ROWS = 1_000  # of which the fields are fetched at once
COUNTED_SLOWLY = 20_000  # where each takes a look at other tables
UNCOUNTED: LiteralString = "SELECT 0"
COUNTED_MOST = 100_000  # that are counted where there are more than are listed: some 10 ms, by an index alone

_keys = msgspec.json.Decoder(tuple[Key, ...]).decode


class Listed(NamedTuple):
    """How a list is read. ``keys``: an array of them in order, ``most`` at most; ``ctes`` stand before it.

    ``rows``: a statement for the rows of ``wanted(key)``, those whose fields are shown, with the key in the first
    column; ``key`` is its type in SQL. ``counted``: how many there are, asked only if the keys are as many as they can
    be; without it that is all that is known. ``cut``: whether there are more though the keys are fewer.
    """

    keys: LiteralString
    rows: LiteralString
    counted: LiteralString = UNCOUNTED
    key: LiteralString = "bigint"
    most: int = MOST_KEYS
    counted_most: int = COUNTED_MOST
    cut: LiteralString = "false"
    ctes: LiteralString = ""


@contextmanager
def one_sight(db: Database) -> Iterator[None]:
    """Let all that is read within be of one moment, and let it cost what it always costs.

    The same few statements come every second or two, for days: each is planned once for a connection. A plan that was
    made while a table was small must not read it from end to end when it is large, so none ever does.
    """
    with db.transaction():
        db.script(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
            " SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
        )
        yield


def read(
    db: Database, listed: Listed, want: Want, read_row: Callable[[Sequence[Any]], Row], **bound: object
) -> Page[Row]:
    """The page of that list; ``read_row`` makes a row of one of ``listed.rows``.

    The first row of the answer has the keys and the count, all others are rows: a join of which no pair ever matches.
    """
    ctes = f"{listed.ctes}, " if listed.ctes else ""
    rows = db.rows(
        f"""
        WITH {ctes}listed AS MATERIALIZED (
            SELECT {listed.keys} AS keys
        ), wanted AS MATERIALIZED (
            SELECT unnest(keys[%(first)s::int + 1 : %(first)s::int + %(rows)s::int]) AS key FROM listed
            UNION SELECT unnest(%(also)s::{listed.key}[])
        )
        SELECT head.*, body.*
          FROM (SELECT array_to_json(keys)::text AS all_keys,
                       CASE WHEN cardinality(keys) < {listed.most} THEN cardinality(keys) ELSE ({listed.counted}) END,
                       {listed.cut}
                  FROM listed) head
          FULL JOIN ({listed.rows}) body ON false
        """,
        **bound,
        first=max(0, min(want.first, MOST_KEYS)),
        rows=max(0, min(want.rows, MOST_ROWS)),
        also=list(want.also[:MOST_ROWS]),
    )
    keys, counted, cut = next((_keys(row[0]), *row[1:3]) for row in rows if row[0] is not None)
    found: Mapping[Key, Row] = {row[3]: read_row(row[3:]) for row in rows if row[0] is None}
    at_the_end = len(keys) >= listed.most and (counted <= len(keys) or counted >= listed.counted_most)
    return Page(keys=keys, rows=found, total=max(counted, len(keys)), beyond=cut or at_the_end)


def capped(some: LiteralString, most: int = COUNTED_MOST) -> LiteralString:
    """How many rows these are, ``SELECT FROM …``, counted up to *most*."""
    return f"SELECT count(*) FROM ({some} LIMIT {most}) counted"
