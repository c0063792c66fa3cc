"""Jobs as rows: choosing, reading and cancelling them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, LiteralString

import msgspec

from clusterctl.model.pictures import AttemptPicture, DependencyPicture, JobPicture
from clusterctl.model.spec import MAX_ARRAY, Spec
from clusterctl.store.connection import Database
from clusterctl.store.job_rows import COLUMNS, read_job


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs. Everything given must hold; ``ranges`` are inclusive. Nothing given: live, or ended lately."""

    ranges: tuple[tuple[int, int], ...] = ()
    states: tuple[str, ...] = ()
    tenant: str | None = None
    array_id: int | None = None
    name: str | None = None
    everything: bool = False  # also what ended long ago
    lately_s: float = 3600


class Cancelled(msgspec.Struct, frozen=True):
    """What ``cancel`` did to one job: ``cancelled`` at once, ``stopping`` it, or nothing (``ended`` before)."""

    job_id: int
    outcome: Literal["cancelled", "stopping", "ended"]
    state: str
    worker: str | None


MATCHING: LiteralString = """(%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
               AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s) AND (%(name)s::text IS NULL OR name = %(name)s)"""


def read(db: Database, selection: Selection, limit: int) -> list[JobPicture]:
    """The chosen jobs, at most *limit*: running ones first, then waiting, then ended, newest last of each."""
    if selection.ranges or selection.array_id is not None or selection.everything:
        return read_named(db, selection, limit)
    rows = db.rows(
        """
        WITH turns AS (  -- what is placed is also live, and keeps its first turn
            (SELECT id, 0 AS turn FROM jobs WHERE allocation_id IS NOT NULL AND """
        + MATCHING
        + """ ORDER BY id LIMIT %(limit)s)
            UNION ALL
            (SELECT id, 1 FROM jobs WHERE live AND """
        + MATCHING
        + """ ORDER BY id LIMIT %(limit)s)
            UNION ALL
            (SELECT id, 2 FROM jobs WHERE finished_at > cluster_time() - %(lately)s * interval '1 s' AND """
        + MATCHING
        + """ ORDER BY finished_at DESC, id DESC LIMIT %(limit)s)
        ), chosen AS (SELECT id, min(turn) AS turn FROM turns GROUP BY id)
        """
        + COLUMNS
        + " ORDER BY chosen.turn, j.id LIMIT %(limit)s",
        limit=limit,
        lately=selection.lately_s,
        states=list(selection.states) or None,
        tenant=selection.tenant,
        name=selection.name,
    )
    return [read_job(row) for row in rows]


def read_named(db: Database, selection: Selection, limit: int) -> list[JobPicture]:
    """Jobs by number, by array, or all that there ever were: the newest of them, in the order of their numbers."""
    array = selection.array_id  # the number of its first job; the others follow
    default = (0, 2**62) if array is None else (array, array + MAX_ARRAY - 1)
    ranges = merge(selection.ranges or [default])
    rows = db.rows(
        """
        WITH chosen AS (
            SELECT found.id FROM unnest(%(lows)s::bigint[], %(highs)s::bigint[]) r(low, high)
              LEFT JOIN (SELECT s.first_job_id AS low, s.first_job_id + s.jobs - 1 AS high
                           FROM jobs j JOIN submissions s ON s.id = j.submission_id WHERE j.id = %(array)s) a ON true
             CROSS JOIN LATERAL (
                   SELECT id FROM jobs
                    WHERE id BETWEEN greatest(r.low, a.low) AND least(r.high, a.high)  -- these ignore NULLs
                      AND (%(array)s::bigint IS NULL OR array_id + 0 = %(array)s) AND """
        + MATCHING
        + """
                    ORDER BY id DESC LIMIT %(limit)s) found
             ORDER BY found.id DESC LIMIT %(limit)s
        )
        """
        + COLUMNS
        + " ORDER BY j.id",
        lows=[low for low, _ in ranges],
        highs=[high for _, high in ranges],
        array=array,
        states=list(selection.states) or None,
        tenant=selection.tenant,
        name=selection.name,
        limit=limit,
    )
    return [read_job(row) for row in rows]


def merge(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in ranges that do not overlap, lowest first."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def attempts(db: Database, job_id: int) -> list[AttemptPicture]:
    """Every try at a job, oldest first."""
    return db.nouns(
        AttemptPicture,
        """
        SELECT a.attempt, a.id AS allocation_id, w.name AS worker, a.status, a.reserved_at, a.allocated_at,
               a.released_at, a.release_reason, a.exit_code, a.signal, a.detail, a.cpu_s, a.memory_peak_mb
          FROM allocations a JOIN workers w ON w.id = a.worker_id WHERE a.job_id = %s ORDER BY a.attempt
        """,
        job_id,
    )


def counts(db: Database, ids: Sequence[int] | None = None) -> dict[str, int]:
    """How many jobs are in each state: of *ids*, or all live ones and those that ended within the hour."""
    if ids is not None:
        return dict(db.rows("SELECT state, count(*) FROM jobs WHERE id = ANY (%s) GROUP BY state", list(ids)))
    return dict(
        db.rows(
            """
            SELECT state, count(*) FROM jobs WHERE live GROUP BY state UNION ALL
            SELECT state, count(*) FROM jobs WHERE finished_at > cluster_time() - interval '1 h' GROUP BY state
            """
        )
    )


def cancel(db: Database, ids: Sequence[int]) -> list[Cancelled]:
    """any → cancelled: at once what has not started, by asking its agent what runs. Unknown ids are not answered.

    The allocation is decided upon by the values seen under its own lock, never by this statement's snapshot.
    Raises Moved when a job was placed between the look and the write: repeat.
    """
    return db.nouns(
        Cancelled,
        """
        WITH locked AS MATERIALIZED (
            SELECT id, state, allocation_id, live FROM jobs WHERE id = ANY (%s::bigint[]) ORDER BY id FOR UPDATE
        ), stopped AS (
            UPDATE allocations a
               SET status = CASE a.status WHEN 'reserved' THEN 'released' ELSE a.status END,
                   released_at = CASE a.status WHEN 'reserved' THEN cluster_time() ELSE a.released_at END,
                   release_reason = CASE a.status WHEN 'reserved' THEN 'cancelled' ELSE a.release_reason END,
                   stop_requested_at = coalesce(a.stop_requested_at, cluster_time()),
                   stop_outcome = coalesce(a.stop_outcome, 'cancelled')
              FROM locked l WHERE a.id = l.allocation_id
            RETURNING a.job_id, a.worker_id
        ), stepped AS (
            UPDATE jobs j
               SET cancel_requested_at = coalesce(j.cancel_requested_at, cluster_time()),
                   state = CASE l.state WHEN 'running' THEN 'running' ELSE 'cancelled' END,
                   allocation_id = CASE l.state WHEN 'running' THEN j.allocation_id END,
                   reason = CASE l.state WHEN 'running' THEN j.reason ELSE 'cancelled' END,
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
        list(ids),
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


def story(db: Database, job_id: int) -> tuple[Spec, list[DependencyPicture]] | None:
    """What a job was asked to do, and what it waits for."""
    row = db.row(
        """
        SELECT s.spec::text, s.script FROM jobs j JOIN submissions s ON s.id = j.submission_id WHERE j.id = %s
        """,
        job_id,
    )
    if row is None:
        return None
    spec = msgspec.json.decode(row[0], type=Spec)
    parents = db.nouns(
        DependencyPicture,
        """
        SELECT d.parent_id AS job_id, d.condition, p.state
          FROM dependencies d LEFT JOIN jobs p ON p.id = d.parent_id WHERE d.job_id = %s ORDER BY d.parent_id
        """,
        job_id,
    )
    return (spec if row[1] is None else msgspec.structs.replace(spec, script=row[1])), parents


def last_id(db: Database, user: str) -> int | None:
    """The newest job of *user*."""
    found: int | None = db.value(
        'SELECT first_job_id + jobs - 1 FROM submissions WHERE "user" = %s ORDER BY id DESC LIMIT 1', user
    )
    return found


def output_facts(db: Database, job_id: int, attempt: int | None) -> tuple[Any, ...] | None:
    """What is needed to find an attempt's output: see views.output."""
    return db.row(
        """
        SELECT a.attempt, a.status, w.name, w.hostname, w.spool, j.name, j.array_id, j.array_index, s.spec::text, a.id
          FROM jobs j JOIN submissions s ON s.id = j.submission_id
          JOIN allocations a ON a.job_id = j.id JOIN workers w ON w.id = a.worker_id
         WHERE j.id = %(job)s AND a.start_token IS NOT NULL AND (%(attempt)s::int IS NULL OR a.attempt = %(attempt)s)
         ORDER BY a.attempt DESC LIMIT 1
        """,
        job=job_id,
        attempt=attempt,
    )
