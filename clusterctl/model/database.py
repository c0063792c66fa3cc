"""What ``db status`` shows of the database."""

from __future__ import annotations

import msgspec


class TablePicture(msgspec.Struct, frozen=True, kw_only=True):
    """One table with its indexes. ``rows`` and ``dead_rows`` are Postgres's own estimates; sizes are bytes."""

    name: str
    rows: int
    dead_rows: int
    size: int
    index_size: int


class SchemaPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The database and its schema. ``schema``: the last step that it has; ``missing``: those that we know besides.

    ``oldest_transaction_s``: how long the longest open one has held the past back, 0 if there is none.
    """

    url: str
    version: str
    schema: int
    missing: tuple[str, ...]
    size: int
    connections: int
    most_connections: int
    oldest_transaction_s: float
    tables: tuple[TablePicture, ...]
