"""A worker of a cluster in virtual time: a real agent, and the simulated machine under it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec.structs import replace

from agentd.loop import Agent
from agentd.running import Running
from agentd.sampler import Sample, Sampler
from clusterctl import live
from clusterctl.clock import Bell
from clusterctl.model.orders import Usage
from clusterctl.model.registration import Registration
from clusterctl.model.resources import Resources
from clusterctl.settings import Settings
from tests.machine import Machine
from tests.simulated import SimulatedProcesses
from tests.virtual import Life, VirtualDatabase, VirtualTime


class Surroundings(Protocol):
    """What a worker needs of its cluster."""

    settings: Settings
    clock: VirtualTime
    new_sampler: Callable[[Machine], Sampler]

    def new_database(self, url: str = "", **options: str) -> VirtualDatabase:
        """A line to Postgres."""

    def new_redis(self) -> live.Connection:
        """A line to Redis."""


class SimulatedSampler(Sampler):
    """Without the agent itself: what its process uses is what the tests do in no time at all."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        del machine

    def sample(self, running: Mapping[int, Running]) -> Sample:
        """What the jobs use."""
        sample = super().sample(running)
        return replace(sample, host=replace(sample.host, agent=Usage()))


class Worker:
    """An agent, if one lives, and the machine under it.

    ``cut``: the machine has no way to Postgres. ``trouble``: why its agent wants no new work.
    """

    def __init__(self, cluster: Surroundings, registration: Registration) -> None:
        self.name = registration.name
        self.machine = Machine(cluster.clock)
        self.orders = Bell()
        self.life: Life | None = None
        self.registration = registration
        self.cut = False
        self.trouble = ""
        self._cluster = cluster

    def begin(self, url: str = "") -> None:
        """Start an agent here, which talks to Postgres at *url*."""
        cluster = self._cluster
        db = cluster.new_database(url)
        db.cut = self.cut
        self.processes = SimulatedProcesses(self.machine)
        self.agent = Agent(
            cluster.settings,
            self.registration,
            db=db,
            redis=cluster.new_redis(),
            processes=self.processes,
            sampler=cluster.new_sampler(self.machine),
            clock=cluster.clock,
            orders=self.orders,
            look_for_trouble=lambda: self.trouble,
        )
        self.life = Life(self.agent.cycle, db, cluster.clock, cluster.settings.beat_every)

    def die(self) -> None:
        """As by kill -9."""
        if self.life:
            self.life.die()
            self.processes.let_go()
        self.life = None

    def leave(self, *, stop_jobs: bool = False) -> None:
        """As by SIGTERM."""
        self.agent.leave(stop_jobs=stop_jobs)
        self.die()

    def cut_off(self, cut: bool = True) -> None:
        """Nothing goes between this machine and Postgres any more, or (False) it does again."""
        self.cut = cut
        if self.life:
            self.life.db.cut = cut

    def lose_power(self, *, forgets: bool = False) -> None:
        """The machine and all that ran on it are off; see ``Machine.lose_power``."""
        self.die()
        self.machine.lose_power(forgets=forgets)
        self.registration = replace(self.registration, boot_id=f"boot {self.machine.boots}")

    def boot(self) -> None:
        """The machine is on again, and its agent begins."""
        self.machine.is_on = True
        self.begin()

    def reboot(self, *, forgets: bool = False) -> None:
        """Off, and on again."""
        self.lose_power(forgets=forgets)
        self.boot()


def registration(
    name: str,
    cpus: float,
    memory_mb: int = 1000,
    *,
    agent: str = "",
    version: str = "1",
    labels: dict[str, str] | None = None,
) -> Registration:
    """What an agent says of itself; who it is follows from the worker's name unless told otherwise."""
    return Registration(
        name=name,
        agent_id=str(uuid.uuid5(uuid.NAMESPACE_DNS, agent or name)),
        machine_id=f"machine of {agent or name}",
        boot_id="boot",
        hostname=name,
        version=version,
        spool="/spool",
        capacity=Resources(int(cpus * 1000), memory_mb, 0),
        labels=labels or {},
    )
