"""Who did what, and why they said they did."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.store.connection import Database


def note(db: Database, actor: str, verb: str, subjects: Sequence[str], reason: str) -> None:
    """Keep that *actor* did *verb* to each of *subjects* (``job:7``)."""
    db.run(
        """
        INSERT INTO audit (actor, verb, subject, reason) SELECT %s, %s, subject, %s FROM unnest(%s::text[]) u(subject)
        """,
        actor,
        verb,
        reason,
        list(subjects),
    )
