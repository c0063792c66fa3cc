"""All checks, in the order in which they look and mend.

The schema first: with another one the rest cannot be looked at. Then counters, for the others subtract from them; what
is stuck; what Redis says; what a person should know; and last what reads all rows.
"""

from __future__ import annotations

from clusterctl.doctor.agent_version_skew import AgentVersionSkew
from clusterctl.doctor.alloc_on_dead_incarnation import AllocOnDeadIncarnation
from clusterctl.doctor.alloc_on_terminal_job import AllocOnTerminalJob
from clusterctl.doctor.allocated_no_process import AllocatedNoProcess
from clusterctl.doctor.black_hole import BlackHole
from clusterctl.doctor.cache_drift import CacheDrift
from clusterctl.doctor.check import Check
from clusterctl.doctor.clock_skew import ClockSkew
from clusterctl.doctor.connections_low import ConnectionsLow
from clusterctl.doctor.counters_drift import CountersDrift
from clusterctl.doctor.crash_loop import CrashLoop
from clusterctl.doctor.cycle_stalled import CycleStalled
from clusterctl.doctor.dead_worker_jobs import DeadWorkerJobs
from clusterctl.doctor.disk_low import DiskLow
from clusterctl.doctor.durability_off import DurabilityOff
from clusterctl.doctor.ghost_redis_worker import GhostRedisWorker
from clusterctl.doctor.invariant_broken import InvariantBroken
from clusterctl.doctor.job_running_no_alloc import JobRunningNoAlloc
from clusterctl.doctor.log_unreadable import LogUnreadable
from clusterctl.doctor.long_transaction import LongTransaction
from clusterctl.doctor.no_workers import NoWorkers
from clusterctl.doctor.process_no_allocation import ProcessNoAllocation
from clusterctl.doctor.redis_evicts import RedisEvicts
from clusterctl.doctor.reserved_expired import ReservedExpired
from clusterctl.doctor.retention_behind import RetentionBehind
from clusterctl.doctor.runs_long import RunsLong
from clusterctl.doctor.schema_behind import SchemaBehind
from clusterctl.doctor.schema_drift import SchemaDrift
from clusterctl.doctor.service_not_ready import ServiceNotReady
from clusterctl.doctor.slo_violated import SloViolated
from clusterctl.doctor.starved_tenant import StarvedTenant
from clusterctl.doctor.steering_unknown import SteeringUnknown
from clusterctl.doctor.unsatisfiable import Unsatisfiable
from clusterctl.doctor.utilization_high import UtilizationHigh
from clusterctl.doctor.worker_gone import WorkerGone
from clusterctl.doctor.worker_oversubscribed import WorkerOversubscribed
from clusterctl.doctor.workers_below_expected import WorkersBelowExpected

CHECKS: tuple[Check, ...] = (
    SchemaBehind(),
    SchemaDrift(),
    DurabilityOff(),
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
    RedisEvicts(),
    NoWorkers(),
    WorkersBelowExpected(),
    BlackHole(),
    WorkerGone(),
    DiskLow(),
    ConnectionsLow(),
    LongTransaction(),
    RetentionBehind(),
    LogUnreadable(),
    ClockSkew(),
    AgentVersionSkew(),
    SteeringUnknown(),
    CrashLoop(),
    ServiceNotReady(),
    SloViolated(),
    StarvedTenant(),
    Unsatisfiable(),
    RunsLong(),
    UtilizationHigh(),
    InvariantBroken(),
)
BY_CODE = {check.code: check for check in CHECKS}
