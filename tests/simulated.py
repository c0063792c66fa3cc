"""Machines that run jobs in virtual time: the second implementation of what agentd's loop asks of a machine.

What a simulated job does stands in its command: ``simulate SECONDS EXIT_CODE``, then ``stubborn`` if it ignores TERM,
or ``unstartable`` if it cannot be made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from agentd.running import Processes, Running
from clusterctl.clock import Bell
from clusterctl.model.orders import End, Order
from clusterctl.model.states import FREE_RETURNS, Outcome
from tests.virtual import VirtualTime


class Died(Exception):
    """The daemon was killed at this very line."""


@dataclass(kw_only=True)
class Entry:
    """A line of the ledger: a process that there was, from ``began`` to ``ended`` in virtual seconds.

    ``outcome`` is None while it runs. ``forgotten``: no journal tells of it any more, though nobody has heard its end.
    """

    job_id: int
    allocation_id: int
    token: str
    cpu_milli: int
    memory_mb: int
    began: float
    ended: float = math.inf
    outcome: Outcome | None = None
    exit_code: int | None = None  # of one that ended by itself
    forgotten: bool = False


@dataclass
class Attempt:
    """A simulated job: it ends at ``ends_at`` by itself, unless its limit, its lease or somebody stops it before."""

    order: Order
    entry: Entry
    ends_at: float
    limit_at: float
    exit_code: int
    stubborn: bool
    outcome: Outcome = Outcome.EXITED
    detail: str = ""

    @property
    def by_itself(self) -> bool:
        """Nobody has asked it to end."""
        return self.outcome is Outcome.EXITED


@dataclass
class Machine:
    """A worker's machine with its supervisors and journals, which outlive any agent.

    ``ledger`` tells of everything that ever became a process, in order. With ``kills_agent_at_start`` the agent dies
    between winning the next start and making the process. A ``broken`` machine can make none.
    """

    clock: VirtualTime
    ledger: list[Entry] = field(default_factory=list)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    journal: dict[int, tuple[End, float]] = field(default_factory=dict)  # ends that nobody has acknowledged, and when
    synced_at: float = -math.inf
    boots: int = 1
    is_on: bool = True
    frozen_at: float | None = None
    frozen_s: float = 0.0  # since the last sync
    broken: bool = False
    supervisor_pid: int = 0  # of a real process whose descendants the sampler shall take for the jobs
    kills_agent_at_start: bool = False

    @property
    def ran(self) -> list[int]:
        """The job numbers of the ledger."""
        return [entry.job_id for entry in self.ledger]

    def next_end(self) -> float:
        """When something will happen here, if nobody interferes; infinity if nothing runs."""
        if self.frozen_at is not None:
            return math.inf
        return min(
            (min(each.ends_at, *self._stops(each).values()) for each in self.attempts.values()), default=math.inf
        )

    def lease_end(self, order: Order) -> float:
        """When its supervisor stops it by itself."""
        return math.inf if order.lease_s is None else self.synced_at + order.lease_s

    def begin(self, order: Order, token: str) -> None:
        """Make the process, or write down why not."""
        _, seconds, code, *manner = order.spec.command
        now = self.clock.seconds()
        if now > self.lease_end(order):
            self._never(order, token, Outcome.NEVER_STARTED, "the lease was already out")
        elif self.broken or "unstartable" in manner:
            self._never(order, token, Outcome.START_FAILED, "there is no such program")
        else:
            entry = Entry(
                job_id=order.job_id,
                allocation_id=order.allocation_id,
                token=token,
                cpu_milli=order.request.cpu_milli,
                memory_mb=order.request.memory_mb,
                began=now,
            )
            limit = math.inf if order.time_limit_s is None else order.time_limit_s
            stubborn = "stubborn" in manner
            self.attempts[order.allocation_id] = Attempt(
                order, entry, now + float(seconds), now + limit, int(code), stubborn
            )
            self.ledger.append(entry)

    def stop(self, attempt: Attempt, at: float, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """TERM works at once, except on the stubborn. Who asks first, or who cancels, says what the end is called."""
        if attempt.by_itself or (outcome is Outcome.CANCELLED and attempt.outcome in FREE_RETURNS):
            attempt.outcome, attempt.detail = outcome, detail
        kill_at = min(at + grace_s, max(at, self.lease_end(attempt.order) + attempt.order.grace_s))
        attempt.ends_at = min(attempt.ends_at, kill_at if attempt.stubborn else at)

    def settle(self) -> None:
        """Let what should have happened by now have happened."""
        now = self.clock.seconds() if self.frozen_at is None else self.frozen_at
        for id, attempt in list(self.attempts.items()):
            at, outcome = min((at, outcome) for outcome, at in self._stops(attempt).items())
            if at <= now and at < attempt.ends_at and attempt.by_itself:
                self.stop(attempt, at, outcome, attempt.order.grace_s)
            if attempt.ends_at <= now:
                del self.attempts[id]
                attempt.entry.ended = attempt.ends_at
                attempt.entry.outcome = attempt.outcome
                attempt.entry.exit_code = attempt.exit_code if attempt.by_itself else None
                self.journal[id] = (end_of(attempt), attempt.ends_at)

    def renew(self, at: float) -> None:
        """A sync that was sent at *at* has succeeded."""
        # Of a lease that ran out during the exchange no supervisor need have heard: it reads anew what is written here.
        if at > self.synced_at:
            self.synced_at, self.frozen_s = at, 0.0

    def lose_power(self, *, forgets: bool = False) -> None:
        """No process is left. With *forgets*, what the journals told was not yet on the disk."""
        self.settle()
        for id, attempt in self.attempts.items():
            attempt.entry.ended = self.clock.seconds()
            attempt.entry.outcome = attempt.outcome = Outcome.WORKER_REBOOTED
            self.journal[id] = (end_of(attempt), self.clock.seconds())
        if forgets:
            for entry in self.ledger:
                entry.forgotten |= entry.allocation_id in self.journal
            self.journal.clear()
        self.attempts.clear()
        self.is_on, self.frozen_at, self.synced_at = False, None, -math.inf
        self.boots += 1

    def freeze(self) -> None:
        """A virtual machine whose host lets nothing in it happen. Its clocks stand still."""
        self.settle()
        self.frozen_at = self.clock.seconds()

    def thaw(self) -> None:
        """It goes on as if nothing had been."""
        if self.frozen_at is None:
            return
        missed, self.frozen_at = self.clock.seconds() - self.frozen_at, None
        self.frozen_s += missed
        self.synced_at += missed
        for attempt in self.attempts.values():
            attempt.ends_at += missed
            attempt.limit_at += missed

    def _stops(self, attempt: Attempt) -> dict[Outcome, float]:
        """What would stop it, and when; nothing stops it twice."""
        if not attempt.by_itself:
            return {attempt.outcome: math.inf}
        return {Outcome.TIME_LIMIT: attempt.limit_at, Outcome.LEASE_EXPIRED: self.lease_end(attempt.order)}

    def _never(self, order: Order, token: str, outcome: Outcome, detail: str) -> None:
        end = End(allocation_id=order.allocation_id, start_token=token, outcome=outcome, detail=detail)
        self.journal[order.allocation_id] = (end, self.clock.seconds())


def end_of(attempt: Attempt) -> End:
    """How the journal tells it."""
    killed = None if attempt.outcome is Outcome.WORKER_REBOOTED else 9 if attempt.stubborn else 15
    return End(
        allocation_id=attempt.order.allocation_id,
        start_token=attempt.entry.token,
        outcome=attempt.outcome,
        exit_code=attempt.exit_code if attempt.by_itself else None,
        signal=None if attempt.by_itself else killed,
        detail=attempt.detail,
    )


class SimulatedProcesses(Processes):
    """One agent's grip on its machine. A new agent on the same machine finds what the old one left."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._told: set[int] = set()
        self._untraced: list[End] = []
        self._nothing = Bell()

    def start(self, order: Order, token: str) -> None:
        """Once in the history of the machine."""
        if self._machine.kills_agent_at_start:
            self._machine.kills_agent_at_start = False
            raise Died
        if not self.knows(order.allocation_id, token):
            self._machine.begin(order, token)

    def stop(self, allocation_id: int, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """Pass it on."""
        attempt = self._machine.attempts.get(allocation_id)
        if attempt is not None:
            self._machine.stop(attempt, self._machine.clock.seconds(), outcome, grace_s, detail)

    def collect(self) -> list[End]:
        """Each end once to each agent, until it is acknowledged."""
        self._machine.settle()
        now = self._machine.clock.seconds()
        fresh = {id: entry for id, entry in self._machine.journal.items() if id not in self._told}
        self._told.update(fresh)
        untraced, self._untraced = self._untraced, []
        return [replace(end, ago_s=now - at) for end, at in fresh.values()] + untraced

    def acknowledge(self, allocation_ids: Iterable[int]) -> None:
        """The journal forgets."""
        for id in allocation_ids:
            self._machine.journal.pop(id, None)

    def running(self) -> Mapping[int, Running]:
        """What runs, or has ended untold."""
        fresh = {id: end for id, (end, _) in self._machine.journal.items() if id not in self._told}
        ended = {id: Running(allocation_id=id, job_id=0, start_token=end.start_token) for id, end in fresh.items()}
        return ended | {id: self._seen(attempt) for id, attempt in self._machine.attempts.items()}

    def bury(self, end: End) -> None:
        """What stands in no journal has never run here."""
        self._untraced.append(end)

    def knows(self, allocation_id: int, token: str) -> bool:
        """Whether it stands in the journal."""
        return allocation_id in self._machine.attempts or allocation_id in self._machine.journal

    def renew(self, boottime: float) -> None:
        """Leases count from the sending, in virtual time."""
        self._machine.renew(self._machine.clock.at(boottime))

    def fileno(self) -> int:
        """Never readable: who waits in virtual time is woken by it."""
        return self._nothing.fileno()

    def due(self) -> float:
        """When there is something untraced to tell; of the rest ``Machine.next_end`` knows."""
        return 0.0 if self._untraced else math.inf

    def trim(self) -> None:
        """There is nobody to let go."""

    def close(self, *, stop_jobs: bool) -> None:
        """Jobs go on."""
        assert not stop_jobs or not self._machine.attempts

    def let_go(self) -> None:
        """Its agent was killed: the kernel closes what it had open."""
        self._nothing.close()

    def _seen(self, attempt: Attempt) -> Running:
        return Running(
            allocation_id=attempt.order.allocation_id,
            job_id=attempt.order.job_id,
            start_token=attempt.entry.token,
            supervisor_pid=self._machine.supervisor_pid,
            memory_mb=attempt.order.request.memory_mb,
            grace_s=attempt.order.grace_s,
        )
