"""The cluster in a few sums, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from clusterctl.model.looks import Sums, Waits
from clusterctl.model.pictures import AllocationCounts
from clusterctl.store import jobs, totals
from clusterctl.store.connection import Database

HOUR_S, MINUTE_S = 3600, 60
MOST_REASONS = 50

# Who waits for nothing but a worker, shape by shape, in the order of an index that has all that is asked.
READY: LiteralString = """
    SELECT shape, count(*) AS jobs, min(submitted_at) AS since FROM jobs WHERE ready GROUP BY shape"""
# Why, as the planner said last. Those that it has not looked at yet are not among them.
REASONS: LiteralString = f"""
    SELECT c.reason, sum(r.jobs)::bigint AS jobs, (array_agg(c.detail->>'text' ORDER BY c.id))[1] AS text
      FROM ready r
      JOIN LATERAL (SELECT * FROM claims WHERE shape = r.shape AND open OFFSET 0) c ON c.event = 'ClaimSkipped'
     GROUP BY c.reason ORDER BY jobs DESC, c.reason LIMIT {MOST_REASONS}"""
# Failed attempts rest before the next.
RESTING: LiteralString = "SELECT count(*) FROM jobs WHERE not_before IS NOT NULL AND state = 'pending' AND unmet = 0"
# Called up, and not heard for so long that a leader that decides would have called them silent.
LATE: LiteralString = """
    SELECT count(*) FROM workers WHERE live_state = 'up' AND forgotten_at IS NULL
       AND last_heartbeat_at < cluster_time() - %(silent)s * interval '1 s'"""
# Of the last hour, and of so much of it as is called lately: its last minute, or a row if these are longer.
LATELY: LiteralString = """
    SELECT coalesce(sum(completed), 0)::bigint, coalesce(sum(failed), 0)::bigint,
           (sum(claims) FILTER (WHERE late) / sum(span_s) FILTER (WHERE late))::float8,
           (sum(conflicts) FILTER (WHERE late) / sum(span_s) FILTER (WHERE late))::float8,
           (sum(wait_p50_s * claims) FILTER (WHERE late)
                / nullif(sum(claims) FILTER (WHERE late AND wait_p50_s IS NOT NULL), 0))::float8,
           max(wait_p95_s) FILTER (WHERE late)::float8
      FROM (SELECT *, at > cluster_time() - %(minute)s * interval '1 s' AS late FROM history
             WHERE at > cluster_time() - %(hour)s * interval '1 s') lately"""


class Summed(NamedTuple):
    """The sums, when that was, and what operators have ruled of how long a report counts (None: nothing)."""

    at: datetime
    sums: Sums
    measure_ttl: str | None


def read(db: Database, history_every_s: float, silent_after_s: float = 15.0) -> Summed:
    """Add up. *history_every_s*: how often the leader writes history; *silent_after_s*: when a worker is silent."""
    (row,) = db.rows(
        f"""
        WITH ready AS MATERIALIZED ({READY})
        SELECT leader.*, workers.*, allocations.*, lately.*,
               (SELECT coalesce(json_object_agg(state, n), '{{}}') FROM ({jobs.LIVE_COUNTS}) counts),
               (SELECT coalesce(json_agg(json_build_array(reason, jobs, text)), '[]') FROM ({REASONS}) reasons),
               ({RESTING}), (SELECT coalesce(sum(jobs), 0)::bigint FROM ready),
               (SELECT extract(epoch FROM cluster_time() - min(since))::float8 FROM ready),
               ({LATE}), (SELECT value FROM steering WHERE name = 'measure_ttl')
          FROM ({totals.LEADER}) leader, ({totals.WORKERS}) workers, ({totals.ALLOCATIONS}) allocations,
               ({LATELY}) lately
        """,
        hour=HOUR_S,
        minute=max(MINUTE_S, 1.5 * history_every_s),
        silent=silent_after_s,
    )
    at = totals.LEADING
    workers, rest = row[at : at + totals.WORKING], row[at + totals.WORKING :]
    reserved, allocated, ended_well, ended_badly, claims, conflicts, p50, p95, counts, waits, resting, *last = rest
    ready, oldest, late, ttl = last
    sums = Sums(
        leader=totals.read_leader(row),
        workers=totals.read_counts(workers),
        cpus=totals.read_cpus(workers),
        memory_mb=totals.read_memory(workers),
        gpus=totals.read_gpus(workers),
        allocations=AllocationCounts(reserved=reserved, allocated=allocated),
        jobs=counts,
        late=late,
        waits=tuple(all_waits(waits, counts, ready=ready, resting=resting)),
        oldest_wait_s=oldest,
        ended_well=ended_well,
        ended_badly=ended_badly,
        claims_per_s=claims,
        conflicts_per_s=conflicts,
        wait_p50_s=p50,
        wait_p95_s=p95,
    )
    return Summed(row[4], sums, ttl)


def all_waits(said: Sequence[Any], counts: Mapping[str, int], *, ready: int, resting: int) -> list[Waits]:
    """Why pending jobs wait, most jobs first: besides what the planner said, for other jobs, and for their own rest."""
    others = counts.get("pending", 0) - ready - resting
    waits = [Waits(reason=reason, jobs=jobs, text=text or "") for reason, jobs, text in said]
    waits += [Waits(reason="dependency", jobs=others)] if others > 0 else []
    waits += [Waits(reason="not_before", jobs=resting)] if resting else []
    return sorted(waits, key=lambda each: -each.jobs)
