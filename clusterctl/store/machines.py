"""What the doctor reads of workers and their machines, and of what they have left. Nothing here writes."""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.store.connection import Database


class Gone(msgspec.Struct, frozen=True):
    """A worker that is lost and holds nothing. ``incarnation`` and ``beat``: by which it is known to be gone still."""

    worker: str
    admin_state: str
    incarnation: int
    beat: int
    heard_at: datetime
    heard_age_s: float


class Withdrawn(msgspec.Struct, frozen=True):
    """A worker that has drained itself: ``why`` are its own words."""

    worker: str
    live_state: str
    since: datetime
    why: str


class Agent(msgspec.Struct, frozen=True):
    """A worker that is up: of which version, on which machine, with its spool, and what troubles it."""

    worker: str
    hostname: str
    version: str
    spool: str
    trouble: str
    heard_at: datetime
    registered_at: datetime


class Ended(msgspec.Struct, frozen=True):
    """An attempt that wrote into the spool of its worker, and has ended."""

    job_id: int
    attempt: int
    worker: str
    spool: str
    released_at: datetime


def gone(db: Database, older_than_s: float) -> list[Gone]:
    """Workers that are lost, hold nothing, and were last heard so long ago."""
    return db.nouns(
        Gone,
        """
        SELECT name AS worker, admin_state, incarnation, beat, last_heartbeat_at AS heard_at,
               extract(epoch FROM cluster_time() - last_heartbeat_at)::float8 AS heard_age_s
          FROM workers
         WHERE live_state = 'lost' AND forgotten_at IS NULL AND reserved_milli + allocated_milli = 0
           AND last_heartbeat_at < cluster_time() - %s * interval '1 s'
         ORDER BY name
        """,
        older_than_s,
    )


def withdrawn(db: Database) -> list[Withdrawn]:
    """Workers that are draining by their own wish, as the audit has it, and that nobody has resumed since."""
    return db.nouns(
        Withdrawn,
        """
        SELECT w.name AS worker, w.live_state, a.at AS since, w.admin_reason AS why
          FROM workers w
         CROSS JOIN LATERAL (
               SELECT actor, at, reason FROM (SELECT * FROM audit WHERE subject = 'worker:' || w.name OFFSET 0) its
                WHERE verb = 'drain' ORDER BY id DESC LIMIT 1) a
         WHERE w.admin_state = 'draining' AND w.forgotten_at IS NULL
           AND a.actor = 'worker ' || w.name AND a.reason = w.admin_reason
         ORDER BY w.name
        """,
    )


def agents(db: Database) -> list[Agent]:
    """Every worker that is up."""
    return db.nouns(
        Agent,
        """
        SELECT name AS worker, hostname, version, spool, trouble, last_heartbeat_at AS heard_at, registered_at
          FROM workers WHERE live_state = 'up' ORDER BY name
        """,
    )


def ended_on(db: Database, hostname: str, within_s: float, most: int) -> list[Ended]:
    """The latest attempts on this machine that were given no file of their own to write to, and ran.

    They began within the last *within_s* seconds, and since what an operator has pruned there: until then no pruner of
    ours has touched what they wrote.
    """
    return db.nouns(
        Ended,
        """
        SELECT a.job_id, a.attempt, w.name AS worker, w.spool, a.released_at
          FROM (SELECT * FROM allocations WHERE released_at > cluster_time() - %(within)s * interval '1 s'
                 ORDER BY released_at DESC LIMIT %(looked)s) a
          JOIN workers w ON w.id = a.worker_id AND w.hostname = %(here)s
         CROSS JOIN LATERAL (
               SELECT coalesce(max(at - (detail->>'older_than_s')::float8 * interval '1 s'), '-infinity') AS upto
                 FROM (SELECT * FROM audit WHERE subject = 'spool:' || w.name OFFSET 0) its WHERE verb = 'prune') pruned
         CROSS JOIN LATERAL (SELECT submission_id FROM jobs WHERE id = a.job_id OFFSET 0) j
         CROSS JOIN LATERAL (SELECT spec FROM submissions WHERE id = j.submission_id OFFSET 0) s
         WHERE a.allocated_at > cluster_time() - %(within)s * interval '1 s' AND a.allocated_at >= pruned.upto
           AND coalesce(s.spec->>'stdout', '') = ''
           AND a.release_reason IN ('exited', 'time_limit', 'out_of_memory')
         ORDER BY a.released_at DESC, a.id DESC LIMIT %(most)s
        """,
        here=hostname,
        within=within_s,
        most=most,
        looked=20 * most,
    )
