"""Services: how one stands as a whole, and which of its replicas go when there are too many.

A service is its replicas: jobs of the kind ``service`` that share ``array_id``, the service's number. How many are
wanted is how many of them live and are not being cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from clusterctl.model.pictures import JobPicture
from clusterctl.model.states import JobState

# ``ready``: every replica serves; ``partly``: some do; ``starting``: none yet, but some run; ``unready``: some did, and
# none does any more; ``silent``: nothing is heard of the workers of those that run; ``waiting``: none runs.
ServiceState = Literal["ready", "restarting", "partly", "unready", "starting", "silent", "waiting", "held", "ended"]
UNPLACED = (JobState.HELD, JobState.PENDING)


class Replica(msgspec.Struct, frozen=True):
    """One that is wanted, as it was seen."""

    job_id: int
    index: int
    state: JobState


class ReplicaCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the wanted replicas are where.

    Those run that are ``ready``, ``starting``, ``unready`` (were ready, and are no longer), ``resting`` (between two
    runs) and ``silent``: nothing is heard of their workers, so nobody knows how they fare. ``stopping`` are being
    cancelled: they are not wanted any more, nor counted among the others.
    """

    wanted: int = 0
    ready: int = 0
    starting: int = 0
    unready: int = 0
    resting: int = 0
    silent: int = 0
    scheduled: int = 0
    pending: int = 0
    held: int = 0
    stopping: int = 0

    @property
    def running(self) -> int:
        """How many run, or rest between two runs."""
        return self.ready + self.starting + self.unready + self.resting + self.silent


class HeldUp(msgspec.Struct, frozen=True, kw_only=True):
    """The replica that a rolling restart waits for, before it takes down another that serves.

    ``worker``: None while it has none. ``standing``: what is with it; ``silent`` is its worker.
    """

    job_id: int
    worker: str | None
    standing: Literal["waiting", "scheduled", "silent", "stopping", "resting", "unready"]

    def __str__(self) -> str:
        """``job 2 on w2, of which nothing is heard, is ready again``: what the restart waits for."""
        if self.worker is None:
            return f"job {self.job_id}, which waits for a worker, is ready again"
        how = ", of which nothing is heard," if self.standing == "silent" else ""
        return f"job {self.job_id} on {self.worker}{how} is ready again"


class ServicePicture(msgspec.Struct, frozen=True, kw_only=True):
    """A service, as ``services`` shows it.

    ``generation``: how many rolling restarts were asked for; ``current``: how many of its replicas are ready in it.
    ``rolling``: the last of these goes on; ``held_up_by``: whom it waits for. ``restarts``: how often processes of its
    live replicas were started again because they had ended, on any worker. ``script_lines``: of a script, whose
    arguments ``command`` is. ``p99_ms`` and ``violation_rate``: of what replicas reported lately, None if none did;
    ``requests`` and ``violations``: all that those running have told.
    """

    id: int
    name: str
    state: ServiceState
    every_worker: bool
    replicas: ReplicaCounts
    restarts: int
    generation: int
    current: int
    rolling: bool
    held_up_by: HeldUp | None
    slo_p99_ms: int | None
    p99_ms: float | None
    violation_rate: float | None
    requests: int
    violations: int
    tenant: str
    user: str
    priority: int
    cpus: float  # of each replica, as the next two
    memory_mb: int
    gpus: int
    command: tuple[str, ...]
    script_lines: int | None
    created_at: datetime
    ended_at: datetime | None


class ServiceStory(msgspec.Struct, frozen=True, kw_only=True):
    """One service, and its live replicas by their numbers."""

    service: ServicePicture
    replicas: tuple[JobPicture, ...]


class Scaled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a service that shall have another number of replicas, or what would."""

    service: ServicePicture  # as it was before
    wanted: int
    made: tuple[int, ...] = ()  # new ones; foreseen they have no numbers yet
    cancelled: tuple[int, ...] = ()


class Missing(NamedTuple):
    """A worker that has no replica of a service which wants one on every worker."""

    service_id: int
    worker: str


class Spare(NamedTuple):
    """A replica of such a service that waits, and has no worker of its own: never had, or that is gone.

    ``others``: how many replicas its service has besides.
    """

    service_id: int
    job_id: int
    worker: str | None
    others: int


class Rearrangement(NamedTuple):
    """What brings replicas and workers together: (job, worker) to ``pin``, None lets go; (service, worker) to make."""

    pin: list[tuple[int, str | None]]
    make: list[tuple[int, str]]
    cancel: list[int]


def standing(counts: ReplicaCounts, *, ended: bool, rolling: bool) -> ServiceState:
    """How a service stands, in one word."""
    if ended or not counts.wanted:
        return "ended"
    if counts.held == counts.wanted:
        return "held"
    if rolling and counts.ready:
        return "restarting"
    if counts.ready == counts.wanted:
        return "ready"
    if counts.ready:
        return "partly"
    if counts.unready:
        return "unready"
    if counts.starting + counts.resting:
        return "starting"
    return "silent" if counts.silent else "waiting"


def surplus(replicas: Sequence[Replica], wanted: int) -> list[int]:
    """Which go, so that *wanted* are left: those first that no worker has, then those with the highest indexes."""
    by_worth = sorted(replicas, key=lambda replica: (replica.state in UNPLACED, replica.index), reverse=True)
    return [replica.job_id for replica in by_worth[: max(0, len(replicas) - wanted)]]


def rearrange(missing: Sequence[Missing], spares: Sequence[Spare]) -> Rearrangement:
    """Give each worker without a replica a spare one, or a new one; those left over go.

    A service's last replica stays, for without any it would have ended: it waits for a worker to come.
    """
    waiting: dict[int, list[Spare]] = {}
    for spare in spares:
        waiting.setdefault(spare.service_id, []).append(spare)
    found = Rearrangement([], [], [])
    for service_id, worker in missing:
        if left := waiting.get(service_id):
            found.pin.append((left.pop(0).job_id, worker))
        else:
            found.make.append((service_id, worker))
    placed = {service_id for service_id, _ in missing}
    for service_id, left in waiting.items():
        last = None if service_id in placed or not left or left[0].others >= len(left) else left.pop(0)
        if last is not None and last.worker is not None:
            found.pin.append((last.job_id, None))
        found.cancel.extend(spare.job_id for spare in left)
    return found
