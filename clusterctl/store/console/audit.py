"""The audit, as the console lists it: what was done at one stroke is one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from clusterctl.model.audit import AuditPicture
from clusterctl.model.looks import Page, Want
from clusterctl.store import filters
from clusterctl.store.audit_log import ACTS, ALIKE, FIELDS, JOB_NUMBER, NAMED_MOST, ONE_ACT, read_folded
from clusterctl.store.connection import Database
from clusterctl.store.console import pages
from clusterctl.store.console.pages import Listed
from clusterctl.store.filters import Expression

MOST_ACTS, MOST_ENTRIES = 1_000, 20_000  # acts that are listed, and rows of which they are made
REACH = 100_000  # rows, the newest, of which a filter chooses
# By what acts can be ordered. What a filter asks, it asks of the rows, before they are folded.
ORDERS: Mapping[str, Expression] = {
    **{name: Expression(f"a.{name}", "text") for name in ("actor", "verb", "subject", "reason")},
    **{name: Expression(f"a.{name}", "number") for name in ("id", "subjects")},
    "at": Expression("a.at", "time"),
    "age": Expression("cluster_time() - a.at", "duration"),
}


def page(db: Database, want: Want) -> Page[AuditPicture]:
    """The newest acts, newest first; nobody counts further. Raises BadInput for a field that they have not."""
    matching = filters.condition(want.filter, FIELDS)
    order, _ = filters.order(want.sort, ORDERS, "a.at DESC, a.id DESC")
    listed = Listed(
        ctes=f"""
            acts AS MATERIALIZED (
                SELECT max(id) AS id, at, actor, verb, reason, min(subject) AS subject, count(*) AS subjects
                  FROM (SELECT * FROM (SELECT * FROM audit ORDER BY at DESC, id DESC LIMIT {REACH}) newest
                         WHERE true{matching.sql} ORDER BY at DESC, id DESC LIMIT {MOST_ENTRIES}) entries
                 {ONE_ACT}
                 ORDER BY at DESC, actor, verb, reason, {ALIKE} LIMIT {MOST_ACTS})""",
        keys=f"ARRAY(SELECT a.id FROM acts a ORDER BY {order})",
        rows=rows(matching.sql),
        most=MOST_ACTS,
        cut=f"(SELECT coalesce(sum(subjects), 0) >= {MOST_ENTRIES} FROM acts)",
    )
    return pages.read(db, listed, want, read_folded, **matching.bound, most=NAMED_MOST)


def rows(matching: LiteralString) -> LiteralString:
    """Those acts that are wanted: all that was done at their moments is folded once more, with what it was done to."""
    return f"""
        SELECT * FROM (
            {ACTS} FROM (SELECT e.*, {JOB_NUMBER}
                           FROM (SELECT DISTINCT at FROM wanted
                                  CROSS JOIN LATERAL (SELECT at FROM audit WHERE id = wanted.key OFFSET 0) a) moments
                          CROSS JOIN LATERAL (SELECT * FROM audit WHERE at = moments.at{matching} OFFSET 0) e) entries
             {ONE_ACT}) folded
         WHERE folded.id IN (SELECT key FROM wanted)"""
