"""Reading the audit: row by row, or folded. What writes it is ``audit.note``, and whoever keeps late reports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from clusterctl.model.audit import AuditChoice, AuditPicture
from clusterctl.model.log_marks import Mark
from clusterctl.store import log_marks
from clusterctl.store.connection import Database
from clusterctl.store.filters import Expression, condition
from clusterctl.units import format_numbers

COUNTED_MOST = 100_000  # rows that are counted
NAMED_MOST = 20  # subjects of a folded row that are named, apart from jobs
# What a filter may name.
FIELDS = {
    "id": Expression("id", "number"),
    "at": Expression("at", "time"),
    "actor": Expression("actor", "text"),
    "verb": Expression("verb", "text"),
    "subject": Expression("subject", "text"),
    "subjects": Expression("1", "number"),
    "reason": Expression("reason", "text"),
    "detail": Expression("detail", "map"),
    "age": Expression("extract(epoch FROM cluster_time() - at)::float8", "duration"),
}
# Only what was asked for stands in the statement, so that each question is answered by its own index.
CONDITIONS: dict[str, LiteralString] = {
    "since_s": "at >= cluster_time() - %(since_s)s * interval '1 s'",
    "job_id": """subject = ANY (ARRAY(SELECT 'job:' || %(job_id)s::bigint UNION ALL
                                      SELECT 'allocation:' || id FROM allocations WHERE job_id = %(job_id)s
                                      UNION ALL SELECT 'service:' || array_id FROM jobs
                                                 WHERE id = %(job_id)s AND kind = 'service'))""",
    "worker": """(subject IN ('worker:' || %(worker)s::text, 'spool:' || %(worker)s::text)
                  OR actor = 'worker ' || %(worker)s::text)""",
    "actor": "actor = %(actor)s",
    # The doctor's verbs have two words: `mend` means all that begin with it.
    "verb": "(verb = %(verb)s OR starts_with(verb, %(verb)s || ' '))",
}
# What was submitted again at one stroke differs in its numbers only.
ALIKE: LiteralString = "detail - '{again,again_of}'::text[]"
ONE_ACT: LiteralString = f"GROUP BY at, actor, verb, reason, {ALIKE}"
ACTS_TURN: LiteralString = f"at DESC, actor, verb, reason, {ALIKE}"
# Of rows with the number ``n`` of the job that they are about, if it is one: each act in one row.
JOB_NUMBER: LiteralString = "substring(subject FROM '^job:([0-9]{1,18})$')::bigint AS n"
ACTS: LiteralString = f"""
    SELECT max(id) AS id, at, actor, verb, reason,
           CASE WHEN count(*) = 1 THEN min(detail::text)::jsonb ELSE {ALIKE} END, count(*),
           range_agg(int8range(n, n, '[]'))::text,
           (array_agg(subject ORDER BY id) FILTER (WHERE n IS NULL))[:%(most)s]"""


def read(db: Database, wanted: AuditChoice, limit: int) -> list[AuditPicture]:
    """The newest *limit* of the chosen rows, oldest first."""
    look = folded if wanted.folded else unfolded
    return look(db, f"audit WHERE {matching(wanted)}", **parameters(wanted), limit=limit)


def news(db: Database, wanted: AuditChoice, before: Mark, behind: Mark) -> list[AuditPicture]:
    """The chosen rows between two marks."""
    look = folded if wanted.folded else unfolded
    bound = {**parameters(wanted), **log_marks.between(before, behind)}
    fresh = f"({log_marks.BETWEEN}) n CROSS JOIN LATERAL (SELECT * FROM audit WHERE id = n.id OFFSET 0) a"
    return look(db, f"(SELECT a.* FROM {fresh}) audit WHERE {matching(wanted)}", **bound, limit=log_marks.MOST)


def unfolded(db: Database, rows_where: LiteralString, **bound: Any) -> list[AuditPicture]:
    """The newest of these rows, oldest first."""
    found = db.nouns(
        AuditPicture,
        f"""
        SELECT id, at, actor, verb, subject, 1 AS subjects, reason, detail FROM {rows_where}
         ORDER BY at DESC, id DESC LIMIT %(limit)s
        """,
        **bound,
    )
    return found[::-1]


def folded(db: Database, rows_where: LiteralString, **bound: Any) -> list[AuditPicture]:
    """The same, folded. What is one is of one moment, so that in the order of time no more is read than is shown."""
    sql = (
        f"{ACTS} FROM (SELECT *, {JOB_NUMBER} FROM {rows_where}) entries {ONE_ACT} ORDER BY {ACTS_TURN} LIMIT %(limit)s"
    )
    return [read_folded(row) for row in reversed(db.rows(sql, **bound, most=NAMED_MOST))]


def read_folded(row: Sequence[Any]) -> AuditPicture:
    """An AuditPicture from ACTS."""
    return AuditPicture(
        id=row[0],
        at=row[1],
        actor=row[2],
        verb=row[3],
        reason=row[4],
        detail=row[5],
        subjects=row[6],
        subject=" ".join([*named(row[8] or ()), *numbered(row[7] or "")]),
    )


def named(subjects: Sequence[str]) -> list[str]:
    """``worker:w1,w2``: subjects of a kind together."""
    kinds: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _, name = subject.partition(":")
        kinds.setdefault(kind, []).append(name)
    return [f"{kind}:{','.join(names)}" for kind, names in kinds.items()]


def numbered(multirange: str) -> list[str]:
    """``job:7-12,15`` from Postgres's ``{[7,13),[15,16)}``."""
    ranges = tuple(range(int(low), int(high)) for low, high in re.findall(r"\[(\d+),(\d+)\)", multirange))
    return [f"job:{format_numbers(ranges)}"] if ranges else []


def count(db: Database, wanted: AuditChoice) -> int:
    """How many rows are chosen; no more than COUNTED_MOST are counted."""
    grouped = ONE_ACT if wanted.folded else ""
    sql = f"SELECT count(*) FROM (SELECT FROM audit WHERE {matching(wanted)} {grouped} LIMIT %(limit)s) chosen"
    return int(db.value(sql, **parameters(wanted), limit=COUNTED_MOST))


def begins_at(db: Database) -> datetime | None:
    """Of when the oldest row is; None if there is none."""
    oldest: datetime | None = db.value("SELECT min(at) FROM audit")
    return oldest


def matching(wanted: AuditChoice) -> LiteralString:
    """The condition that chooses."""
    clauses = [clause for name, clause in CONDITIONS.items() if name in asked(wanted)]
    return " AND ".join(["true", *clauses]) + condition(wanted.filter, FIELDS).sql


def parameters(wanted: AuditChoice) -> dict[str, Any]:
    """What the condition is bound to."""
    return {**asked(wanted), **condition(wanted.filter, FIELDS).bound}


def asked(wanted: AuditChoice) -> Mapping[str, Any]:
    """What was asked for, by name, apart from the filter."""
    return {name: value for name in CONDITIONS if (value := getattr(wanted, name)) is not None}
