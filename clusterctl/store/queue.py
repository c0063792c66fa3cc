"""The queue as the leader looks at it: of each shape the jobs at its head that could start now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Quota
from clusterctl.store.connection import Database

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


class Room:
    """What is free, on each of the workers that take new jobs."""

    def __init__(self, free: Sequence[Resources]) -> None:
        self._cpu_milli = sum(each.cpu_milli for each in free)
        self._most = maxima(free)

    def could_take(self, request: Resources) -> int:
        """No more than so many of them; none if there is no worker that has room for one."""
        if not any(request <= each for each in self._most):
            return 0
        return self._cpu_milli // request.cpu_milli


def maxima(amounts: Iterable[Resources]) -> list[Resources]:
    """Those than which no other is more in every kind: what fits into any of *amounts* fits into one of these."""
    found: list[Resources] = []
    for each in sorted(set(amounts), key=lambda each: (each.cpu_milli, each.memory_mb, each.gpus), reverse=True):
        if not any(each <= other for other in found):
            found.append(each)
    return found


def could_start(group: QueueGroup, room: Room, quota: Quota | None, used: Resources) -> int:
    """No more jobs of the group than this, by what is free, the limit of its array, and what its tenant may hold."""
    bounds = [room.could_take(group.request)]
    if group.slots is not None:
        bounds.append(group.slots)
    if quota is not None and quota.running is not None:
        bounds.append(quota.running - quota.holds)
    if quota is not None and quota.cpu_milli is not None:
        bounds.append((quota.cpu_milli - used.cpu_milli) // group.request.cpu_milli)
    return max(0, min(bounds))


def read_fronts(db: Database, known: Mapping[str, QueueGroup]) -> tuple[QueueGroup, ...]:
    """The queue as groups of equal shape, each with its first job only.

    *known*: groups as they were. What the jobs of a shape ask for is never other than it was, for the shape is made of
    that; so nothing is read of these but which job is the first, and what the limit of an array leaves.
    """
    fronts = read_firsts(db)
    wanted = [shape for shape, _, _ in fronts if shape not in known or known[shape].slots is not None]
    found = {group.shape: group for group in read_groups(db, wanted)} if wanted else {}
    groups = ((found.get(shape) or known.get(shape), job_id, submitted) for shape, job_id, submitted in fronts)
    return tuple(led_by(group, job_id, submitted) for group, job_id, submitted in groups if group is not None)


def led_by(group: QueueGroup, job_id: int, submitted: float) -> QueueGroup:
    """The same group with that job at its front, and perhaps others behind it."""
    if group.ids == (job_id,) and group.submitted == (submitted,) and group.more:
        return group
    return replace(group, ids=(job_id,), submitted=(submitted,), more=True)


def read_heads(db: Database, queue: Sequence[QueueGroup], numbers: Mapping[str, int]) -> tuple[QueueGroup, ...]:
    """The *queue* with the first so many jobs of each shape of which *numbers* says how many, as long as they wait."""
    if not numbers:
        return tuple(queue)
    heads = {
        shape: (ids, submitted)
        for shape, ids, submitted in db.rows(
            """
            SELECT s.shape::text, q.ids, q.submitted
              FROM unnest(%s::uuid[], %s::int[]) s(shape, number)
             CROSS JOIN LATERAL (
                   SELECT array_agg(i.id) AS ids, array_agg(extract(epoch FROM i.submitted_at)::float8) AS submitted
                     FROM (SELECT j.id, j.submitted_at FROM jobs j WHERE j.ready AND j.shape = s.shape
                            ORDER BY j.submitted_at, j.id LIMIT s.number + 1) i) q
            """,
            list(numbers),
            list(numbers.values()),
        )
    }
    groups = ((group, *heads.get(group.shape, (group.ids, group.submitted))) for group in queue)
    return tuple(
        group
        if group.shape not in numbers
        else replace(
            group,
            ids=tuple(ids[: numbers[group.shape]]),
            submitted=tuple(submitted[: numbers[group.shape]]),
            more=len(ids) > numbers[group.shape],
        )
        for group, ids, submitted in groups
        if ids  # else they have all just started, or were cancelled
    )


def read_firsts(db: Database) -> list[tuple[str, int, float]]:
    """Of each shape that waits, the first job and when it was submitted: one skip through the index for each.

    (A "loose index scan": the recursion jumps from one shape to the next instead of reading every row.)
    """
    return db.rows(
        """
        WITH RECURSIVE firsts AS (
            (SELECT shape, id, submitted_at FROM jobs WHERE ready ORDER BY shape, submitted_at, id LIMIT 1)
            UNION ALL
            SELECT n.shape, n.id, n.submitted_at
              FROM firsts f
             CROSS JOIN LATERAL (
                   SELECT j.shape, j.id, j.submitted_at FROM jobs j WHERE j.ready AND j.shape > f.shape
                    ORDER BY j.shape, j.submitted_at, j.id LIMIT 1) n
        )
        SELECT shape::text, id, extract(epoch FROM submitted_at)::float8 FROM firsts
        """
    )


def read_groups(db: Database, shapes: Sequence[str]) -> list[QueueGroup]:
    """Of these shapes, those that wait, with their first jobs."""
    rows = db.rows(
        f"""
        SELECT {GROUP}, ARRAY[h.id], ARRAY[extract(epoch FROM h.submitted_at)::float8]
          FROM unnest(%s::uuid[]) s(shape)
         CROSS JOIN LATERAL (
               SELECT * FROM jobs j WHERE j.ready AND j.shape = s.shape ORDER BY j.submitted_at, j.id LIMIT 1) h
        """,
        list(shapes),
    )
    return [read_group(row) for row in rows]


def read_group(row: Sequence[Any]) -> QueueGroup:
    """A QueueGroup from GROUP and its heads: ids and moments."""
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
        ids=tuple(row[13]),
        submitted=tuple(row[14]),
    )
