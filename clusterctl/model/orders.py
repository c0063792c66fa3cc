"""What passes between Postgres, agentd and its supervisors about one attempt."""

from __future__ import annotations

from typing import Literal

import msgspec

from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec
from clusterctl.model.states import AllocationStatus, Outcome


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that this agent has won (``reserved → allocated``) and must now run, once."""

    allocation_id: int
    job_id: int
    attempt: int
    name: str
    array_id: int | None
    array_index: int | None
    array_line: str | None = None  # of the file that the array was made of
    user: str = ""
    spec: Spec
    request: Resources
    time_limit_s: int | None
    lease_s: int | None  # None: never fenced (``--on-worker-loss wait``)
    grace_s: float  # from TERM to KILL: the leader counts with it before it gives the attempt up
    kind: Literal["batch", "service"] = "batch"  # a service: its process is started again whenever it ends
    generation: int = 0  # of a replica: which restart its first process already follows


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What Postgres says that this worker holds: one live allocation."""

    allocation_id: int
    job_id: int
    status: AllocationStatus
    start_token: str | None
    stop: Outcome | None  # asked to end, and as what
    rebooted: bool = False  # started before the machine was last started: it cannot run any more
    generation: int = 0  # of a replica: which restart is wanted

    @property
    def is_order(self) -> bool:
        """Whether its start is to be won yet."""
        return self.status is AllocationStatus.RESERVED and self.stop is None


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended, as its supervisor saw it.

    Exactly one of ``exit_code`` and ``signal`` is set when the job's own process ended; both are None when
    none ever ran. ``ago_s`` is how long before the report it ended. ``cpu_s`` covers the reaped tree.
    """

    allocation_id: int
    start_token: str
    outcome: Outcome
    exit_code: int | None = None
    signal: int | None = None
    detail: str = ""
    cpu_s: float = 0.0
    memory_peak_mb: int = 0
    ago_s: float = 0.0


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    """How a replica stands on its worker, when this is said.

    ``ready_ago_s``: since when it can serve; None: it cannot. ``rests_s``: its process has ended, and is started again
    in so many seconds; None: it runs, or is being stopped. ``restarts``: how often it was started again because it had
    ended by itself. ``last_exit``: how it last did (``exit code 1``). ``generation``: which restart it follows.
    """

    allocation_id: int
    start_token: str
    ready_ago_s: float | None
    restarts: int
    rests_s: float | None
    last_exit: str
    generation: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a replica says of its service over some time: its latency in ms, if it told one, and counts."""

    p99_ms: float | None = None
    requests: int = 0
    violations: int = 0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a tree of processes uses: CPUs (1.0 = one busy CPU), MiB resident, counts, MiB moved since its start."""

    cpus: float = 0.0
    memory_mb: int = 0
    memory_peak_mb: int = 0
    processes: int = 0
    read_mb: int = 0
    write_mb: int = 0
    cpu_s: float = 0.0
