"""What ``explain`` must know besides the leader's look: one job, who holds what, and who waits with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusterctl.model.circumstances import Crowd, Holding, Placement, Remark, Roll, Serving, Subject
from clusterctl.model.resources import Resources
from clusterctl.model.services import HeldUp
from clusterctl.store.connection import Database
from clusterctl.store.queue import GROUP, read_group
from clusterctl.store.rolling import HOLDERS, TURNS

MOST_HOLDINGS = 2000  # those whose limits end first


def subject(db: Database, job_id: int) -> Subject:
    """A job that is known to be there, as far as its own row tells."""
    (row,) = db.rows(
        f"""
        SELECT {GROUP}, ARRAY[h.id], ARRAY[extract(epoch FROM h.submitted_at)::float8],
               h.name, h.array_limit, h.ready, h.state = 'held', h.unmet, extract(epoch FROM h.not_before)::float8,
               extract(epoch FROM h.deadline)::float8, extract(epoch FROM h.start_before)::float8,
               h.array_index, coalesce(s.every_worker, false)
          FROM jobs h LEFT JOIN services s ON s.id = h.array_id WHERE h.id = %s
        """,
        job_id,
    )
    *group, name, array_limit, ready, held, unmet, not_before, deadline, start_before, index, every_worker = row
    return Subject(
        job_id=job_id,
        name=name,
        group=read_group(group),
        array_limit=array_limit,
        array_index=index,
        every_worker=every_worker,
        ready=ready,
        held=held,
        unmet=unmet,
        not_before=not_before,
        deadline=deadline,
        start_before=start_before,
    )


def holdings(db: Database, ids: Sequence[int] | None = None) -> list[Holding]:
    """What live allocations hold: those of the jobs *ids*, or of all; at most MOST_HOLDINGS, the first to end first."""
    rows = db.rows(
        """
        WITH soonest AS MATERIALIZED (  -- before all else is looked up: there may be many more than are told
            SELECT job_id, worker_id, tenant, kind, cpu_milli, memory_mb, gpus, allocated_at, stop_requested_at
              FROM allocations
             WHERE live AND (%(ids)s::bigint[] IS NULL OR job_id = ANY (%(ids)s::bigint[]))
             ORDER BY ends_by, job_id LIMIT %(most)s
        )
        SELECT a.job_id, a.worker_id, w.name, a.tenant, j.shape::text, a.kind, a.cpu_milli, a.memory_mb, a.gpus,
               extract(epoch FROM a.allocated_at)::float8, j.time_limit_s, a.stop_requested_at IS NOT NULL
          FROM soonest a CROSS JOIN LATERAL (SELECT shape, time_limit_s FROM jobs WHERE id = a.job_id OFFSET 0) j
          JOIN workers w ON w.id = a.worker_id
         ORDER BY coalesce(a.allocated_at, cluster_time()) + j.time_limit_s * interval '1 s', a.job_id
        """,
        ids=None if ids is None else list(ids),
        most=MOST_HOLDINGS,
    )
    return [read_holding(row) for row in rows]


def read_holding(row: Sequence[Any]) -> Holding:
    """A Holding from the columns above."""
    return Holding(
        job_id=row[0],
        worker_id=row[1],
        worker=row[2],
        tenant=row[3],
        shape=row[4],
        kind=row[5],
        request=Resources(*row[6:9]),
        since=row[9],
        time_limit_s=row[10],
        stopping=row[11],
    )


def crowds(db: Database, submitted: float, job_id: int) -> list[Crowd]:
    """How many jobs of each shape are ready, and how many of them came before the job of that moment and number."""
    return db.nouns(
        Crowd,
        """
        SELECT shape::text, count(*) AS jobs,
               count(*) FILTER (WHERE (submitted_at, id) < (to_timestamp(%s), %s)) AS before
          FROM jobs WHERE ready GROUP BY shape
        """,
        submitted,
        job_id,
    )


def placement(db: Database, holding: Holding) -> Placement:
    """The timers of a job that is known to be placed, and how its worker fares."""
    (row,) = db.rows(
        """
        SELECT extract(epoch FROM cluster_time())::float8, extract(epoch FROM a.reserved_at)::float8,
               extract(epoch FROM a.start_by)::float8, extract(epoch FROM a.stop_requested_at)::float8, a.stop_outcome,
               a.lease_s, a.lost_after_s, j.on_worker_loss, w.live_state,
               extract(epoch FROM w.last_heartbeat_at)::float8
          FROM allocations a JOIN jobs j ON j.id = a.job_id JOIN workers w ON w.id = a.worker_id
         WHERE a.live AND a.job_id = %s
        """,
        holding.job_id,
    )
    return Placement(
        at=row[0],
        holding=holding,
        reserved_at=row[1],
        start_by=row[2],
        stop_requested_at=row[3],
        stop_outcome=row[4],
        lease_s=row[5],
        lost_after_s=row[6],
        on_worker_loss=row[7],
        live_state=row[8],
        heard_at=row[9],
    )


def serving(db: Database, job_id: int) -> Serving | None:
    """How a replica that is placed serves; None of any other job."""
    found = db.nouns(
        Serving,
        """
        SELECT v.id AS service_id, extract(epoch FROM a.ready_at)::float8 AS ready_at, a.restarts,
               extract(epoch FROM a.resting_until)::float8 AS resting_until, a.last_exit, v.generation AS wanted,
               a.generation AS asked, a.ran_generation AS ran, coalesce(s.spec->>'ready_cmd', '') AS ready_cmd,
               coalesce((s.spec->>'ready_after_s')::float8, 0) AS ready_after_s, a.was_ready
          FROM allocations a JOIN jobs j ON j.id = a.job_id JOIN services v ON v.id = j.array_id
          LEFT JOIN submissions s ON s.id = j.submission_id
         WHERE a.live AND a.job_id = %s AND j.kind = 'service'
        """,
        job_id,
    )
    return found[0] if found else None


def roll(db: Database, service_id: int) -> Roll | None:
    """How far the last restart of a service has come; None if no replica is left to restart."""
    row = db.row(
        """
        WITH rollers AS MATERIALIZED (SELECT id, generation FROM services WHERE id = %s), """
        + TURNS
        + """, holders AS MATERIALIZED ("""
        + HOLDERS
        + """)
        SELECT (SELECT count(*)::int FROM turns WHERE live AND is_behind) AS left, h.job_id, h.worker, h.standing
          FROM (SELECT) one LEFT JOIN holders h ON true
        """,
        service_id,
    )
    if row is None or not row[0]:
        return None
    held_up_by = None if row[1] is None else HeldUp(job_id=row[1], worker=row[2], standing=row[3])
    return Roll(held_up_by=held_up_by, left=row[0])


def remark(db: Database, job_id: int, verb: str) -> Remark | None:
    """Who last did *verb* to a job, by the audit."""
    row = db.row(
        """
        SELECT actor, reason, extract(epoch FROM at)::float8 FROM audit
         WHERE subject = 'job:' || %s::bigint AND verb = %s ORDER BY id DESC LIMIT 1
        """,
        job_id,
        verb,
    )
    return None if row is None else Remark(actor=row[0], reason=row[1], at=row[2])


def states(db: Database, ids: Sequence[int]) -> dict[int, str]:
    """Where these jobs are in their lives; unknown ids are left out."""
    return dict(db.rows("SELECT id, state FROM jobs WHERE id = ANY (%s)", list(ids)))
