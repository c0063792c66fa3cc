"""Workers, as the console lists them."""

from __future__ import annotations

from typing import LiteralString

from clusterctl.model.looks import MOST_KEYS, Page, Want
from clusterctl.model.pictures import WorkerPicture
from clusterctl.store import filters, worker_filters
from clusterctl.store.connection import Database
from clusterctl.store.console import pages
from clusterctl.store.console.pages import Listed
from clusterctl.store.worker_rows import COLUMNS, read_worker

# Those first that need a hand: lost ones, silent ones, those that take nothing new; then the fullest, by tenths, so
# that they do not change places all the time.
HAND_FIRST: LiteralString = """
    CASE w.live_state WHEN 'lost' THEN 0 WHEN 'silent' THEN 1 ELSE 2 END,
    w.trouble = '' AND w.admin_state = 'open', w.admin_state = 'closed',
    (w.reserved_milli + w.allocated_milli) * 10 / w.cpu_milli DESC, w.name"""

NAMED: LiteralString = """
    SELECT w.id FROM wanted CROSS JOIN LATERAL (SELECT id FROM workers WHERE name = wanted.key OFFSET 0) w"""


def page(db: Database, want: Want, *, reported_within_s: float) -> Page[WorkerPicture]:
    """The workers that are not forgotten, by name; on the overview those first that need a hand.

    The life left in their keys is Redis's, and not known here. Raises BadInput for a field that they have not.
    """
    matching = filters.condition(want.filter, worker_filters.FIELDS)
    order, needs = filters.order(want.sort, worker_filters.FIELDS, "w.name")
    if want.screen == "overview" and not want.sort:
        order = HAND_FIRST
    some = f"workers w{worker_filters.joins(matching.needs | needs)} WHERE w.forgotten_at IS NULL{matching.sql}"
    listed = Listed(
        keys=f"ARRAY(SELECT w.name FROM {some} ORDER BY {order} LIMIT {MOST_KEYS})",
        counted=pages.capped(f"SELECT FROM {some}"),
        rows=f"WITH chosen AS MATERIALIZED ({NAMED}) {COLUMNS}",
        key="text",
    )
    return pages.read(db, listed, want, read_worker, **matching.bound, ttl=reported_within_s)
