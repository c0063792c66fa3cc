"""The second implementation of what agentd's loop asks of a machine: in virtual time, on a simulated one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from agentd.running import Processes, Running
from clusterctl.clock import Bell
from clusterctl.model.orders import End, Order, Replica, Report
from clusterctl.model.states import Outcome
from tests.machine import Attempt, Machine


class Died(Exception):
    """The daemon was killed at this very line."""


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

    def restart(self, allocation_id: int, generation: int, grace_s: float) -> None:
        """Pass it on."""
        attempt = self._machine.attempts.get(allocation_id)
        if attempt is not None:
            self._machine.restart(attempt, generation, grace_s)

    def replicas(self) -> Mapping[int, int]:
        """By allocation, the version."""
        return {id: each.replica.version for id, each in self._machine.attempts.items() if each.replica}

    def replica(self, allocation_id: int) -> Replica:
        """As it stands now."""
        attempt = self._machine.attempts[allocation_id]
        assert attempt.replica
        return attempt.replica.told(attempt.entry.token, self._machine.clock.seconds())

    def reports(self) -> Mapping[int, Report]:
        """Simulated jobs say nothing."""
        return {}

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
