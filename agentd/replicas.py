"""What Postgres is still to be told of this worker's replicas, and what it wants of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import msgspec

from agentd.reports import fold
from agentd.running import Processes
from clusterctl.model.orders import Holding, Replica, Report
from clusterctl.model.states import AllocationStatus

SOON_S = 1.0  # between two exchanges for nothing but a replica that has changed


class Tidings(msgspec.Struct, frozen=True, kw_only=True):
    """What one exchange tells. ``tokens`` of the allocations of ``reports``; ``versions`` of those of ``replicas``."""

    replicas: tuple[Replica, ...] = ()
    versions: Mapping[int, int] = {}
    reports: Mapping[int, Report] = {}
    tokens: Mapping[int, str] = {}

    def __bool__(self) -> bool:
        return bool(self.replicas or self.reports)


NOTHING = Tidings()


class Replicas:
    """Remembers what has been told. Moments are the loop's clock's seconds.

    A change is told soon, at most once a second; a report with the next beat.
    """

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._told: dict[int, int] = {}  # by allocation, the version that Postgres has heard
        self._served: dict[int, int] = {}  # the last generation in which it has heard that it was ready
        self._reports: dict[int, Report] = {}
        self._next_at = -math.inf

    def due(self) -> float:
        """When there is something to tell, whatever else there is; infinity if there is nothing."""
        changed = any(self._told.get(id) != version for id, version in self._processes.replicas().items())
        return self._next_at if changed else math.inf

    def read_reports(self) -> None:
        """Hear what services say of themselves."""
        for id, report in self._processes.reports().items():
            self._reports[id] = fold(self._reports[id], report) if id in self._reports else report

    def tidings(self, now: float) -> Tidings:
        """All that is to be told, at *now*."""
        versions = self._processes.replicas()
        self._forget(versions.keys())
        changed = {id: version for id, version in versions.items() if self._told.get(id) != version}
        if changed:  # an exchange that told nothing keeps nobody waiting
            self._next_at = now + SOON_S
        running = self._processes.running()
        return Tidings(
            replicas=tuple(self._processes.replica(id) for id in changed),
            versions=changed,
            reports=dict(self._reports),
            tokens={id: running[id].start_token for id in self._reports},
        )

    def heard(self, tidings: Tidings, told: Collection[int], reported: Collection[int]) -> bool:
        """Of *tidings* these are committed. Whether a replica is ready in a generation in which it was not before."""
        self._reports = {id: report for id, report in self._reports.items() if id not in reported}
        news = False
        for replica in tidings.replicas:
            id = replica.allocation_id
            if id not in told:
                continue
            self._told[id] = tidings.versions[id]
            if replica.ready_ago_s is not None and replica.generation > self._served.get(id, 0):
                self._served[id] = replica.generation
                news = True
        return news

    def heed(self, holdings: Iterable[Holding]) -> None:
        """Restart what should follow another generation than it does."""
        replicas, running = self._processes.replicas(), self._processes.running()
        for holding in holdings:
            id = holding.allocation_id
            if not holding.generation or holding.stop or holding.status is not AllocationStatus.ALLOCATED:
                continue
            if id not in replicas or running[id].start_token != holding.start_token:
                continue
            if holding.generation > self._processes.replica(id).generation:
                self._processes.restart(id, holding.generation, running[id].grace_s)

    def forget(self) -> None:
        """We have become another incarnation: whatever was told before may not have been heard."""
        self._told.clear()

    def _forget(self, living: Collection[int]) -> None:
        """Of what has ended nothing is told any more."""
        for memory in (self._told, self._served, self._reports):
            for id in memory.keys() - living:
                del memory[id]
