"""Who did what, and why they said they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from clusterctl.store.connection import Database


def note(
    db: Database,
    actor: str,
    verb: str,
    subjects: Sequence[str],
    reason: str,
    *,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Keep that *actor* did *verb* to each of *subjects* (``job:7``). ``detail`` is the verb's own."""
    db.run(
        """
        INSERT INTO audit (actor, verb, subject, reason, detail)
        SELECT %s, %s, subject, %s, %s::jsonb FROM unnest(%s::text[]) u(subject)
        """,
        actor,
        verb,
        reason,
        msgspec.json.encode(detail or {}).decode(),
        list(subjects),
    )


def note_numbers(db: Database, actor: str, verb: str, numbers: Mapping[int, int], reason: str, *, key: str) -> None:
    """Keep that *actor* did *verb* to each of these jobs, and of each a number: the detail *key*."""
    db.run(
        """
        INSERT INTO audit (actor, verb, subject, reason, detail)
        SELECT %s, %s, 'job:' || job, %s, jsonb_build_object(%s::text, number)
          FROM unnest(%s::bigint[], %s::bigint[]) u(job, number)
        """,
        actor,
        verb,
        reason,
        key,
        list(numbers),
        list(numbers.values()),
    )
