"""A job as one wide row, with its newest allocation, its worker, why it waits and what was sampled last.

The parts are named here once: what a row shows is what a filter compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from clusterctl.model.pictures import AllocationPicture, JobPicture, ReplicaPicture, UsagePicture

REASON: LiteralString = """
    CASE WHEN a.live AND w.live_state <> 'up' THEN 'worker_silent' WHEN j.state = 'held' THEN 'held'
         WHEN a.live AND a.resting_until IS NOT NULL AND j.reason IS NULL THEN 'resting'
         WHEN j.state = 'running' AND j.kind = 'service' AND a.ready_at IS NULL AND j.reason IS NULL THEN
              CASE WHEN a.was_ready AND a.ran_generation >= a.generation THEN 'unready' ELSE 'starting' END
         WHEN j.state <> 'pending' THEN j.reason WHEN j.unmet > 0 THEN 'dependency'
         WHEN j.not_before IS NOT NULL THEN 'not_before' ELSE c.reason END"""
DETAIL: LiteralString = """
    CASE WHEN a.live AND w.live_state <> 'up' THEN
              'worker ' || w.name || ' is silent: ' || w.live_reason || '; it is declared lost '
              || CASE WHEN a.reserved THEN 'if it is not started in time'
                      WHEN a.lost_after_s IS NULL THEN 'only by hand'
                      ELSE 'after ' || a.lost_after_s || ' s of silence' END
         WHEN a.live AND a.resting_until IS NOT NULL AND j.reason IS NULL THEN
              'its process ended (' || a.last_exit || '), and is started again at '
              || to_char(a.resting_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
         WHEN j.state = 'running' AND j.kind = 'service' AND a.ready_at IS NULL AND j.reason IS NULL THEN
              CASE WHEN a.was_ready AND a.ran_generation >= a.generation THEN 'it runs, was ready, and is no longer'
                   ELSE 'it runs, and is not ready yet' END
              || CASE WHEN a.last_exit <> '' THEN '; before, it ended (' || a.last_exit || ')' ELSE '' END
         WHEN j.state = 'held' AND j.detail = '' THEN 'held since it was submitted'
         WHEN j.state = 'pending' AND j.unmet = 0 AND j.not_before IS NOT NULL THEN
              'rests until ' || to_char(j.not_before AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
              || ' UTC, after a failed attempt'
              || coalesce(': exit code ' || j.exit_code, ': signal ' || j.signal, '')
              || CASE WHEN j.detail <> '' THEN ': ' || j.detail ELSE '' END
         WHEN j.ready THEN coalesce(c.detail->>'text', '') ELSE j.detail END"""
COMMAND: LiteralString = "s.spec->'command'"
# At its end an attempt's exact totals are known; before, what was sampled last.
MEASURED: LiteralString = "(a.released_at IS NOT NULL AND a.cpu_s IS NOT NULL)"
USED_CPUS: LiteralString = f"""
    CASE WHEN NOT {MEASURED} THEN u.used_milli / 1000.0::float8
         WHEN a.allocated_at IS NOT NULL THEN
              round((a.cpu_s / greatest(extract(epoch FROM a.released_at - a.allocated_at), 0.001))::numeric, 3)::float8
         END"""
USED_MEMORY: LiteralString = f"CASE WHEN NOT {MEASURED} THEN u.memory_mb END"
PEAK_MEMORY: LiteralString = f"""
    CASE WHEN {MEASURED} THEN nullif(greatest(a.memory_peak_mb, u.memory_peak_mb), 0) ELSE u.memory_peak_mb END"""
PROCESSES: LiteralString = f"CASE WHEN NOT {MEASURED} THEN u.processes END"
SAMPLED_AT: LiteralString = f"CASE WHEN {MEASURED} THEN a.released_at ELSE u.at END"

# Of a replica. What its process was told of is of its newest attempt, and over with it.
SERVED: LiteralString = "j.kind = 'service'"
READY_AT: LiteralString = "CASE WHEN a.live THEN a.ready_at END"
RESTARTS: LiteralString = f"CASE WHEN {SERVED} THEN j.restarts + CASE WHEN a.live THEN a.restarts ELSE 0 END END"
WAS_READY: LiteralString = f"CASE WHEN {SERVED} THEN coalesce(a.live AND a.was_ready, false) END"
RESTING_UNTIL: LiteralString = "CASE WHEN a.live THEN a.resting_until END"
LAST_EXIT: LiteralString = f"CASE WHEN {SERVED} THEN coalesce(a.last_exit, '') END"
GENERATION: LiteralString = f"CASE WHEN {SERVED} THEN v.generation END"
RAN_GENERATION: LiteralString = "CASE WHEN a.live THEN a.ran_generation END"
VIOLATION_RATE: LiteralString = "(a.violations / nullif(a.requests, 0)::float8)"

# Which tables belong to a job ``j``; a later one may need those before it. Each is looked up by a key, job by job:
# OFFSET 0 keeps Postgres from reading all allocations that there ever were instead.
SUBMISSIONS: LiteralString = " JOIN submissions s ON s.id = j.submission_id"
CLAIMS: LiteralString = " LEFT JOIN claims c ON j.ready AND c.shape = j.shape AND c.open"
ALLOCATIONS: LiteralString = """
    LEFT JOIN LATERAL (
         SELECT * FROM allocations WHERE j.attempt > 0 AND job_id = j.id AND attempt = j.attempt OFFSET 0) a ON true"""
WORKERS: LiteralString = " LEFT JOIN workers w ON w.id = a.worker_id"
SAMPLES: LiteralString = """
    LEFT JOIN LATERAL (SELECT * FROM samples u WHERE u.allocation_id = a.id ORDER BY u.at DESC LIMIT 1) u ON true"""

SERVICES: LiteralString = """
    LEFT JOIN LATERAL (
         SELECT * FROM services WHERE j.kind = 'service' AND id = j.array_id OFFSET 0) v ON true"""

# Follows a CTE called chosen, which has the jobs' ids.
COLUMNS: LiteralString = f"""
    SELECT j.id, j.name, j.kind, j.state, {REASON}, {DETAIL}, j.tenant, j."user", j.priority, j.cpu_milli, j.memory_mb,
           j.gpus, w.name, j.attempt, j.retries, j.time_limit_s, j.array_id, j.array_index, {COMMAND}, j.labels,
           j.submitted_at, j.scheduled_at, j.started_at, j.finished_at, j.cancel_requested_at, j.exit_code, j.signal,
           a.id, a.status, a.reserved_at, a.allocated_at, a.released_at, a.release_reason,
           {USED_CPUS}, {USED_MEMORY}, {PEAK_MEMORY}, {PROCESSES}, u.read_mb, u.write_mb, {SAMPLED_AT},
           v.id, {READY_AT}, {RESTARTS}, {RESTING_UNTIL}, {LAST_EXIT}, {GENERATION}, {RAN_GENERATION}, a.p99_ms,
           {VIOLATION_RATE}, v.slo_p99_ms, j.deadline, {WAS_READY}
      FROM chosen JOIN jobs j USING (id)
      {SUBMISSIONS} {CLAIMS} {ALLOCATIONS} {WORKERS} {SAMPLES} {SERVICES}
"""


def read_job(row: Sequence[Any]) -> JobPicture:
    """A JobPicture from COLUMNS."""
    job, allocation, usage, service = row[:27], row[27:33], row[33:40], row[40:]
    return JobPicture(
        id=job[0], name=job[1], kind=job[2], state=job[3], reason=job[4], detail=job[5], tenant=job[6], user=job[7],
        priority=job[8], cpus=job[9] / 1000, memory_mb=job[10], gpus=job[11], worker=job[12], attempt=job[13],
        max_attempts=job[14] + 1, time_limit_s=job[15], deadline=service[10], array_id=job[16], array_index=job[17],
        command=tuple(job[18]),
        labels=job[19], submitted_at=job[20], scheduled_at=job[21], started_at=job[22], finished_at=job[23],
        cancel_requested_at=job[24], exit_code=job[25], signal=job[26],
        usage=None if usage[6] is None else UsagePicture(
            cpus=usage[0], memory_mb=usage[1], memory_peak_mb=usage[2], processes=usage[3], read_mb=usage[4],
            write_mb=usage[5], sampled_at=usage[6],
        ),
        allocation=None if allocation[0] is None else AllocationPicture(
            id=allocation[0], status=allocation[1], reserved_at=allocation[2], allocated_at=allocation[3],
            released_at=allocation[4], release_reason=allocation[5],
        ),
        service=None if service[0] is None else ReplicaPicture(
            id=service[0], ready_at=service[1], restarts=service[2], resting_until=service[3], last_exit=service[4],
            generation=service[5], ran_generation=service[6], p99_ms=service[7], violation_rate=service[8],
            slo_p99_ms=service[9], was_ready=service[11],
        ),
    )  # fmt: skip
