"""Who decides: one row, a term that only grows, renewals that show that its holder is alive.

A candidate takes over when (term, renewals) has stood still for a while on its own clock; the taking is a
compare-and-set. Every write of a leader checks the term in its own transaction, so a paused leader that wakes up
is refused, not believed. (The scheme of a fencing token: Kleppmann, "How to do distributed locking", 2016.)
"""

from __future__ import annotations

import msgspec

from clusterctl.store.connection import Database


class Leadership(msgspec.Struct, frozen=True):
    """The leader's row, as a candidate watches it."""

    term: int
    holder: str
    renewals: int


def observe(db: Database) -> Leadership:
    """Who leads now. ``holder`` is empty when the last one has resigned."""
    return db.nouns(Leadership, "SELECT term, holder, renewals FROM leader")[0]


def take(db: Database, seen: Leadership, holder: str) -> int | None:
    """Begin the next term, if nothing has moved since *seen*; the new term, or None.

    Durable whatever the connection's settings: a forgotten term could be taken twice.
    """
    with db.transaction():
        db.run("SET LOCAL synchronous_commit = on")
        term: int | None = db.value(
            """
            UPDATE leader SET term = term + 1, holder = %s, renewals = renewals + 1, since = cluster_time(),
                              renewed_at = cluster_time(), decided_at = cluster_time()
             WHERE term = %s AND renewals = %s RETURNING term
            """,
            holder,
            seen.term,
            seen.renewals,
        )
        return term


def renew(db: Database, term: int, rounds: int) -> bool:
    """Show that the leader is alive, and after how many rounds; False if its term is over."""
    return bool(
        db.run(
            """
            UPDATE leader
               SET renewals = renewals + 1, renewed_at = cluster_time(), rounds = %(rounds)s,
                   decided_at = CASE WHEN rounds = %(rounds)s THEN decided_at ELSE cluster_time() END
             WHERE term = %(term)s
            """,
            rounds=rounds,
            term=term,
        )
    )


def resign(db: Database, term: int) -> None:
    """Leave the chair empty, so that the next candidate need not wait. The term stays spent."""
    db.run("UPDATE leader SET holder = '', renewals = renewals + 1 WHERE term = %s", term)
