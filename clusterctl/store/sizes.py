"""How large the database is, and of what."""

from __future__ import annotations

from clusterctl.model.database import TablePicture
from clusterctl.store.connection import Database


def tables(db: Database) -> list[TablePicture]:
    """The tables of our schema, largest first."""
    return db.nouns(
        TablePicture,
        """
        SELECT c.relname AS name, greatest(s.n_live_tup, 0)::bigint AS rows,
               greatest(s.n_dead_tup, 0)::bigint AS dead_rows,
               pg_table_size(c.oid) AS size, pg_indexes_size(c.oid) AS index_size
          FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
         WHERE c.relnamespace = current_schema()::regnamespace
         ORDER BY pg_total_relation_size(c.oid) DESC, c.relname
        """,
    )


def whole(db: Database) -> int:
    """Bytes of the whole database, other people's tables included."""
    return int(db.value("SELECT pg_database_size(current_database())"))


def oldest_transaction(db: Database) -> float:
    """Seconds for which the longest open transaction of this database, but our own, has been open; 0 without one."""
    return float(
        db.value(
            """
            SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
              FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )
    )
