"""What the doctor reads: rows that should not be, or not for so long. Nothing here writes.

All of it reads only what is live, or what is named, by an index.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from clusterctl.store.connection import Database


class LateStart(msgspec.Struct, frozen=True):
    """A reservation that was not started in time."""

    allocation_id: int
    job_id: int
    worker: str
    live_state: str
    cpu_milli: int
    reserved_at: datetime
    start_by: datetime
    heard_at: datetime
    heard_age_s: float


class Attempt(msgspec.Struct, frozen=True):
    """An allocated allocation, and the agent that should run it. ``since``: from when on that is doubted."""

    allocation_id: int
    job_id: int
    worker: str
    token: str
    incarnation: int
    worker_incarnation: int
    allocated_at: datetime
    since: datetime
    stopping: bool


class Holder(msgspec.Struct, frozen=True):
    """A worker that is not up, and what is held there. Times of loss are estimates: silence is added up elsewhere."""

    worker: str
    live_state: str
    live_reason: str
    incarnation: int
    beat: int
    heard_at: datetime
    jobs: list[int]
    allocated: int
    unfenced: int  # of these, how many are never declared lost
    cpu_milli: int
    first_lost_at: datetime | None
    last_lost_at: datetime | None


class Reign(msgspec.Struct, frozen=True):
    """The leader's row, and whether jobs wait for it. Ages in seconds; None: never.

    Waits are of the oldest job that could start, if ``could_start``; else of the oldest.
    """

    term: int
    holder: str
    rounds: int
    renewed_at: datetime | None
    renewed_age_s: float | None
    decided_at: datetime | None
    decided_age_s: float | None
    waiting_since: datetime | None
    waiting_s: float | None
    could_start: bool


class Told(msgspec.Struct, frozen=True):
    """What Postgres knows of an allocation that somebody names. ``grace_s``: what its agent grants it at its end."""

    allocation_id: int
    token: str | None
    status: str
    job_id: int
    worker: str
    grace_s: int
    released_at: datetime | None
    release_reason: str | None
    released_age_s: float | None


class Sign(msgspec.Struct, frozen=True):
    """How a worker is, as Postgres heard of it last."""

    worker: str
    live_state: str
    heard_age_s: float


def late_starts(db: Database, slack_s: float) -> list[LateStart]:
    """Reservations whose ``start_by`` has passed by more than *slack_s*."""
    return db.nouns(
        LateStart,
        """
        SELECT a.id AS allocation_id, a.job_id, w.name AS worker, w.live_state, a.cpu_milli, a.reserved_at, a.start_by,
               w.last_heartbeat_at AS heard_at,
               extract(epoch FROM cluster_time() - w.last_heartbeat_at)::float8 AS heard_age_s
          FROM (SELECT * FROM allocations WHERE reserved ORDER BY worker_id, id OFFSET 0) a
         CROSS JOIN LATERAL (
               SELECT FROM jobs WHERE id = a.job_id AND allocation_id = a.id AND state = 'scheduled' OFFSET 0) j
          JOIN workers w ON w.id = a.worker_id
         WHERE a.start_by < cluster_time() - %s * interval '1 s'
         ORDER BY a.id
        """,
        slack_s,
    )


def unmeasured(db: Database, settle_s: float) -> list[Attempt]:
    """What a worker that is up holds allocated, and has not measured in its last three samples of itself.

    The first of the three is *settle_s* younger than the start and the registration.
    """
    return db.nouns(
        Attempt,
        """
        SELECT a.id AS allocation_id, a.job_id, w.name AS worker, a.start_token::text AS token, a.incarnation,
               w.incarnation AS worker_incarnation, a.allocated_at, looks.since,
               a.stop_requested_at IS NOT NULL AS stopping
          FROM workers w
         CROSS JOIN LATERAL (  -- the third of its newest: one look for all that it holds
               SELECT at AS since FROM samples WHERE worker_id = w.id AND allocation_id IS NULL
                ORDER BY at DESC OFFSET 2 LIMIT 1) looks
          JOIN allocations a ON a.worker_id = w.id
           AND looks.since > greatest(a.allocated_at, w.registered_at) + %s * interval '1 s'
         WHERE a.live AND a.status = 'allocated' AND w.live_state = 'up'
           AND NOT EXISTS (SELECT FROM samples m WHERE m.allocation_id = a.id AND m.at >= looks.since)
         ORDER BY a.id
        """,
        settle_s,
    )


def before_boot(db: Database, after_s: float) -> list[Attempt]:
    """What is still allocated on a worker that is up, and was started before its machine was last started.

    Its agent registered more than *after_s* ago, and had the time to say so.
    """
    return db.nouns(
        Attempt,
        """
        SELECT a.id AS allocation_id, a.job_id, w.name AS worker, a.start_token::text AS token, a.incarnation,
               w.incarnation AS worker_incarnation, a.allocated_at, w.registered_at AS since,
               a.stop_requested_at IS NOT NULL AS stopping
          FROM workers w JOIN allocations a ON a.worker_id = w.id AND a.live
          JOIN jobs j ON j.id = a.job_id AND j.allocation_id = a.id AND j.state = 'running'
         WHERE a.status = 'allocated' AND a.incarnation < w.booted_as AND w.live_state = 'up'
           AND w.registered_at < cluster_time() - %s * interval '1 s'
         ORDER BY a.id
        """,
        after_s,
    )


def holders(db: Database) -> list[Holder]:
    """Workers that are silent or lost, and hold something."""
    return db.nouns(
        Holder,
        """
        SELECT w.name AS worker, w.live_state, w.live_reason, w.incarnation, w.beat, w.last_heartbeat_at AS heard_at,
               array_agg(a.job_id ORDER BY a.job_id) AS jobs,
               count(*) FILTER (WHERE a.status = 'allocated') AS allocated,
               count(*) FILTER (WHERE a.status = 'allocated' AND a.lost_after_s IS NULL) AS unfenced,
               sum(a.cpu_milli)::bigint AS cpu_milli,
               w.last_heartbeat_at + interval '1 s' * min(a.lost_after_s) FILTER (WHERE NOT a.reserved)
                   AS first_lost_at,
               w.last_heartbeat_at + interval '1 s' * max(a.lost_after_s) FILTER (WHERE NOT a.reserved)
                   AS last_lost_at
          FROM workers w JOIN allocations a ON a.worker_id = w.id AND a.live
         WHERE w.live_state <> 'up'
         GROUP BY w.id ORDER BY w.name
        """,
    )


def decides(db: Database, renewed_within_s: float, decided_within_s: float) -> bool:
    """Whether the leader's row looks as that of a leader that decides, or has just changed hands."""
    return bool(
        db.value(
            """
            SELECT renewed_at >= cluster_time() - %s * interval '1 s'
                   AND (holder = '' OR coalesce(decided_at >= cluster_time() - %s * interval '1 s', true)) FROM leader
            """,
            renewed_within_s,
            decided_within_s,
        )
    )


def reign(db: Database, never: Collection[str] = ()) -> Reign:
    """Who decides, how lately, and for how long the oldest job waits that could start.

    Those cannot of which the planner has said last that they wait for one of the reasons in *never*.
    """
    return db.nouns(
        Reign,
        """
        WITH RECURSIVE oldest AS (  -- of each shape: the index begins with it
            (SELECT shape, submitted_at FROM jobs WHERE ready ORDER BY shape, submitted_at LIMIT 1)
            UNION ALL
            SELECT n.shape, n.submitted_at FROM oldest o
             CROSS JOIN LATERAL (SELECT shape, submitted_at FROM jobs WHERE ready AND shape > o.shape
                                  ORDER BY shape, submitted_at LIMIT 1) n
        )
        SELECT l.term, regexp_replace(l.holder, '@[^@]*$', '') AS holder, l.rounds,
               l.renewed_at, extract(epoch FROM cluster_time() - l.renewed_at)::float8 AS renewed_age_s,
               l.decided_at, extract(epoch FROM cluster_time() - l.decided_at)::float8 AS decided_age_s,
               q.since AS waiting_since, extract(epoch FROM cluster_time() - q.since)::float8 AS waiting_s, could_start
          FROM leader l, (
               SELECT coalesce(min(submitted_at) FILTER (WHERE NOT hopeless), min(submitted_at)) AS since,
                      count(*) FILTER (WHERE NOT hopeless) > 0 AS could_start
                 FROM (SELECT o.submitted_at,
                              EXISTS (SELECT FROM claims WHERE shape = o.shape AND open AND reason = ANY (%s::text[]))
                                  AS hopeless
                         FROM oldest o) judged) q
        """,
        list(never),
    )[0]


def told(db: Database, allocation_ids: Collection[int]) -> list[Told]:
    """Those of *allocation_ids* that exist."""
    return db.nouns(
        Told,
        """
        SELECT a.id AS allocation_id, a.start_token::text AS token, a.status, a.job_id, w.name AS worker,
               a.grace_s, a.released_at, a.release_reason,
               extract(epoch FROM cluster_time() - a.released_at)::float8 AS released_age_s
          FROM allocations a JOIN workers w ON w.id = a.worker_id WHERE a.id = ANY (%s::bigint[]) ORDER BY a.id
        """,
        list(allocation_ids),
    )


def signs(db: Database) -> list[Sign]:
    """Every worker that Postgres knows."""
    return db.nouns(
        Sign,
        """
        SELECT name AS worker, live_state,
               extract(epoch FROM cluster_time() - last_heartbeat_at)::float8 AS heard_age_s
          FROM workers ORDER BY name
        """,
    )


def hostnames(db: Database) -> list[str]:
    """The machines of all workers that are not lost."""
    return [row[0] for row in db.rows("SELECT DISTINCT hostname FROM workers WHERE live_state <> 'lost' ORDER BY 1")]


def quiet_s(db: Database) -> float:
    """For how many seconds no allocation has taken a step; a million if none ever did."""
    return float(
        db.value(
            """
            SELECT coalesce(extract(epoch FROM cluster_time() - greatest(
                       (SELECT max(greatest(reserved_at, allocated_at)) FROM allocations WHERE live),
                       (SELECT max(released_at) FROM allocations WHERE released_at IS NOT NULL))), 1e6)::float8
            """
        )
    )


def exists(db: Database, kind: str, name: str) -> bool:
    """Whether there is such a ``job``, ``service``, ``allocation`` (numbers), ``worker`` or ``setting`` (names)."""
    if kind == "setting":
        return bool(db.value("SELECT EXISTS (SELECT FROM steering WHERE name = %s)", name))
    if kind == "service":
        return bool(db.value("SELECT EXISTS (SELECT FROM services WHERE id = %s)", int(name)))
    if kind == "worker":
        return bool(db.value("SELECT EXISTS (SELECT FROM workers WHERE name = %s)", name))
    if kind == "job":
        return bool(db.value("SELECT EXISTS (SELECT FROM jobs WHERE id = %s)", int(name)))
    return bool(db.value("SELECT EXISTS (SELECT FROM allocations WHERE id = %s)", int(name)))
