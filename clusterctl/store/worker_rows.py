"""Workers as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from clusterctl.model.pictures import Amounts, HoldingPicture, WorkerPicture, WorkerSlo
from clusterctl.store.connection import Database

# What live allocations add up to, by worker; of those of which {only} says so. Reports of replicas that are older than
# %(ttl)s seconds are none. (Their percentile is by nearest rank.)
HELD: LiteralString = """
    SELECT its.worker_id, its.jobs, its.services, told.p99_ms, told.requests, told.violations
      FROM (SELECT worker_id, count(*) AS jobs, count(*) FILTER (WHERE kind = 'service') AS services
              FROM allocations WHERE live{only} GROUP BY worker_id) its
      LEFT JOIN (  -- of few: it wants them sorted
            SELECT worker_id, percentile_disc(0.99) WITHIN GROUP (ORDER BY p99_ms)::float8 AS p99_ms,
                   sum(requests)::bigint AS requests, sum(violations)::bigint AS violations
              FROM allocations WHERE live AND reported_at > cluster_time() - %(ttl)s * interval '1 s'{only}
             GROUP BY worker_id) told USING (worker_id)"""
# Who holds most of it.
MOST: LiteralString = """
    SELECT DISTINCT ON (worker_id) worker_id, tenant, share
      FROM (SELECT a.worker_id, a.tenant, greatest(
                       sum(a.cpu_milli) / m.cpu_milli::float8,
                       sum(a.memory_mb) / nullif(m.memory_mb, 0)::float8,
                       sum(a.gpus) / nullif(m.gpus, 0)::float8) AS share
              FROM allocations a JOIN workers m ON m.id = a.worker_id
             WHERE a.live{only} GROUP BY a.worker_id, a.tenant, m.id) shares
     ORDER BY worker_id, share DESC, tenant"""
# Follows a CTE called chosen, which has the workers' ids. What a silent one uses is unknown, not what it said last.
CHOSEN_ONLY: LiteralString = " AND worker_id = ANY (ARRAY(SELECT id FROM chosen))"
COLUMNS: LiteralString = f"""
    SELECT w.name, w.hostname, w.registered_at, w.last_heartbeat_at, w.admin_state, w.live_state, w.live_reason,
           w.incarnation, extract(epoch FROM cluster_time() - w.last_heartbeat_at)::float8,
           w.cpu_milli, w.reserved_milli, w.allocated_milli,
           CASE WHEN w.live_state = 'up' THEN w.used_milli END,
           w.memory_mb, w.reserved_memory_mb, w.allocated_memory_mb,
           CASE WHEN w.live_state = 'up' THEN w.used_memory_mb END,
           w.gpus, w.reserved_gpus, w.allocated_gpus, coalesce(held.jobs, 0), coalesce(held.services, 0), w.load1,
           w.labels, w.version, w.admin_reason, w.trouble, w.beat, w.drain_by,
           held.p99_ms, coalesce(held.requests, 0), coalesce(held.violations, 0), most.share, most.tenant
      FROM chosen JOIN workers w USING (id)
      LEFT JOIN ({HELD.format(only=CHOSEN_ONLY)}) held ON held.worker_id = w.id
      LEFT JOIN ({MOST.format(only=CHOSEN_ONLY)}) most ON most.worker_id = w.id"""


def read(
    db: Database, name: str | None = None, *, reported_within_s: float = 120.0, most: int | None = None
) -> list[WorkerPicture]:
    """All workers that are not forgotten, or the one, by name; of too many the first *most*.

    Reports of its replicas that are older than *reported_within_s* are none.
    """
    rows = db.rows(
        f"""
        WITH chosen AS MATERIALIZED (
            SELECT id FROM workers WHERE forgotten_at IS NULL AND (%(name)s::text IS NULL OR name = %(name)s)
             ORDER BY name LIMIT %(most)s
        ) {COLUMNS} ORDER BY w.name
        """,
        name=name,
        most=most,
        ttl=reported_within_s,
    )
    return [read_worker(row) for row in rows]


def count(db: Database) -> int:
    """How many are not forgotten."""
    return int(db.value("SELECT count(*) FROM workers WHERE forgotten_at IS NULL"))


def read_worker(row: Sequence[Any]) -> WorkerPicture:
    """A WorkerPicture from COLUMNS."""
    return WorkerPicture(
        name=row[0], hostname=row[1], registered_at=row[2], last_heartbeat_at=row[3], admin_state=row[4],
        live_state=row[5], live_reason=row[6], incarnation=row[7], heartbeat_age_s=round(row[8], 3),
        cpus=Amounts(
            total=row[9] / 1000, reserved=row[10] / 1000, allocated=row[11] / 1000,
            used=None if row[12] is None else row[12] / 1000,
        ),
        memory_mb=Amounts(total=row[13], reserved=row[14], allocated=row[15], used=row[16]),
        gpus=Amounts(total=row[17], reserved=row[18], allocated=row[19]),
        jobs=row[20], services=row[21], load1=row[22], labels=row[23], version=row[24], admin_reason=row[25],
        trouble=row[26], beat=row[27], drain_by=row[28],
        slo=WorkerSlo(
            p99_ms=row[29], requests=row[30], violations=row[31],
            violation_rate=None if not row[30] else round(row[31] / row[30], 4),
            dominant_share=round(row[32] or 0.0, 4), tenant=row[33],
        ),
    )  # fmt: skip


def holdings(db: Database, name: str) -> list[HoldingPicture]:
    """What a worker holds, oldest first."""
    return db.nouns(
        HoldingPicture,
        """
        SELECT a.job_id, j.name, a.attempt, a.id AS allocation_id, a.status, a.cpu_milli / 1000.0::float8 AS cpus,
               a.memory_mb, a.gpus, a.reserved_at, a.allocated_at, a.stop_requested_at IS NOT NULL AS stop_requested,
               a.lost_after_s - extract(epoch FROM cluster_time() - w.last_heartbeat_at)::float8 AS lost_in_s
          FROM workers w JOIN allocations a ON a.worker_id = w.id AND a.live JOIN jobs j ON j.id = a.job_id
         WHERE w.name = %s ORDER BY a.id
        """,
        name,
    )
