"""The claim log, as the console lists it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.looks import MOST_KEYS, Page, Want
from clusterctl.store import filters
from clusterctl.store.claim_log import COLUMNS, FIELDS
from clusterctl.store.connection import Database
from clusterctl.store.console import pages
from clusterctl.store.console.pages import Listed

NEWEST = 50  # rows of the overview
REACH = 100_000  # of the newest rows a list is made, and of what stands
SHOWN: LiteralString = f"""
    WITH shown AS MATERIALIZED (
        SELECT c.* FROM wanted CROSS JOIN LATERAL (SELECT * FROM claims WHERE id = wanted.key OFFSET 0) c
    ) {COLUMNS}"""


def page(db: Database, want: Want) -> Page[ClaimPicture]:
    """The newest rows and what stands, by when they were first said, newest first: so no row ever changes its place.

    Of older rows only what still stands; they are counted only where a filter chooses. Raises BadInput for a field that
    they have not.
    """
    matching = filters.condition(want.filter, FIELDS)
    order, _ = filters.order(want.sort, FIELDS, "c.id DESC")
    # A limit, no range: of that Postgres may believe that it is short, and read and sort it all.
    said = f"(SELECT * FROM claims ORDER BY id DESC LIMIT {REACH}) c WHERE NOT c.open{matching.sql}"
    stands = f"(SELECT * FROM claims WHERE open OFFSET 0) c WHERE true{matching.sql}"
    newest_said = f"SELECT c.* FROM {said}" + ("" if want.sort else f" ORDER BY c.id DESC LIMIT {MOST_KEYS}")
    both = f"({newest_said}) UNION ALL (SELECT c.* FROM {stands})"
    counted = pages.capped(f"(SELECT FROM {said}) UNION ALL (SELECT FROM {stands})")
    listed = Listed(
        keys=f"ARRAY(SELECT c.id FROM ({both}) c ORDER BY {order} LIMIT {MOST_KEYS})",
        counted=pages.UNCOUNTED if want.filter is None else counted,
        rows=SHOWN,
    )
    return pages.read(db, listed, want, read_claim, **matching.bound)


def newest(db: Database) -> Page[ClaimPicture]:
    """The last few rows, newest first; nothing beyond them is counted."""
    listed = Listed(keys=f"ARRAY(SELECT id FROM claims ORDER BY id DESC LIMIT {NEWEST})", rows=SHOWN, most=NEWEST)
    return pages.read(db, listed, Want(rows=NEWEST), read_claim)


def read_claim(row: Sequence[Any]) -> ClaimPicture:
    """A ClaimPicture from COLUMNS."""
    return ClaimPicture(**dict(zip(ClaimPicture.__struct_fields__, row, strict=True)))
