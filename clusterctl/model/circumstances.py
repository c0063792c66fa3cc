"""What ``explain`` must know besides the snapshot: the job itself, what holds the workers, and who waits beside it.

Moments are seconds since the epoch, by the database's clock, as in the snapshot.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from clusterctl.model.explanation import Similar
from clusterctl.model.resources import Resources
from clusterctl.model.services import HeldUp
from clusterctl.model.snapshot import QueueGroup

# Numbers that no job bears. In turn: every job that the snapshot holds, those that it does not, those still to come.
UNSEEN = 2**61  # from here on, jobs of which only their shape is known
UNBORN = 2 * UNSEEN  # from here on, jobs that are not submitted yet: they stand behind all others


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What one job holds on one worker. ``since``: when its process started; None while it is only reserved."""

    job_id: int
    worker_id: int
    worker: str
    tenant: str
    shape: str
    kind: Literal["batch", "service"]
    request: Resources
    since: float | None
    time_limit_s: int | None
    stopping: bool = False
    similar: Similar | None = None


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs of one shape that are ready, and how many of them came before the one to explain; and their like."""

    shape: str
    jobs: int
    before: int
    similar: Similar | None = None


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """A job that must end first, and as what; ``state`` is None if it is pruned."""

    job_id: int
    condition: str
    state: str | None


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit says of a job: who did it, why, and when."""

    actor: str
    reason: str
    at: float


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A job that waits, or would.

    ``group`` is it alone; of an array that is not submitted yet (``job_id`` None), all its jobs. ``ready``: it has its
    turn in the queue. If not, ``held``, ``parents`` (those that have not ended; ``unmet`` of them) or ``not_before``
    say why. ``last_end``: how its newest attempt ended, in words. ``deadline`` and ``start_before``: both or none.
    ``every_worker``: a replica of a service that has one for each worker.
    """

    job_id: int | None
    name: str
    group: QueueGroup
    array_limit: int | None = None
    array_index: int | None = None
    every_worker: bool = False
    ready: bool = True
    held: bool = False
    remark: Remark | None = None
    parents: tuple[Parent, ...] = ()
    unmet: int = 0
    not_before: float | None = None
    last_end: str = ""
    deadline: float | None = None
    start_before: float | None = None


class Roll(msgspec.Struct, frozen=True, kw_only=True):
    """A rolling restart of a service: one replica after the other, each once the one before is ready again.

    ``held_up_by``: whom it waits for, if for somebody; ``left``: replicas to which it has not come yet.
    """

    held_up_by: HeldUp | None
    left: int


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker of a replica says of it, and what its service wants.

    Restarts are counted: ``wanted`` of the service, ``asked`` of this replica's worker, ``ran``: which of them its
    process follows. ``ready_cmd``, ``ready_after_s``: what it takes to be ready, as in the spec; ``was_ready``: its
    process was. ``roll``: while a restart is under way.
    """

    service_id: int
    ready_at: float | None
    restarts: int
    resting_until: float | None
    last_exit: str
    wanted: int
    asked: int
    ran: int | None
    ready_cmd: str
    ready_after_s: float
    was_ready: bool = False
    roll: Roll | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """What a job that is placed is up to: its holding, its worker's health, its timers; of a replica, how it serves.

    ``lost_after_s``: of silence, then its worker is declared lost and it ``on_worker_loss``; None: never by itself.
    """

    at: float  # now
    holding: Holding
    reserved_at: float
    start_by: float
    stop_requested_at: float | None
    stop_outcome: str | None
    lease_s: int | None
    lost_after_s: int | None
    on_worker_loss: str
    live_state: str
    heard_at: float
    serving: Serving | None = None
    remark: Remark | None = None  # of whoever asked it to stop


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """``holdings``: at least those that end soonest. ``crowds``: shapes left out are as the snapshot says.

    ``similar``: jobs like the one to explain.
    """

    holdings: tuple[Holding, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    similar: Similar | None = None
