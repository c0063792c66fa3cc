"""The states and their legal steps: the one table that CHECKs, triggers and diagrams are tested against."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is in its life."""

    HELD = "held"
    PENDING = "pending"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LOST = "lost"


class AllocationStatus(StrEnum):
    """How firmly an allocation holds its worker's resources."""

    RESERVED = "reserved"
    ALLOCATED = "allocated"
    RELEASED = "released"


class AdminState(StrEnum):
    """What the operator lets a worker do."""

    OPEN = "open"
    DRAINING = "draining"
    CLOSED = "closed"


class LiveState(StrEnum):
    """What the cluster believes about a worker's agent."""

    UP = "up"
    SILENT = "silent"
    LOST = "lost"


class Outcome(StrEnum):
    """Why an allocation was released (``allocations.release_reason``)."""

    EXITED = "exited"
    TIME_LIMIT = "time_limit"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"
    START_FAILED = "start_failed"
    CRASH_LOOP = "crash_loop"
    START_TIMEOUT = "start_timeout"
    NEVER_STARTED = "never_started"
    SUPERVISOR_LOST = "supervisor_lost"
    LEASE_EXPIRED = "lease_expired"
    WORKER_STOPPED = "worker_stopped"
    WORKER_REBOOTED = "worker_rebooted"
    WORKER_LOST = "worker_lost"
    HELD = "held"
    REQUEUED = "requeued"


_J = JobState
JOB_BIRTHS = frozenset({_J.HELD, _J.PENDING, _J.CANCELLED})
JOB_STEPS: dict[JobState, frozenset[JobState]] = {
    _J.HELD: frozenset({_J.PENDING, _J.CANCELLED}),
    _J.PENDING: frozenset({_J.HELD, _J.SCHEDULED, _J.CANCELLED}),
    _J.SCHEDULED: frozenset({_J.PENDING, _J.HELD, _J.RUNNING, _J.CANCELLED}),
    _J.RUNNING: frozenset({_J.PENDING, _J.HELD, _J.COMPLETED, _J.FAILED, _J.TIMEOUT, _J.CANCELLED, _J.LOST}),
    _J.COMPLETED: frozenset(),
    _J.FAILED: frozenset(),
    _J.TIMEOUT: frozenset(),
    _J.CANCELLED: frozenset(),
    _J.LOST: frozenset(),
}
TERMINAL = frozenset(state for state, steps in JOB_STEPS.items() if not steps)
LIVE = frozenset(JOB_STEPS) - TERMINAL

_A = AllocationStatus
ALLOCATION_BIRTHS = frozenset({_A.RESERVED})
ALLOCATION_STEPS: dict[AllocationStatus, frozenset[AllocationStatus]] = {
    _A.RESERVED: frozenset({_A.ALLOCATED, _A.RELEASED}),
    _A.ALLOCATED: frozenset({_A.RELEASED}),
    _A.RELEASED: frozenset(),
}

# Outcomes in which the worker, not the job, is to blame: they spend the loss budget, not the user's retries.
LOSSES = frozenset(
    {
        Outcome.NEVER_STARTED,
        Outcome.SUPERVISOR_LOST,
        Outcome.LEASE_EXPIRED,
        Outcome.WORKER_REBOOTED,
        Outcome.WORKER_LOST,
    }
)
# Outcomes that spend nothing: no start was won, or an operator stopped the worker, or the attempt.
FREE_RETURNS = frozenset({Outcome.START_TIMEOUT, Outcome.WORKER_STOPPED, Outcome.REQUEUED})
