"""Services as rows: each with the sums over its live replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from clusterctl.model.services import HeldUp, ReplicaCounts, ServicePicture, standing
from clusterctl.store.connection import Database
from clusterctl.store.rolling import HOLDERS, TURNS

# Of an allocation ``a`` of a replica that runs: how its process fares. What a silent worker said last is long ago.
UNREADY: LiteralString = "(a.was_ready AND a.ran_generation >= a.generation)"
FARES: LiteralString = f"""
                         CASE WHEN (SELECT live_state FROM workers WHERE id = a.worker_id) <> 'up' THEN 'silent'
                              WHEN a.ready_at IS NOT NULL THEN 'ready' WHEN a.resting_until IS NOT NULL THEN 'resting'
                              WHEN {UNREADY} THEN 'unready' ELSE 'starting' END"""
# Of ``chosen``, services. A replica that is being cancelled is not wanted any more. Rows are fetched by key, service by
# service: OFFSET 0 keeps Postgres from reading all jobs that there ever were instead.
PICTURES: LiteralString = (
    """, rollers AS MATERIALIZED (
        SELECT id, generation FROM chosen WHERE rolling
    ), """
    + TURNS
    + """, holders AS MATERIALIZED ("""
    + HOLDERS
    + """)
    SELECT s.id, s.name, s.every_worker, s.generation, s.slo_p99_ms, s.created_at, s.ended_at, s.rolling,
           f.tenant, f."user", f.priority, f.cpu_milli, f.memory_mb, f.gpus, f.command, f.script_lines,
           h.job_id AS holder_id, h.worker AS holder, h.standing, r.*
      FROM chosen s
      LEFT JOIN holders h ON h.service_id = s.id
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE wanted) AS wanted,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.fares = 'ready') AS ready,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.fares = 'starting') AS starting,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.fares = 'unready') AS unready,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.fares = 'resting') AS resting,
                  count(*) FILTER (WHERE wanted AND j.state = 'running' AND a.fares = 'silent') AS silent,
                  count(*) FILTER (WHERE wanted AND j.state = 'scheduled') AS scheduled,
                  count(*) FILTER (WHERE wanted AND j.state = 'pending') AS pending,
                  count(*) FILTER (WHERE wanted AND j.state = 'held') AS held,
                  count(*) FILTER (WHERE NOT wanted) AS stopping,
                  coalesce(sum(j.restarts + coalesce(a.restarts, 0)), 0) AS restarts,
                  count(*) FILTER (WHERE wanted AND a.fares = 'ready'
                                         AND a.ran_generation = s.generation) AS current,
                  percentile_disc(0.99) WITHIN GROUP (ORDER BY a.p99_ms) FILTER (WHERE a.is_fresh) AS p99_ms,
                  sum(a.violations) FILTER (WHERE a.is_fresh)
                      / nullif(sum(a.requests) FILTER (WHERE a.is_fresh), 0)::float8 AS violation_rate,
                  coalesce(sum(a.all_requests), 0)::bigint AS requests,
                  coalesce(sum(a.all_violations), 0)::bigint AS violations
             FROM (SELECT *, cancel_requested_at IS NULL AS wanted FROM jobs
                    WHERE array_id = s.id AND replica OFFSET 0) j
             LEFT JOIN LATERAL (
                  SELECT *, reported_at > cluster_time() - %(fresh)s * interval '1 s' AS is_fresh, """
    + FARES
    + """ AS fares
                    FROM allocations a WHERE id = j.allocation_id OFFSET 0) a ON true) r
      JOIN LATERAL (
           SELECT j.tenant, j."user", j.priority, j.cpu_milli, j.memory_mb, j.gpus, u.spec->'command' AS command,
                  cardinality(string_to_array(regexp_replace(u.script, '\\n$', ''), E'\\n')) AS script_lines
             FROM (SELECT * FROM jobs WHERE array_id = s.id ORDER BY array_index DESC LIMIT 1) j
             JOIN submissions u ON u.id = j.submission_id) f ON true
     ORDER BY s.id
"""
)
# Those that live, or ended not long ago; or all that are kept.
LISTED: LiteralString = """
    SELECT * FROM services WHERE ended_at IS NULL UNION ALL
    SELECT * FROM services
     WHERE ended_at IS NOT NULL AND (%(everything)s OR ended_at > cluster_time() - %(lately)s * interval '1 s')"""


def read(db: Database, ids: Sequence[int], fresh_s: float) -> list[ServicePicture]:
    """These services, by number; unknown ones are left out. A report counts as the latest news for *fresh_s*."""
    chosen: LiteralString = "WITH chosen AS MATERIALIZED (SELECT * FROM services WHERE id = ANY (%(ids)s::bigint[]))"
    return [read_service(row) for row in db.rows(chosen + PICTURES, ids=list(ids), fresh=fresh_s)]


def listed(db: Database, fresh_s: float, *, everything: bool = False, lately_s: float = 3600) -> list[ServicePicture]:
    """All that live, or ended less than *lately_s* ago; or all that there are."""
    sql = f"WITH chosen AS MATERIALIZED ({LISTED})" + PICTURES
    rows = db.rows(sql, fresh=fresh_s, everything=everything, lately=lately_s)
    return [read_service(row) for row in rows]


def numbers_of(db: Database, name: str) -> list[int]:
    """The live services of that name."""
    return [row[0] for row in db.rows("SELECT id FROM services WHERE ended_at IS NULL AND name = %s ORDER BY id", name)]


def ended_number_of(db: Database, name: str) -> int | None:
    """The service of that name that ended last; None if none did."""
    found: int | None = db.value(
        "SELECT id FROM services WHERE ended_at IS NOT NULL AND name = %s ORDER BY ended_at DESC, id DESC LIMIT 1", name
    )
    return found


def number_of(db: Database, job_id: int) -> int | None:
    """The service of which that job is a replica; None if it is none, or unknown."""
    found: int | None = db.value("SELECT array_id FROM jobs WHERE id = %s AND kind = 'service'", job_id)
    return found


def is_there(db: Database, service_id: int) -> bool:
    """Whether there is such a service."""
    return bool(db.value("SELECT EXISTS (SELECT FROM services WHERE id = %s)", service_id))


def read_service(row: Sequence[Any]) -> ServicePicture:
    """A ServicePicture from PICTURES."""
    kinds = len(ReplicaCounts.__struct_fields__)
    of, counted, sums = row[:19], row[19 : 19 + kinds], row[19 + kinds :]
    counts = ReplicaCounts(**dict(zip(ReplicaCounts.__struct_fields__, counted, strict=True)))
    return ServicePicture(
        id=of[0],
        name=of[1],
        state=standing(counts, ended=of[6] is not None, rolling=of[7]),
        every_worker=of[2],
        replicas=counts,
        rolling=of[7],
        held_up_by=None if of[16] is None else HeldUp(job_id=of[16], worker=of[17], standing=of[18]),
        restarts=sums[0],
        generation=of[3],
        current=sums[1],
        slo_p99_ms=of[4],
        p99_ms=sums[2],
        violation_rate=sums[3],
        requests=sums[4],
        violations=sums[5],
        tenant=of[8],
        user=of[9],
        priority=of[10],
        cpus=of[11] / 1000,
        memory_mb=of[12],
        gpus=of[13],
        command=tuple(of[14]),
        script_lines=of[15],
        created_at=of[5],
        ended_at=of[6],
    )
