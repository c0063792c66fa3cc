"""A job as one wide row, with its newest allocation, its worker, why it waits and what was sampled last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from clusterctl.model.pictures import AllocationPicture, JobPicture, UsagePicture

# Follows a CTE called chosen, which has the jobs' ids.
COLUMNS: LiteralString = """
    SELECT j.id, j.name, j.kind, j.state,
           CASE WHEN a.live AND w.live_state <> 'up' THEN 'worker_silent'
                WHEN j.state <> 'pending' THEN j.reason WHEN j.unmet > 0 THEN 'dependency'
                WHEN j.not_before IS NOT NULL THEN 'not_before' ELSE c.reason END AS reason,
           CASE WHEN a.live AND w.live_state <> 'up' THEN
                    'worker ' || w.name || ' is silent: ' || w.live_reason || '; it is declared lost '
                    || CASE WHEN a.reserved THEN 'if it is not started in time'
                            WHEN a.lost_after_s IS NULL THEN 'only by hand'
                            ELSE 'after ' || a.lost_after_s || ' s of silence' END
                WHEN j.ready THEN coalesce(c.detail->>'text', '') ELSE j.detail END AS detail,
           j.tenant, j."user", j.priority, j.cpu_milli, j.memory_mb, j.gpus, w.name AS worker, j.attempt, j.retries,
           j.time_limit_s, j.array_id, j.array_index, s.spec->'command' AS command, j.submitted_at, j.scheduled_at,
           j.started_at, j.finished_at, j.cancel_requested_at, j.exit_code, j.signal,
           a.id, a.status, a.reserved_at, a.allocated_at, a.released_at, a.release_reason, a.cpu_s, a.memory_peak_mb,
           u.used_milli, u.memory_mb, u.memory_peak_mb, u.processes, u.read_mb, u.write_mb, u.at
      FROM chosen
      JOIN jobs j USING (id)
      JOIN submissions s ON s.id = j.submission_id
      LEFT JOIN claims c ON j.ready AND c.shape = j.shape AND c.open
      LEFT JOIN allocations a ON a.job_id = j.id AND a.attempt = j.attempt
      LEFT JOIN workers w ON w.id = a.worker_id
      LEFT JOIN LATERAL (SELECT * FROM samples u WHERE u.allocation_id = a.id ORDER BY u.at DESC LIMIT 1) u ON true
"""


def read_job(row: Sequence[Any]) -> JobPicture:
    """A JobPicture from COLUMNS."""
    job, allocation, sample = row[:26], row[26:34], row[34:]
    held = allocation[0] is not None
    return JobPicture(
        id=job[0], name=job[1], kind=job[2], state=job[3], reason=job[4], detail=job[5], tenant=job[6], user=job[7],
        priority=job[8], cpus=job[9] / 1000, memory_mb=job[10], gpus=job[11], worker=job[12], attempt=job[13],
        max_attempts=job[14] + 1, time_limit_s=job[15], array_id=job[16], array_index=job[17], command=tuple(job[18]),
        submitted_at=job[19], scheduled_at=job[20], started_at=job[21], finished_at=job[22],
        cancel_requested_at=job[23], exit_code=job[24], signal=job[25],
        usage=read_usage(allocation, sample),
        allocation=AllocationPicture(
            id=allocation[0], status=allocation[1], reserved_at=allocation[2], allocated_at=allocation[3],
            released_at=allocation[4], release_reason=allocation[5],
        ) if held else None,
    )  # fmt: skip


def read_usage(allocation: Sequence[Any], sample: Sequence[Any]) -> UsagePicture | None:
    """At its end an attempt's exact totals are known; before, what was sampled last."""
    ended_at, cpu_s, peak = allocation[4], allocation[6], allocation[7]
    if ended_at is not None and cpu_s is not None:
        wall = max((ended_at - allocation[3]).total_seconds(), 0.001) if allocation[3] else None
        return UsagePicture(
            cpus=round(cpu_s / wall, 3) if wall else None,
            memory_peak_mb=max(peak or 0, sample[2] or 0) or None,
            read_mb=sample[4],
            write_mb=sample[5],
            sampled_at=ended_at,
        )
    if sample[6] is None:
        return None
    return UsagePicture(
        cpus=sample[0] / 1000,
        memory_mb=sample[1],
        memory_peak_mb=sample[2],
        processes=sample[3],
        read_mb=sample[4],
        write_mb=sample[5],
        sampled_at=sample[6],
    )
