"""The cluster in a few numbers: for status, the statistics line and the cache in Redis."""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.model.pictures import AllocationCounts, ClusterCpus, LeaderPicture, WorkerCounts
from clusterctl.store.connection import Database


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one moment, by the database's clock."""

    at: datetime
    leader: LeaderPicture
    workers: WorkerCounts
    cpus: ClusterCpus
    allocations: AllocationCounts
    oldest_wait_s: float | None
    held_milli: tuple[int, int]  # reserved, allocated: on all workers, reachable or not


def read(db: Database) -> Totals:
    """Add the cluster up."""
    (leader,) = db.rows(
        """
        SELECT nullif(regexp_replace(holder, '@[^@]*$', ''), ''), term,
               since, extract(epoch FROM cluster_time() - renewed_at)::float8,
               cluster_time() FROM leader
        """
    )
    (workers,) = db.rows(
        """
        SELECT count(*) FILTER (WHERE live_state = 'up'), count(*) FILTER (WHERE live_state = 'silent'),
               count(*) FILTER (WHERE live_state = 'lost'), count(*) FILTER (WHERE admin_state = 'draining'),
               coalesce(sum(cpu_milli) FILTER (WHERE live_state = 'up'), 0)::bigint,
               coalesce(sum(reserved_milli) FILTER (WHERE live_state = 'up'), 0)::bigint,
               coalesce(sum(allocated_milli) FILTER (WHERE live_state = 'up'), 0)::bigint,
               sum(used_milli) FILTER (WHERE live_state = 'up')::bigint,
               coalesce(sum(reserved_milli + allocated_milli) FILTER (WHERE live_state <> 'up'), 0)::bigint,
               coalesce(sum(reserved_milli), 0)::bigint, coalesce(sum(allocated_milli), 0)::bigint
          FROM workers WHERE forgotten_at IS NULL
        """
    )
    (waiting,) = db.rows(
        """
        SELECT (SELECT count(*) FROM allocations WHERE reserved),
               (SELECT count(*) FROM allocations WHERE live AND NOT reserved),
               (SELECT extract(epoch FROM cluster_time() - submitted_at)::float8
                  FROM jobs WHERE live AND ready ORDER BY id LIMIT 1)  -- ids are taken in the order of submission
        """
    )
    up, silent, lost, draining, total, reserved, allocated, used, unreachable, *held = workers
    return Totals(
        at=leader[4],
        leader=LeaderPicture(name=leader[0], term=leader[1], since=leader[2], age_s=leader[3]),
        workers=WorkerCounts(up=up, silent=silent, lost=lost, draining=draining),
        cpus=ClusterCpus(
            total=total / 1000,
            reserved=reserved / 1000,
            allocated=allocated / 1000,
            used=None if used is None else used / 1000,
            utilization=round((reserved + allocated) / total, 4) if total else 0.0,
            unreachable=unreachable / 1000,
        ),
        allocations=AllocationCounts(reserved=waiting[0], allocated=waiting[1]),
        oldest_wait_s=waiting[2],
        held_milli=(held[0], held[1]),
    )
