"""What operators and programs see: the JSON objects of the public surface. Fields are only ever added."""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.model.findings import FindingCounts
from clusterctl.model.spec import Spec


class UsagePicture(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt uses now, or used at its end."""

    cpus: float | None = None
    memory_mb: int | None = None
    memory_peak_mb: int | None = None
    processes: int | None = None
    read_mb: int | None = None
    write_mb: int | None = None
    sampled_at: datetime | None = None


class AllocationPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The newest allocation of a job."""

    id: int
    status: str
    reserved_at: datetime
    allocated_at: datetime | None
    released_at: datetime | None
    release_reason: str | None


class ReplicaPicture(msgspec.Struct, frozen=True, kw_only=True):
    """What a job of the kind ``service`` is besides: one of the replicas of service ``id``; how its process fares.

    ``ready_at``: since when it can serve; ``was_ready``: its process could, at any time. ``resting_until``: its process
    has ended, and is started again then. ``restarts``: how often it was, on any worker. ``generation`` counts the
    rolling restarts of the service, and ``ran_generation`` is which of them its process follows. ``p99_ms`` and
    ``violation_rate`` are as it reported last.
    """

    id: int
    ready_at: datetime | None
    restarts: int
    resting_until: datetime | None
    last_exit: str
    generation: int
    ran_generation: int | None
    p99_ms: float | None
    violation_rate: float | None
    slo_p99_ms: int | None
    was_ready: bool = False


class JobPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A job, as ``jobs`` and ``job`` show it."""

    id: int
    name: str
    kind: str
    state: str
    reason: str | None
    detail: str
    tenant: str
    user: str
    priority: int
    cpus: float
    memory_mb: int
    gpus: int
    worker: str | None
    attempt: int
    max_attempts: int  # that may fail; what costs none, such as a requeue, may make ``attempt`` more than that
    time_limit_s: int | None
    deadline: datetime | None  # by when it should have ended
    array_id: int | None
    array_index: int | None
    command: tuple[str, ...]
    labels: dict[str, str]  # that its worker must carry
    submitted_at: datetime
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    exit_code: int | None
    signal: int | None
    usage: UsagePicture | None
    allocation: AllocationPicture | None
    service: ReplicaPicture | None = None  # of a replica only


class AttemptPicture(msgspec.Struct, frozen=True, kw_only=True):
    """One try at a job."""

    attempt: int
    allocation_id: int
    worker: str
    status: str
    reserved_at: datetime
    allocated_at: datetime | None
    released_at: datetime | None
    release_reason: str | None
    exit_code: int | None
    signal: int | None
    detail: str
    cpu_s: float | None
    memory_peak_mb: int | None


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind there is. ``used`` is None when it is not measured (any more)."""

    total: float
    reserved: float
    allocated: float
    used: float | None = None


class WorkerSlo(msgspec.Struct, frozen=True, kw_only=True):
    """How well a worker serves.

    ``p99_ms``, ``requests``, ``violations`` and their rate: as its replicas reported of themselves within
    ``measure_ttl``, together; None if nothing is known. ``dominant_share``: the largest share of it, over the kinds,
    that one ``tenant`` holds.
    """

    p99_ms: float | None = None
    requests: int = 0
    violations: int = 0
    violation_rate: float | None = None
    dominant_share: float = 0.0
    tenant: str | None = None


class WorkerPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A worker, as ``workers`` shows it. ``heartbeat_ttl_s`` is Redis's; None when Redis cannot say."""

    name: str
    hostname: str
    registered_at: datetime
    last_heartbeat_at: datetime
    admin_state: str
    live_state: str
    live_reason: str
    admin_reason: str
    drain_by: datetime | None  # what runs there then is stopped
    trouble: str  # why its agent wants no new work just now
    incarnation: int
    beat: int  # counts its syncs: with the incarnation it tells whether it has been heard since
    heartbeat_age_s: float
    heartbeat_ttl_s: float | None = None
    cpus: Amounts
    memory_mb: Amounts
    gpus: Amounts
    jobs: int
    services: int
    load1: float | None
    labels: dict[str, str]
    version: str
    slo: WorkerSlo = WorkerSlo()


class HoldingPicture(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker holds for one job. ``lost_in_s``: of silence, until it is lost; None: never by itself."""

    job_id: int
    name: str
    attempt: int
    allocation_id: int
    status: str
    cpus: float
    memory_mb: int
    gpus: int
    reserved_at: datetime
    allocated_at: datetime | None
    stop_requested: bool
    lost_in_s: float | None


class WorkerStory(msgspec.Struct, frozen=True, kw_only=True):
    """One worker, and what it holds."""

    worker: WorkerPicture
    holds: tuple[HoldingPicture, ...]


class DatabasePicture(msgspec.Struct, frozen=True, kw_only=True):
    """Postgres, as this process reaches it. The URL is without its password."""

    url: str
    up: bool
    version: str | None = None
    schema: int | None = None
    trouble: str = ""


class RedisPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Redis, as this process reaches it."""

    url: str
    up: bool
    trouble: str = ""


class LeaderPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides. ``name`` is None while nobody does; ``age_s``: since it last said so."""

    name: str | None
    term: int
    since: datetime | None
    age_s: float | None


class WorkerCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers are in each state; draining ones are counted in their live state too."""

    up: int = 0
    silent: int = 0
    lost: int = 0
    draining: int = 0


class ClusterCpus(msgspec.Struct, frozen=True, kw_only=True):
    """CPUs of the workers that are up; ``unreachable``: what allocations hold on the others."""

    total: float = 0.0
    reserved: float = 0.0
    allocated: float = 0.0
    used: float | None = None
    utilization: float = 0.0
    unreachable: float = 0.0


class AllocationCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Live allocations."""

    reserved: int = 0
    allocated: int = 0


class StatusPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the cluster. Parts that need Postgres are None while it is away."""

    database: DatabasePicture
    redis: RedisPicture
    leader: LeaderPicture | None = None
    workers: WorkerCounts | None = None
    cpus: ClusterCpus | None = None
    allocations: AllocationCounts | None = None
    jobs: dict[str, int] | None = None
    oldest_wait_s: float | None = None
    findings: FindingCounts | None = None  # of those that are cheap to look for


class DependencyPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A job that must end first."""

    job_id: int
    condition: str
    state: str | None  # None: pruned


class JobStory(msgspec.Struct, frozen=True, kw_only=True):
    """One job with everything that is known about it."""

    job: JobPicture
    attempts: tuple[AttemptPicture, ...]
    after: tuple[DependencyPicture, ...]
    spec: Spec
    array_line: str | None = None  # of the file that the array was made of
    again_of: int | None = None  # the job that had ended, and was submitted again as this one
    again: tuple[int, ...] = ()  # the jobs as which this one was submitted again
