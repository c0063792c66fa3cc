"""What ``explain`` must know besides the leader's look: one job, who holds what, and who waits with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusterctl.model.circumstances import Crowd, Holding, Placement, Remark, Subject
from clusterctl.model.resources import Resources
from clusterctl.store.connection import Database
from clusterctl.store.snapshot import GROUP, read_group

MOST_HOLDINGS = 2000  # those whose limits end first


def subject(db: Database, job_id: int) -> Subject:
    """A job that is known to be there, as far as its own row tells."""
    (row,) = db.rows(
        f"""
        SELECT {GROUP}, ARRAY[h.id], ARRAY[extract(epoch FROM h.submitted_at)::float8], 1,
               h.name, h.array_limit, h.ready, h.state = 'held', h.unmet, extract(epoch FROM h.not_before)::float8
          FROM jobs h WHERE h.id = %s
        """,
        job_id,
    )
    *group, name, array_limit, ready, held, unmet, not_before = row
    return Subject(
        job_id=job_id,
        name=name,
        group=read_group(group),
        array_limit=array_limit,
        ready=ready,
        held=held,
        unmet=unmet,
        not_before=not_before,
    )


def holdings(db: Database, ids: Sequence[int] | None = None) -> list[Holding]:
    """What live allocations hold: those of the jobs *ids*, or of all; at most MOST_HOLDINGS, the first to end first."""
    rows = db.rows(
        """
        SELECT a.job_id, a.worker_id, w.name, a.tenant, j.shape::text, j.kind, a.cpu_milli, a.memory_mb, a.gpus,
               extract(epoch FROM a.allocated_at)::float8, j.time_limit_s, a.stop_requested_at IS NOT NULL
          FROM allocations a JOIN jobs j ON j.id = a.job_id JOIN workers w ON w.id = a.worker_id
         WHERE a.live AND (%(ids)s::bigint[] IS NULL OR a.job_id = ANY (%(ids)s::bigint[]))
         ORDER BY coalesce(a.allocated_at, cluster_time()) + j.time_limit_s * interval '1 s', a.job_id LIMIT %(most)s
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
               a.lease_s, w.live_state, extract(epoch FROM w.last_heartbeat_at)::float8
          FROM allocations a JOIN workers w ON w.id = a.worker_id WHERE a.live AND a.job_id = %s
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
        live_state=row[6],
        heard_at=row[7],
    )


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
