"""Jobs as rows: choosing, reading and cancelling them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, LiteralString, NamedTuple

import msgspec
from msgspec.structs import replace

from clusterctl.model.pictures import JobPicture
from clusterctl.model.selection import Selection
from clusterctl.model.spec import MAX_ARRAY
from clusterctl.model.states import LIVE, TERMINAL
from clusterctl.store import filters, job_filters
from clusterctl.store.choice import LATELY, by_index, matching, possible_states, source
from clusterctl.store.connection import Database
from clusterctl.store.filters import Condition
from clusterctl.store.job_rows import COLUMNS, read_job

# How many live ones are in each state. What waits and is not held is pending: two indexes tell; to look at 100,000
# rows for it would take ten times as long.
LIVE_COUNTS: LiteralString = """
    WITH held AS MATERIALIZED (
        SELECT count(*) AS n FROM jobs WHERE held
    ), pending AS MATERIALIZED (
        SELECT (SELECT count(*) FROM jobs WHERE waiting) - n AS n FROM held
    )
    SELECT 'held' AS state, n FROM held WHERE n > 0 UNION ALL SELECT 'pending', n FROM pending WHERE n > 0 UNION ALL
    SELECT state, count(*) FROM jobs WHERE allocation_id IS NOT NULL GROUP BY state"""


class Place(NamedTuple):
    """Where jobs are looked for, their turn in the list, and which of too many are shown: the first in this order."""

    where: LiteralString
    turn: LiteralString
    order: LiteralString = "j.id"


class Cancelled(msgspec.Struct, frozen=True):
    """What ``cancel`` did to one job: ``cancelled`` at once, ``stopping`` it, or nothing (``ended`` before)."""

    job_id: int
    outcome: Literal["cancelled", "stopping", "ended"]
    state: str
    worker: str | None


def read(db: Database, selection: Selection, limit: int, sort: Sequence[str] = ()) -> list[JobPicture]:
    """The chosen jobs, at most *limit*: running ones first, then waiting, then ended, newest last of each.

    Jobs that were chosen by number or array, or all that there ever were, are in the order of their numbers: of too
    many the newest. With *sort* in the order of these fields (``-cpus``: largest first), then of their numbers.
    """
    if selection.array_id is not None and (numbers := replicas_of(db, selection.array_id)):
        selection = replace(selection, array_id=None, ranges=tuple((number, number) for number in numbers))
    wanted = matching(selection)
    if sort:
        chosen = in_order(selection, wanted, sort)
    elif selection.ranges or selection.array_id is not None or selection.everything:
        chosen = by_number(selection, wanted)
    else:
        chosen = by_turn(selection, wanted)
    sql = f"WITH {chosen} {COLUMNS} ORDER BY chosen.turn, j.id LIMIT %(limit)s"
    with by_index(db, selection):
        return [read_job(row) for row in db.rows(sql, **wanted.bound, limit=limit)]


def replicas_of(db: Database, array_id: int) -> list[int]:
    """The numbers of all replicas of that service, ended ones too; none if it is a batch array.

    Replicas come and go: unlike those of an array, their numbers lie apart.
    """
    rows = db.rows(
        "SELECT id FROM jobs WHERE array_id = %(id)s AND EXISTS (SELECT FROM services WHERE id = %(id)s) ORDER BY id",
        id=array_id,
    )
    return [row[0] for row in rows]


def by_turn(selection: Selection, wanted: Condition) -> LiteralString:
    """What is placed, what else is live, what ended lately: each found by its own index, as far as the limit goes."""
    states = possible_states(selection)
    places: list[Place] = []
    if states & LIVE:  # what is placed is also live, and keeps its first turn
        places = [Place("allocation_id IS NOT NULL", "0"), Place("live", "1")]
    if states & TERMINAL or not places:
        places.append(Place(LATELY, "2", "j.finished_at DESC, j.id DESC"))
    joins = job_filters.joins(wanted.needs)
    parts = [
        f"(SELECT j.id, {turn} AS turn FROM (SELECT * FROM jobs WHERE {place}) j{joins} WHERE {wanted.sql}"
        f" ORDER BY {order} LIMIT %(limit)s)"
        for place, turn, order in places
    ]
    return f"turns AS ({' UNION ALL '.join(parts)}), chosen AS (SELECT id, min(turn) AS turn FROM turns GROUP BY id)"


def by_number(selection: Selection, wanted: Condition) -> LiteralString:
    """The newest of those numbers, of that array, or of all."""
    array = selection.array_id  # the number of its first job; the others follow
    low, high = (0, 2**62) if array is None else (array, array + MAX_ARRAY - 1)
    ranges = "unnest(%(lows)s::bigint[], %(highs)s::bigint[])" if selection.ranges else f"(VALUES ({low}, {high}))"
    return f"""
        chosen AS (
            SELECT found.id, 0 AS turn FROM {ranges} r(low, high)
              LEFT JOIN (SELECT s.first_job_id AS low, s.first_job_id + s.jobs - 1 AS high
                           FROM jobs j JOIN submissions s ON s.id = j.submission_id
                          WHERE j.id = %(array)s) bounds ON true
             CROSS JOIN LATERAL (
                   SELECT j.id FROM jobs j{job_filters.joins(wanted.needs)}
                    WHERE j.id BETWEEN greatest(r.low, bounds.low) AND least(r.high, bounds.high)  -- these ignore NULLs
                      AND (%(array)s::bigint IS NULL OR j.array_id + 0 = %(array)s) AND {wanted.sql}
                    ORDER BY j.id DESC LIMIT %(limit)s) found
             ORDER BY found.id DESC LIMIT %(limit)s
        )"""


def in_order(selection: Selection, wanted: Condition, sort: Sequence[str]) -> LiteralString:
    """The first of all that are chosen, by fields."""
    keys, needs = filters.order(sort, job_filters.FIELDS, "j.id")
    found = source(selection, wanted._replace(needs=wanted.needs | needs))
    return f"""
        chosen AS (
            SELECT id, row_number() OVER () AS turn
              FROM (SELECT j.id FROM {found} WHERE {wanted.sql} ORDER BY {keys} LIMIT %(limit)s) j
        )"""


def counts(db: Database, ids: Sequence[int] | None = None) -> dict[str, int]:
    """How many jobs are in each state: of *ids*, or all live ones and those that ended within the hour."""
    if ids is not None:
        return dict(db.rows("SELECT state, count(*) FROM jobs WHERE id = ANY (%s) GROUP BY state", list(ids)))
    lately = "SELECT state, count(*) FROM jobs WHERE finished_at > cluster_time() - interval '1 h' GROUP BY state"
    return dict(db.rows(f"({LIVE_COUNTS}) UNION ALL {lately}"))


def ready(db: Database) -> int:
    """How many wait for nothing but a worker."""
    return int(db.value("SELECT count(*) FROM jobs WHERE ready"))


def cancel(db: Database, ids: Sequence[int], detail: str = "") -> list[Cancelled]:
    """any → cancelled: at once what has not started, by asking its agent what runs. Unknown ids are not answered.

    *detail* says who, and why. What was being stopped to run again, or to be held, is stopped for good. The allocation
    is decided upon by the values seen under its own lock, never by this statement's snapshot.
    Raises Moved when a job was placed between the look and the write: repeat.
    """
    return db.nouns(
        Cancelled,
        """
        WITH locked AS MATERIALIZED (
            SELECT id, state, allocation_id, live FROM jobs WHERE id = ANY (%(ids)s::bigint[]) ORDER BY id FOR UPDATE
        ), stopped AS (
            UPDATE allocations a
               SET status = CASE a.status WHEN 'reserved' THEN 'released' ELSE a.status END,
                   released_at = CASE a.status WHEN 'reserved' THEN cluster_time() ELSE a.released_at END,
                   release_reason = CASE a.status WHEN 'reserved' THEN 'cancelled' ELSE a.release_reason END,
                   stop_requested_at = coalesce(a.stop_requested_at, cluster_time()),
                   stop_outcome = CASE WHEN is_free_return(a.stop_outcome) OR a.stop_outcome = 'held'
                                       THEN 'cancelled'
                                       ELSE coalesce(a.stop_outcome, 'cancelled') END
              FROM locked l WHERE a.id = l.allocation_id
            RETURNING a.job_id, a.worker_id
        ), stepped AS (
            UPDATE jobs j
               SET cancel_requested_at = coalesce(j.cancel_requested_at, cluster_time()),
                   state = CASE l.state WHEN 'running' THEN 'running' ELSE 'cancelled' END,
                   allocation_id = CASE l.state WHEN 'running' THEN j.allocation_id END,
                   reason = 'cancelled',
                   detail = CASE WHEN j.cancel_requested_at IS NULL THEN %(detail)s ELSE j.detail END,
                   not_before = NULL,
                   finished_at = CASE l.state WHEN 'running' THEN NULL ELSE cluster_time() END
              FROM locked l WHERE j.id = l.id AND l.live
        )
        SELECT l.id AS job_id,
               CASE WHEN NOT l.live THEN 'ended' WHEN l.state = 'running' THEN 'stopping'
                    ELSE 'cancelled' END AS outcome,
               CASE WHEN l.live AND l.state <> 'running' THEN 'cancelled' ELSE l.state END AS state, w.name AS worker
          FROM locked l LEFT JOIN stopped s ON s.job_id = l.id LEFT JOIN workers w ON w.id = s.worker_id
         ORDER BY l.id
        """,
        ids=list(ids),
        detail=detail,
    )


def wake(db: Database, term: int, most: int = 500) -> int:
    """Let jobs whose ``not_before`` has passed be placed again, at most so many; how many. Raises Moved when deposed.

    What somebody else is changing just now is left for the next time: so this waits for nobody.
    """
    return db.run(
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM jobs WHERE not_before <= cluster_time()
             ORDER BY not_before LIMIT %s FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs j SET not_before = NULL FROM due WHERE (SELECT lead_as(%s)) AND j.id = due.id
        """,
        most,
        term,
    )


def last_id(db: Database, user: str) -> int | None:
    """The newest job of *user*."""
    found: int | None = db.value(
        'SELECT first_job_id + jobs - 1 FROM submissions WHERE "user" = %s ORDER BY id DESC LIMIT 1', user
    )
    return found
