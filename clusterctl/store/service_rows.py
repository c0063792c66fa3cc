"""Services as rows: each with the sums over its live replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from clusterctl.model.services import ReplicaCounts, ServicePicture, standing
from clusterctl.store.connection import Database

# Of ``chosen``, services. A replica that is being cancelled is not wanted any more. Rows are fetched by key, service by
# service: OFFSET 0 keeps Postgres from reading all jobs that there ever were instead.
PICTURES: LiteralString = """
    SELECT s.id, s.name, s.every_worker, s.generation, s.slo_p99_ms, s.created_at, s.ended_at, s.rolling,
           f.tenant, f."user", f.priority, f.cpu_milli, f.memory_mb, f.gpus, f.command, r.*
      FROM chosen s
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE wanted) AS wanted,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.ready_at IS NOT NULL) AS ready,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.ready_at IS NULL
                                         AND a.resting_until IS NULL) AS starting,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.ready_at IS NULL
                                         AND a.resting_until IS NOT NULL) AS resting,
                  count(*) FILTER (WHERE wanted AND j.state = 'scheduled') AS scheduled,
                  count(*) FILTER (WHERE wanted AND j.state = 'pending') AS pending,
                  count(*) FILTER (WHERE wanted AND j.state = 'held') AS held,
                  count(*) FILTER (WHERE NOT wanted) AS stopping,
                  coalesce(sum(a.restarts), 0) AS restarts,
                  count(*) FILTER (WHERE wanted AND a.ready_at IS NOT NULL
                                         AND a.ran_generation = s.generation) AS current,
                  percentile_disc(0.99) WITHIN GROUP (ORDER BY a.p99_ms) FILTER (WHERE a.is_fresh) AS p99_ms,
                  sum(a.violations) FILTER (WHERE a.is_fresh)
                      / nullif(sum(a.requests) FILTER (WHERE a.is_fresh), 0)::float8 AS violation_rate,
                  coalesce(sum(a.all_requests), 0)::bigint AS requests,
                  coalesce(sum(a.all_violations), 0)::bigint AS violations
             FROM (SELECT *, cancel_requested_at IS NULL AS wanted FROM jobs
                    WHERE array_id = s.id AND replica OFFSET 0) j
             LEFT JOIN LATERAL (
                  SELECT *, reported_at > cluster_time() - %(fresh)s * interval '1 s' AS is_fresh
                    FROM allocations WHERE id = j.allocation_id OFFSET 0) a ON true) r
      JOIN LATERAL (
           SELECT j.tenant, j."user", j.priority, j.cpu_milli, j.memory_mb, j.gpus, u.spec->'command' AS command
             FROM (SELECT * FROM jobs WHERE array_id = s.id ORDER BY array_index DESC LIMIT 1) j
             JOIN submissions u ON u.id = j.submission_id) f ON true
     ORDER BY s.id
"""


def read(db: Database, ids: Sequence[int], fresh_s: float) -> list[ServicePicture]:
    """These services, by number; unknown ones are left out. A report counts as the latest news for *fresh_s*."""
    chosen: LiteralString = "WITH chosen AS MATERIALIZED (SELECT * FROM services WHERE id = ANY (%(ids)s::bigint[]))"
    return [read_service(row) for row in db.rows(chosen + PICTURES, ids=list(ids), fresh=fresh_s)]


def listed(db: Database, fresh_s: float, *, everything: bool = False, lately_s: float = 3600) -> list[ServicePicture]:
    """All that live, or ended less than *lately_s* ago; or all that there are."""
    chosen: LiteralString = """
        WITH chosen AS MATERIALIZED (
            SELECT * FROM services WHERE ended_at IS NULL UNION ALL
            SELECT * FROM services
             WHERE ended_at IS NOT NULL
               AND (%(everything)s OR ended_at > cluster_time() - %(lately)s * interval '1 s')
        )"""
    rows = db.rows(chosen + PICTURES, fresh=fresh_s, everything=everything, lately=lately_s)
    return [read_service(row) for row in rows]


def numbers_of(db: Database, name: str) -> list[int]:
    """The live services of that name."""
    return [row[0] for row in db.rows("SELECT id FROM services WHERE ended_at IS NULL AND name = %s ORDER BY id", name)]


def number_of(db: Database, job_id: int) -> int | None:
    """The service of which that job is a replica; None if it is none, or unknown."""
    found: int | None = db.value("SELECT array_id FROM jobs WHERE id = %s AND kind = 'service'", job_id)
    return found


def is_there(db: Database, service_id: int) -> bool:
    """Whether there is such a service."""
    return bool(db.value("SELECT EXISTS (SELECT FROM services WHERE id = %s)", service_id))


def read_service(row: Sequence[Any]) -> ServicePicture:
    """A ServicePicture from PICTURES."""
    of, sums = row[:15], row[15:]
    counts = ReplicaCounts(**dict(zip(ReplicaCounts.__struct_fields__, sums[:8], strict=True)))
    return ServicePicture(
        id=of[0],
        name=of[1],
        state=standing(counts, ended=of[6] is not None, rolling=of[7]),
        every_worker=of[2],
        replicas=counts,
        restarts=sums[8],
        generation=of[3],
        current=sums[9],
        slo_p99_ms=of[4],
        p99_ms=sums[10],
        violation_rate=sums[11],
        requests=sums[12],
        violations=sums[13],
        tenant=of[8],
        user=of[9],
        priority=of[10],
        cpus=of[11] / 1000,
        memory_mb=of[12],
        gpus=of[13],
        command=tuple(of[14]),
        created_at=of[5],
        ended_at=of[6],
    )
