"""The leader's look: workers, the heads of the queue, and what the rules of placement want to know besides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import Steering
from clusterctl.store import grants, loads
from clusterctl.store.connection import Database

NOTHING = Resources()

# What is left of the limit of an array, of which h is a job; NULL without a limit. The ids of an array are contiguous.
SLOTS: LiteralString = """
    CASE WHEN h.array_limit IS NOT NULL THEN greatest(0, h.array_limit - (
        SELECT count(*) FROM submissions a JOIN allocations r
            ON r.live AND r.job_id BETWEEN a.first_job_id AND a.first_job_id + a.jobs - 1
         WHERE a.id = h.submission_id)) END"""
# What all jobs of a group have in common, of which h is one.
GROUP: LiteralString = f"""
    h.shape::text, h.cpu_milli, h.memory_mb, h.gpus, h.tenant, h.priority, h.kind, h.labels, h.requested_worker,
    h.time_limit_s, h.displaced, h.avoid_worker_id, {SLOTS}"""


def look(
    db: Database, steering: Steering, *, max_starts: int, grace_s: float = 0.0, also: Sequence[QueueGroup] = ()
) -> Snapshot:
    """A snapshot; nothing is locked. Its cost grows with workers, shapes and what can start, not with the queue.

    What only some rules look at is read only when they have something to place. *also*: groups that do not stand in the
    queue, and of which one wants to know what would become of them. *grace_s*: what jobs have beyond their limits.
    """
    at, workers = read_workers(db)
    queue = read_queue(db, sum(worker.free.cpu_milli for worker in workers), max_starts)
    groups = (*queue, *also)
    names = {group.tenant for group in groups}
    granted = grants.of(db, names) if names else {}
    quotas = {name: each.quota for name, each in granted.items() if each.quota is not None}
    used = read_used(db) if len(names) > 1 or quotas else {}
    if any(at - group.submitted[0] >= steering.starve_after for group in groups):
        enduring = loads.read_enduring(db)
        workers = tuple(replace(worker, enduring=enduring.get(worker.id, NOTHING)) for worker in workers)
    return Snapshot(
        at=at,
        workers=loads.loaded(db, workers, steering, {group.kind for group in groups}),
        queue=queue,
        used={name: held for name, (held, _) in used.items()},
        recent={name: each.recent for name, each in granted.items()} if steering.fair_half_life else {},
        weights={name: each.weight for name, each in granted.items()},
        quotas={name: replace(quota, holds=used[name][1] if name in used else 0) for name, quota in quotas.items()},
        endings=loads.read_endings(db) if steering.backfill == "easy" and groups else (),
        grace_s=grace_s,
        steering=steering,
        max_starts=max_starts,
    )


def read_workers(db: Database) -> tuple[float, tuple[WorkerPicture, ...]]:
    """The database's time, and every worker that is not forgotten."""
    rows = db.rows(
        """
        SELECT extract(epoch FROM cluster_time())::float8, w.id, w.name, w.cpu_milli, w.memory_mb, w.gpus,
               w.reserved_milli, w.reserved_memory_mb, w.reserved_gpus,
               w.allocated_milli, w.allocated_memory_mb, w.allocated_gpus, w.admin_state, w.live_state, w.labels,
               w.trouble
          FROM (SELECT) one LEFT JOIN workers w ON w.forgotten_at IS NULL ORDER BY w.name
        """
    )
    workers = tuple(
        WorkerPicture(
            id=row[1],
            name=row[2],
            capacity=Resources(*row[3:6]),
            reserved=Resources(*row[6:9]),
            allocated=Resources(*row[9:12]),
            admin_state=AdminState(row[12]),
            live_state=LiveState(row[13]),
            labels=row[14],
            trouble=row[15],
        )
        for row in rows
        if row[1] is not None
    )
    return rows[0][0], workers


def read_queue(db: Database, free_milli: int, max_starts: int) -> tuple[QueueGroup, ...]:
    """The queue as groups of equal shape: one skip through the index per shape, its heads that could start, one more.

    (A "loose index scan": the recursion jumps from one shape to the next instead of reading every row.)
    """
    rows = db.rows(
        f"""
        WITH RECURSIVE shapes AS (
            (SELECT shape FROM jobs WHERE ready ORDER BY shape LIMIT 1)
            UNION ALL
            SELECT (SELECT j.shape FROM jobs j WHERE j.ready AND j.shape > s.shape ORDER BY j.shape LIMIT 1)
              FROM shapes s WHERE s.shape IS NOT NULL
        )
        SELECT {GROUP}, q.ids, q.submitted, h.bound
          FROM shapes s
         CROSS JOIN LATERAL (
               SELECT j.*, least(%(most)s, %(free)s / j.cpu_milli + 1) AS bound
                 FROM jobs j WHERE j.ready AND j.shape = s.shape ORDER BY j.submitted_at, j.id LIMIT 1) h
         CROSS JOIN LATERAL (
               SELECT array_agg(i.id) AS ids, array_agg(extract(epoch FROM i.submitted_at)::float8) AS submitted
                 FROM (SELECT j.id, j.submitted_at FROM jobs j WHERE j.ready AND j.shape = s.shape
                        ORDER BY j.submitted_at, j.id LIMIT h.bound + 1) i) q
         WHERE s.shape IS NOT NULL
        """,
        most=max_starts,
        free=free_milli,
    )
    return tuple(read_group(row) for row in rows)


def read_group(row: Sequence[Any]) -> QueueGroup:
    """A QueueGroup from GROUP and its heads: ids, moments, and how many of them count; one more tells of others."""
    bound = row[15]
    return QueueGroup(
        shape=row[0],
        request=Resources(*row[1:4]),
        tenant=row[4],
        priority=row[5],
        kind=row[6],
        labels=row[7],
        worker=row[8],
        time_limit_s=row[9],
        displaced=row[10],
        avoid=row[11],
        slots=row[12],
        ids=tuple(row[13][:bound]),
        submitted=tuple(row[14][:bound]),
        more=len(row[13]) > bound,
    )


def read_used(db: Database) -> dict[str, tuple[Resources, int]]:
    """What each tenant's live allocations hold, and how many jobs hold it."""
    return {
        tenant: (Resources(cpu, memory, gpus), holds)
        for tenant, cpu, memory, gpus, holds in db.rows(
            """
            SELECT tenant, sum(cpu_milli)::bigint, sum(memory_mb)::bigint, sum(gpus)::bigint, count(*)
              FROM allocations WHERE live GROUP BY tenant
            """
        )
    }
