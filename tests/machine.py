"""A machine of a worker in virtual time, with its supervisors and journals.

What a simulated job does stands in its command: ``simulate SECONDS EXIT_CODE``, then ``stubborn`` if it ignores TERM,
or ``unstartable`` if it cannot be made. The process of a service is started again whenever it ends: see
``tests.simulated_replicas``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from clusterctl.model.orders import End, Order
from clusterctl.model.states import FREE_RETURNS, Outcome
from tests.simulated_replicas import SimulatedReplica
from tests.virtual import VirtualTime


@dataclass(kw_only=True)
class Entry:
    """A line of the ledger: a process that there was, from ``began`` to ``ended`` in virtual seconds.

    All the processes of a replica's attempt are one line, rests and all.
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
    replica: SimulatedReplica | None = None

    @property
    def by_itself(self) -> bool:
        """Nobody has asked it to end."""
        return self.outcome in (Outcome.EXITED, Outcome.CRASH_LOOP)

    @property
    def next_change(self) -> float:
        """When it changes without an end."""
        return self.replica.next_change if self.replica and self.by_itself else math.inf


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
        return min(map(self._next, self.attempts.values()), default=math.inf)

    def lease_end(self, order: Order) -> float:
        """When its supervisor stops it by itself."""
        return math.inf if order.lease_s is None else self.synced_at + order.lease_s

    def begin(self, order: Order, token: str) -> None:
        """Make the process, or write down why not."""
        _, seconds, code, *manner = order.spec.command
        now = self.clock.seconds()
        if now > self.lease_end(order):
            self._never(order, token, Outcome.NEVER_STARTED, "the lease was already out")
        elif order.kind == "batch" and not self._can_make(order):
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
            attempt = Attempt(order, entry, now + float(seconds), now + limit, int(code), "stubborn" in manner)
            self.attempts[order.allocation_id] = attempt
            if order.kind == "service":
                attempt.replica = SimulatedReplica(order, float(seconds), int(code), now, wanted=order.generation)
                attempt.ends_at = attempt.replica.run(now, starts=self._can_make(order))
            if self._can_make(order):
                self.ledger.append(entry)

    def restart(self, attempt: Attempt, generation: int, grace_s: float) -> None:
        """Have a replica follow *generation*: its process ends, and is started again at once."""
        replica, now = attempt.replica, self.clock.seconds()
        if replica is None or generation <= replica.wanted or not attempt.by_itself:
            return
        replica.wanted = generation
        replica.ends.forgive()
        if replica.rests:
            replica.rests_until = now
        else:
            attempt.ends_at = min(attempt.ends_at, now + grace_s if attempt.stubborn else now)

    def stop(self, attempt: Attempt, at: float, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """TERM works at once, except on the stubborn. Who asks first, or who cancels, says what the end is called."""
        if attempt.by_itself or (outcome is Outcome.CANCELLED and attempt.outcome in FREE_RETURNS):
            attempt.outcome, attempt.detail = outcome, detail
        kill_at = min(at + grace_s, max(at, self.lease_end(attempt.order) + attempt.order.grace_s))
        rests = attempt.replica is not None and attempt.replica.rests
        attempt.ends_at = min(attempt.ends_at, kill_at if attempt.stubborn and not rests else at)

    def settle(self) -> None:
        """Let what should have happened by now have happened."""
        now = self.clock.seconds() if self.frozen_at is None else self.frozen_at
        for id, attempt in list(self.attempts.items()):
            while id in self.attempts and (at := self._next(attempt)) <= now:
                self._happen(attempt, at)

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
            if attempt.replica:
                attempt.replica.shift(missed)

    def _next(self, attempt: Attempt) -> float:
        """When something happens to it."""
        return min(attempt.ends_at, attempt.next_change, *self._stops(attempt).values())

    def _happen(self, attempt: Attempt, at: float) -> None:
        """Let that happen which is due *at* that moment: an end before a stop, a stop before all else."""
        stop_at, outcome = min((moment, outcome) for outcome, moment in self._stops(attempt).items())
        if attempt.ends_at <= at:
            self._end(attempt)
        elif stop_at <= at:
            self.stop(attempt, stop_at, outcome, attempt.order.grace_s)
        elif (replica := attempt.replica) and replica.rests:
            self._run_again(attempt, replica, at)
        elif replica:
            replica.get_ready(at)

    def _end(self, attempt: Attempt) -> None:
        """Its process has ended; a replica that nobody has stopped goes on, unless it does so too often."""
        at, replica = attempt.ends_at, attempt.replica
        if replica and attempt.by_itself:
            if replica.wanted > replica.generation:
                self._run_again(attempt, replica, at)
                return
            attempt.ends_at = math.inf
            if replica.rest(at, f"exit code {attempt.exit_code}"):
                return
            attempt.ends_at, attempt.outcome = at, Outcome.CRASH_LOOP
        del self.attempts[attempt.order.allocation_id]
        attempt.entry.ended, attempt.entry.outcome = at, attempt.outcome
        attempt.entry.exit_code = attempt.exit_code if attempt.by_itself else None
        self.journal[attempt.order.allocation_id] = (end_of(attempt), at)

    def _run_again(self, attempt: Attempt, replica: SimulatedReplica, at: float) -> None:
        replica.restarts += 1
        attempt.ends_at = replica.run(at, starts=self._can_make(attempt.order))

    def _can_make(self, order: Order) -> bool:
        return not self.broken and "unstartable" not in order.spec.command

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
