"""What workers bear: measures, replicas, reports. Read only when some rule looks at it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Measured, ServiceLevel, WorkerPicture
from clusterctl.model.steering import MEASURING, Steering
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory

# Policies, by what they look at. ``resource_usage`` without any measure counts services instead.
COUNTS_SERVICES = frozenset({"service_count", "resource_usage"})
LOOKS_AT_REPORTS = frozenset({"slo"})
NONE = Resources()


class Load(NamedTuple):
    """What is measured of a worker, how many replicas it has, and what its measure cannot show yet."""

    measured: Measured | None
    services: int
    charged: Resources


def loaded(
    db: Database, workers: tuple[WorkerPicture, ...], steering: Steering, kinds: Collection[str], memory: Memory
) -> tuple[WorkerPicture, ...]:
    """The *workers*, with what the policies look at by which jobs of these *kinds* are placed."""
    policies = {steering.batch_placement} if "batch" in kinds else set()
    policies |= {steering.service_placement} if "service" in kinds else set()
    if not policies & (COUNTS_SERVICES | MEASURING):
        return workers
    measures = steering.use_measures == "auto" and bool(policies & MEASURING)
    wants_reports = bool(policies & LOOKS_AT_REPORTS)
    loads = read_loads(db)
    reports = read_reports(db, steering.measure_ttl) if wants_reports else {}
    held = memory.holdings.held(db, memory.muster.digests) if wants_reports else {}
    idle = Load(None, 0, NONE)
    return tuple(
        replace(
            worker,
            services=load.services,
            measured=load.measured if measures else None,
            charged=load.charged if measures else NONE,
            reports=reports.get(worker.id, worker.reports),
            held_by_tenant=held.get(worker.id, worker.held_by_tenant),
        )
        for worker in workers
        for load in [loads.get(worker.id, idle)]
    )


def read_loads(db: Database) -> dict[int, Load]:
    """By worker, of those that have been measured or hold something."""
    rows = db.rows(
        """
        SELECT w.id, w.used_milli, w.used_memory_mb, extract(epoch FROM w.measured_at)::float8,
               coalesce(held.services, 0), coalesce(held.cpu_milli, 0), coalesce(held.memory_mb, 0),
               coalesce(held.gpus, 0)
          FROM workers w
          LEFT JOIN (SELECT a.worker_id, count(*) FILTER (WHERE a.kind = 'service') AS services,
                            sum(a.cpu_milli) FILTER (WHERE young) AS cpu_milli,
                            sum(a.memory_mb) FILTER (WHERE young) AS memory_mb, sum(a.gpus) FILTER (WHERE young) AS gpus
                       FROM workers m JOIN allocations a ON a.worker_id = m.id AND a.live
                      CROSS JOIN LATERAL (
                            SELECT coalesce(a.allocated_at > m.measured_at, true) AS young) it  -- or not begun
                      GROUP BY a.worker_id) held ON held.worker_id = w.id
         WHERE w.forgotten_at IS NULL AND (w.measured_at IS NOT NULL OR held.worker_id IS NOT NULL)
        """
    )
    return {
        id: Load(
            None if at is None else Measured(cpu_milli=used, memory_mb=used_memory, at=at),
            services,
            Resources(cpu, memory, gpus) if cpu else NONE,
        )
        for id, used, used_memory, at, services, cpu, memory, gpus in rows
    }


def read_reports(db: Database, ttl_s: float) -> dict[int, ServiceLevel]:
    """By worker, what its replicas have reported of themselves within *ttl_s*, together.

    (The percentile of what they report is by nearest rank, as ``percentile_disc`` takes it.)
    """
    return {
        worker: ServiceLevel(p99_ms=p99 or 0.0, violation_rate=violations / requests if requests else 0.0)
        for worker, p99, requests, violations in db.rows(
            """
            SELECT worker_id, percentile_disc(0.99) WITHIN GROUP (ORDER BY p99_ms)::float8,
                   sum(requests)::bigint, sum(violations)::bigint
              FROM allocations
             WHERE live AND kind = 'service' AND reported_at > cluster_time() - %s * interval '1 s'
             GROUP BY worker_id
            """,
            ttl_s,
        )
    }
