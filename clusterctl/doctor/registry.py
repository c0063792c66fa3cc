"""All checks, in the order in which they look and mend: counters first, for the others subtract from them."""

from __future__ import annotations

from clusterctl.doctor.alloc_on_dead_incarnation import AllocOnDeadIncarnation
from clusterctl.doctor.alloc_on_terminal_job import AllocOnTerminalJob
from clusterctl.doctor.allocated_no_process import AllocatedNoProcess
from clusterctl.doctor.cache_drift import CacheDrift
from clusterctl.doctor.check import Check
from clusterctl.doctor.counters_drift import CountersDrift
from clusterctl.doctor.cycle_stalled import CycleStalled
from clusterctl.doctor.dead_worker_jobs import DeadWorkerJobs
from clusterctl.doctor.ghost_redis_worker import GhostRedisWorker
from clusterctl.doctor.invariant_broken import InvariantBroken
from clusterctl.doctor.job_running_no_alloc import JobRunningNoAlloc
from clusterctl.doctor.process_no_allocation import ProcessNoAllocation
from clusterctl.doctor.reserved_expired import ReservedExpired
from clusterctl.doctor.worker_oversubscribed import WorkerOversubscribed

CHECKS: tuple[Check, ...] = (
    WorkerOversubscribed(),
    CountersDrift(),
    JobRunningNoAlloc(),
    AllocOnTerminalJob(),
    ReservedExpired(),
    AllocatedNoProcess(),
    AllocOnDeadIncarnation(),
    DeadWorkerJobs(),
    CycleStalled(),
    ProcessNoAllocation(),
    CacheDrift(),
    GhostRedisWorker(),
    InvariantBroken(),
)
BY_CODE = {check.code: check for check in CHECKS}
