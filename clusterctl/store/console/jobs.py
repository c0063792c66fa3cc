"""Jobs, as the console lists them."""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString, NamedTuple

from clusterctl.model.looks import MOST_KEYS, Page, Want
from clusterctl.model.pictures import JobPicture
from clusterctl.model.selection import Selection
from clusterctl.model.states import TERMINAL
from clusterctl.store import choice, filters, job_filters
from clusterctl.store.choice import LATELY
from clusterctl.store.connection import Database
from clusterctl.store.console import pages
from clusterctl.store.console.pages import COUNTED_MOST, COUNTED_SLOWLY, Listed
from clusterctl.store.filters import Condition
from clusterctl.store.job_rows import COLUMNS, read_job


class Lane(NamedTuple):
    """Jobs that stand together: in which ``states``, ``where`` an index finds them, and their order."""

    states: Collection[str]
    where: LiteralString
    order: LiteralString = "j.id DESC"


# From the top of the list to its end, the newest first in each. No job is in two of them.
LANES = (
    Lane({"running"}, "allocation_id IS NOT NULL AND state = 'running'"),
    Lane({"scheduled"}, "allocation_id IS NOT NULL AND state = 'scheduled'"),
    Lane({"pending"}, "live AND state = 'pending'"),
    Lane({"held"}, "held"),
    Lane(TERMINAL, LATELY, "j.finished_at DESC, j.id DESC"),
)


def page(db: Database, want: Want, *, live: int) -> Page[JobPicture]:
    """What runs, is scheduled, waits, is held, and what has ended within the hour; or by fields.

    ``live`` jobs there are, of which an unfiltered list need not be counted again. Raises BadInput for a field that
    they have not.
    """
    selection = Selection(filter=want.filter)
    matching = choice.matching(selection)
    if want.sort:
        order, needs = filters.order(want.sort, job_filters.FIELDS, "j.id")
        found = choice.source(selection, matching._replace(needs=matching.needs | needs))
        keys = f"ARRAY(SELECT j.id FROM {found} WHERE {matching.sql} ORDER BY {order} LIMIT {MOST_KEYS})"
    else:
        keys = in_lanes(selection, matching)
    most = COUNTED_SLOWLY if matching.needs else COUNTED_MOST
    counted = pages.capped(f"SELECT FROM {choice.source(selection, matching)} WHERE {matching.sql}", most)
    if want.filter is None:
        counted = f"SELECT %(live)s::bigint + ({pages.capped(f'SELECT FROM jobs WHERE {LATELY}')})"
    listed = Listed(
        keys=keys,
        counted=counted,
        counted_most=most,
        rows=f"WITH chosen AS MATERIALIZED (SELECT key AS id FROM wanted) {COLUMNS}",
    )
    return pages.read(db, listed, want, read_job, **matching.bound, live=live)


def in_lanes(selection: Selection, matching: Condition) -> LiteralString:
    """The keys lane by lane, as far as they reach. What a filter cannot mean is not looked for."""
    possible = choice.possible_states(selection)
    joins = job_filters.joins(matching.needs)
    lanes = [
        f"ARRAY(SELECT j.id FROM (SELECT * FROM jobs WHERE {lane.where}) j{joins} WHERE {matching.sql}"
        f" ORDER BY {lane.order} LIMIT {MOST_KEYS})"
        for lane in LANES
        if possible & frozenset(lane.states)
    ]
    return f"({' || '.join(['ARRAY[]::bigint[]', *lanes])})[:{MOST_KEYS}]"
