"""The page of the schema is read out of the migrations' text: here it is compared with what Postgres made of that."""

from __future__ import annotations

from clusterctl.store.connection import Database
from docs.generate import schema

OF_THE_RUNNER = "schema_migrations"  # made by the program that applies the migrations, not by one of them


def columns_of(db: Database, kind: str) -> dict[str, list[str]]:
    """Table or view → its columns in order, as Postgres has them."""
    return dict(
        db.rows(
            """
            SELECT t.table_name::text, array_agg(c.column_name::text ORDER BY c.ordinal_position)
              FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
             WHERE t.table_schema = 'public' AND t.table_type = %s AND t.table_name <> %s GROUP BY 1
            """,
            kind,
            OF_THE_RUNNER,
        )
    )


def test_the_page_has_every_table_with_its_columns(db: Database) -> None:
    told = {table.name: [name for name, _, _ in table.columns] for table in schema.tables()}
    assert told == columns_of(db, "BASE TABLE")


def test_the_page_has_every_view_with_its_columns(db: Database) -> None:
    told = {view.name: [name for name, _, _ in view.columns] for view in schema.views()}
    assert told == columns_of(db, "VIEW")
