"""A small cluster told in a few words: workers, jobs, and their steps by the store's own functions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from clusterctl.model.liveness import Standing
from clusterctl.model.orders import End, Order
from clusterctl.model.plan import Start
from clusterctl.model.registration import Registered, Registration
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup
from clusterctl.model.spec import Spec, Submission
from clusterctl.model.states import Outcome
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, leader, releases, submissions, workers
from clusterctl.store.allocations import Reserved
from clusterctl.store.connection import Database
from clusterctl.store.invariants import violations
from clusterctl.store.queue import Room, could_start, read_fronts, read_heads
from clusterctl.store.releases import Ended

SPEC = Spec(command=("true",))
VERSION = version("clusterctl")  # of agent and program alike


class Scene:
    """The cluster of one test. ``term`` is its leader's; each worker is an agent of its own on its own machine."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.term = leader.take(db, leader.observe(db), "scene") or 0

    def worker(self, name: str = "w1", cpus: int = 8, **said: Any) -> Registered:
        """Register (again); the same name is the same agent on the same machine unless told otherwise."""
        return workers.register(self.db, registration(name, cpus, **said))

    def jobs(self, count: int = 1, cpus: int = 1, **wishes: Any) -> list[int]:
        """Submit so many jobs at once; their ids."""
        return list(submissions.submit(self.db, submission(count, cpus, **wishes)).ids)

    def reserve(self, worker: Registered, jobs: Sequence[int], db: Database | None = None) -> list[Reserved]:
        """Ask for these jobs to be placed on *worker*."""
        return allocations.reserve(db or self.db, self.term, 1, starts(worker, jobs), Timers())

    def start(self, worker: Registered, most: int = 100) -> tuple[list[Order], str]:
        """Start what waits on *worker*; the orders, and the token that they were won with."""
        token = new_token()
        return allocations.start(self.db, worker.worker_id, worker.incarnation, token, most), token

    def run(self, worker: Registered, jobs: Sequence[int]) -> tuple[list[Order], str]:
        """Reserve and start."""
        self.reserve(worker, jobs)
        return self.start(worker)

    def end(self, order: Order, token: str, outcome: Outcome = Outcome.EXITED, code: int | None = 0) -> list[Ended]:
        """Report that the attempt is over."""
        return releases.end(self.db, "w", [end(order.allocation_id, token, outcome, code)])

    def finish(self, worker: Registered, job: int, outcome: Outcome = Outcome.EXITED, code: int | None = 0) -> None:
        """Let a pending job run and end."""
        (order,), token = self.run(worker, [job])
        self.end(order, token, outcome, code)

    def beats(self) -> dict[int, int]:
        """How often each worker has beaten."""
        return dict(self.db.rows("SELECT id, beat FROM workers"))

    def silence(self, seconds: float) -> dict[int, Standing]:
        """Nobody was heard for so long: all workers are silent from now on."""
        beats = self.beats()
        workers.silence(self.db, self.term, beats)
        return {worker: Standing(beat, seconds) for worker, beat in beats.items()}

    def state(self, job: int) -> str:
        """Where a job is in its life."""
        return str(self.db.value("SELECT state FROM jobs WHERE id = %s", job))

    def states(self, jobs: Sequence[int]) -> list[str]:
        """The same for several, in the order of their ids."""
        return [row[0] for row in self.db.rows("SELECT state FROM jobs WHERE id = ANY (%s) ORDER BY id", list(jobs))]

    def check(self) -> None:
        """Every promise about the rows holds."""
        found = violations(self.db)
        assert not found, found


def registration(
    name: str,
    cpus: int,
    *,
    agent: str = "",
    machine: str = "",
    boot: str = "boot",
    labels: dict[str, str] | None = None,
    hostname: str = "",
    spool: str = "/spool",
    version: str = VERSION,
) -> Registration:
    """What an agent says of itself; who it is follows from the worker's name unless told otherwise."""
    return Registration(
        name=name,
        agent_id=agent or str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        machine_id=machine or f"machine of {name}",
        boot_id=boot,
        hostname=hostname or name,
        version=version,
        spool=spool,
        capacity=Resources(cpus * 1000, 64_000, 0),
        labels=labels or {},
    )


def read_queue(db: Database, cpus: int, most: int = 5000) -> tuple[QueueGroup, ...]:
    """The queue as a leader sees it that has so many CPUs free, and of all else more than anybody asks for."""
    room = Room([Resources(cpus * 1000, 10**9, 1000)])
    fronts = read_fronts(db, {})
    could = {group.shape: could_start(group, room, None, Resources()) for group in fronts}
    return read_heads(db, fronts, {shape: min(most, number + 1) for shape, number in could.items() if number})


def submission(count: int = 1, cpus: int = 1, **wishes: Any) -> Submission:
    """*count* jobs of so many CPUs: an array if there are several."""
    indices = tuple(range(count)) if count > 1 else None
    return Submission(**{"spec": SPEC, "request": Resources(cpus * 1000, 64), "indices": indices, **wishes})


def starts(worker: Registered, jobs: Sequence[int]) -> list[Start]:
    """A plan that gives *jobs* to *worker*."""
    return [Start(job_id=job, worker_id=worker.worker_id, policy="pack", score=1.0, candidates=1) for job in jobs]


def end(allocation: int, token: str, outcome: Outcome = Outcome.EXITED, code: int | None = 0) -> End:
    """A report; only a process that exited has an exit code."""
    return End(
        allocation_id=allocation,
        start_token=token,
        outcome=outcome,
        exit_code=code if outcome is Outcome.EXITED else None,
    )


def new_token() -> str:
    """A start token."""
    return str(uuid.uuid4())
