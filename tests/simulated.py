"""Machines that run jobs in virtual time: the second implementation of what agentd's loop asks of a machine.

What a simulated job does stands in its command: ``simulate SECONDS EXIT_CODE``, and ``stubborn`` if it ignores TERM.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agentd.running import Processes, Running
from clusterctl.clock import Bell, Clock
from clusterctl.model.orders import End, Order
from clusterctl.model.states import Outcome


class Died(Exception):
    """The agent was killed at this very line."""


@dataclass
class Attempt:
    """A simulated job: it ends at ``ends_at`` as ``outcome``, unless something ends it before."""

    order: Order
    token: str
    ends_at: float
    exit_code: int
    stubborn: bool
    outcome: Outcome = Outcome.EXITED
    detail: str = ""


@dataclass
class Machine:
    """A worker's machine with its supervisors and journals, which outlive any agent.

    ``ran`` is the ledger: the job number of everything that ever became a process, in order. With
    ``kills_agent_at_start`` the agent dies between winning the next start and making the process.
    """

    clock: Clock
    ran: list[int] = field(default_factory=list)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    journal: dict[int, tuple[End, float]] = field(default_factory=dict)  # ends that nobody has acknowledged, and when
    synced_at: float = 0.0
    supervisor_pid: int = 0  # of a real process whose descendants the sampler shall take for the jobs
    kills_agent_at_start: bool = False

    def next_end(self) -> float:
        """When something will end, if nobody interferes; infinity if nothing runs."""
        return min((min(each.ends_at, self.lease_end(each)) for each in self.attempts.values()), default=math.inf)

    def lease_end(self, attempt: Attempt) -> float:
        """When its supervisor stops it by itself."""
        lease = attempt.order.lease_s
        return math.inf if lease is None else self.synced_at + lease

    def begin(self, order: Order, token: str) -> None:
        """Make the process."""
        _, seconds, code, *manner = order.spec.command
        now = self.clock.seconds()
        limit = math.inf if order.time_limit_s is None else order.time_limit_s
        attempt = Attempt(order, token, now + min(float(seconds), limit), int(code), "stubborn" in manner)
        if limit < float(seconds):
            attempt.outcome = Outcome.TIME_LIMIT
        self.attempts[order.allocation_id] = attempt
        self.ran.append(order.job_id)

    def settle(self) -> None:
        """Let what should have ended by now have ended."""
        now = self.clock.seconds()
        for id, attempt in list(self.attempts.items()):
            if self.lease_end(attempt) <= now and self.lease_end(attempt) < attempt.ends_at:
                attempt.outcome, attempt.ends_at = Outcome.LEASE_EXPIRED, self.lease_end(attempt)
            if attempt.ends_at <= now:
                del self.attempts[id]
                self.journal[id] = (end_of(attempt), attempt.ends_at)


def end_of(attempt: Attempt) -> End:
    """How the journal tells it."""
    by_itself = attempt.outcome is Outcome.EXITED
    return End(
        allocation_id=attempt.order.allocation_id,
        start_token=attempt.token,
        outcome=attempt.outcome,
        exit_code=attempt.exit_code if by_itself else None,
        signal=None if by_itself else 9 if attempt.stubborn else 15,
        detail=attempt.detail,
    )


class SimulatedProcesses(Processes):
    """One agent's grip on its machine. A new agent on the same machine finds what the old one left."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._told: set[int] = set()
        self._nothing = Bell()

    def start(self, order: Order, token: str) -> None:
        """Once in the history of the machine."""
        if self._machine.kills_agent_at_start:
            self._machine.kills_agent_at_start = False
            raise Died
        if not self.knows(order.allocation_id):
            self._machine.begin(order, token)

    def stop(self, allocation_id: int, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """TERM works at once, except on the stubborn."""
        attempt = self._machine.attempts.get(allocation_id)
        if attempt is None:
            return
        if attempt.outcome is Outcome.EXITED:
            attempt.outcome, attempt.detail = outcome, detail
        now = self._machine.clock.seconds()
        attempt.ends_at = min(attempt.ends_at, now + grace_s if attempt.stubborn else now)

    def collect(self) -> list[End]:
        """Each end once to each agent, until it is acknowledged."""
        self._machine.settle()
        fresh = {id: end for id, (end, _) in self._machine.journal.items() if id not in self._told}
        self._told.update(fresh)
        return list(fresh.values())

    def acknowledge(self, allocation_ids: Iterable[int]) -> None:
        """The journal forgets."""
        for id in allocation_ids:
            self._machine.journal.pop(id, None)

    def running(self) -> Mapping[int, Running]:
        """What runs, or has ended untold."""
        fresh = {id: end for id, (end, _) in self._machine.journal.items() if id not in self._told}
        ended = {id: Running(allocation_id=id, job_id=0, start_token=end.start_token) for id, end in fresh.items()}
        return ended | {id: self._seen(attempt) for id, attempt in self._machine.attempts.items()}

    def knows(self, allocation_id: int) -> bool:
        """Whether it stands in the journal."""
        return allocation_id in self._machine.attempts or allocation_id in self._machine.journal

    def renew(self, boottime: float) -> None:
        """Leases count from now, in virtual time."""
        self._machine.synced_at = self._machine.clock.seconds()

    def fileno(self) -> int:
        """Never readable: who waits in virtual time is woken by it."""
        return self._nothing.fileno()

    def trim(self) -> None:
        """There is nobody to let go."""

    def close(self, *, stop_jobs: bool) -> None:
        """Jobs go on."""
        assert not stop_jobs or not self._machine.attempts
        self._nothing.close()

    def _seen(self, attempt: Attempt) -> Running:
        return Running(
            allocation_id=attempt.order.allocation_id,
            job_id=attempt.order.job_id,
            start_token=attempt.token,
            supervisor_pid=self._machine.supervisor_pid,
            memory_mb=attempt.order.request.memory_mb,
        )
