"""What the doctor reads of Postgres itself, whatever schema the database has: how safe, how crowded, how late it is.

Ages are by the server's own clock: what is asked here is no part of the cluster's time.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.store.connection import Database

SHOWN = 200  # characters of a statement


class OpenTransaction(msgspec.Struct, frozen=True):
    """A session of this database, and the transaction that it is in. ``statement``: the beginning of its last one."""

    pid: int
    application: str
    user: str
    state: str
    since: datetime
    age_s: float
    statement: str


class Crowd(msgspec.Struct, frozen=True):
    """How many connections there are, how many there may be for those who are nobody special, and whose they are."""

    used: int
    most: int
    by_application: dict[str, int]


def durability(db: Database) -> dict[str, str]:
    """``fsync``, ``full_page_writes`` and ``synchronous_commit``, as a new session of ours gets them."""
    return dict(
        db.rows(
            """
            SELECT name, reset_val FROM pg_settings
             WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name
            """
        )
    )


def clock(db: Database) -> float:
    """What its clock says now, in seconds since the epoch; never another time that a test has set."""
    return float(db.value("SELECT extract(epoch FROM clock_timestamp())::float8"))


def long_transactions(db: Database, older_than_s: float) -> list[OpenTransaction]:
    """Transactions of others in this database that have been open for so long, oldest first."""
    return db.nouns(
        OpenTransaction,
        """
        SELECT pid, application_name AS application, usename AS "user", coalesce(state, '') AS state,
               xact_start AS since, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age_s,
               left(query, %s) AS statement
          FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
           AND xact_start < clock_timestamp() - %s * interval '1 s'
         ORDER BY xact_start
        """,
        SHOWN,
        older_than_s,
    )


def hidden_sessions(db: Database) -> int:
    """How many sessions of other roles in this database we may not look into."""
    return int(
        db.value(
            """
            SELECT CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN 0 ELSE (
                       SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND NOT pg_has_role(usesysid, 'USAGE')) END
            """
        )
    )


def crowd(db: Database) -> Crowd:
    """Who is connected to the whole server."""
    (found,) = db.nouns(
        Crowd,
        """
        SELECT (SELECT sum(numbackends) FROM pg_stat_database)::int AS used,
               (SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END)
                  FROM pg_settings
                 WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections'))::int
                   AS most,
               (SELECT coalesce(jsonb_object_agg(application, sessions), '{}')
                  FROM (SELECT coalesce(nullif(application_name, ''), 'unnamed') AS application, count(*) AS sessions
                          FROM pg_stat_activity WHERE datid IS NOT NULL
                         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10) largest) AS by_application
        """,
    )
    return found
