"""A whole cluster in virtual time, told in a few words: real daemons and a real Postgres, simulated machines.

    cluster.schedd()
    cluster.worker("w1", cpus=8)
    job = cluster.job(seconds=30, cpus=4)
    cluster.pass_time(60)
    assert cluster.state(job) == "completed"

Every promise about the rows is checked after each step.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg

from agentd.loop import Agent
from agentd.sampler import Sampler
from clusterctl import live
from clusterctl.clock import Bell, VirtualClock
from clusterctl.model.errors import Outage
from clusterctl.model.registration import Registration
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings
from clusterctl.store import jobs, submissions
from clusterctl.store.invariants import violations
from schedd.leadership import Chair
from schedd.loop import Scheduler
from tests.simulated import Died, Machine, SimulatedProcesses
from tests.virtual import Life, VirtualDatabase

GRACE = 5.0  # seconds from TERM to KILL


class Worker:
    """An agent, if one lives, and the machine under it."""

    def __init__(self, cluster: Cluster, registration: Registration) -> None:
        self.name = registration.name
        self.machine = Machine(cluster.clock)
        self.orders = Bell()
        self.life: Life | None = None
        self.registration = registration
        self._cluster = cluster

    def begin(self, url: str = "") -> None:
        """Start an agent here, which talks to Postgres at *url*."""
        cluster = self._cluster
        db = VirtualDatabase(url or cluster.url, cluster.clock)
        self.agent = Agent(
            cluster.settings,
            self.registration,
            db=db,
            redis=cluster.new_redis(),
            processes=SimulatedProcesses(self.machine),
            sampler=Sampler(),
            clock=cluster.clock,
            orders=self.orders,
        )
        self.life = Life(self.agent.cycle, db, cluster.clock, cluster.settings.beat_every)

    def die(self) -> None:
        """As by kill -9."""
        if self.life:
            self.life.db.close()
        self.life = None

    def leave(self, *, stop_jobs: bool = False) -> None:
        """As by SIGTERM."""
        self.agent.leave(stop_jobs=stop_jobs)
        self.die()


class Cluster:
    """See this module's docstring. ``url`` is an empty database, ``admin_url`` another of the same server."""

    def __init__(self, url: str, admin_url: str, redis_url: str = "none", prefix: str = "cc:", **knobs: Any) -> None:
        self.url = url
        self.clock = VirtualClock()
        self.settings = Settings(
            database_url=url, redis_url=redis_url, redis_prefix=prefix, **{"term_grace": GRACE, **knobs}
        )
        self.db = VirtualDatabase(url, self.clock)
        self.schedds: dict[str, Life] = {}
        self.workers: dict[str, Worker] = {}
        self.dead: set[str] = set()  # schedds of which anybody can see that they are
        self._admin_url = admin_url
        self._silent_bell = Bell()

    # --- Who is there

    def schedd(self, name: str = "s1") -> Chair:
        """Start a scheduler; its first cycle is at once. Its chair tells whether it leads."""
        db = VirtualDatabase(self.url, self.clock, synchronous_commit="off", lock_timeout="2s")
        chair = Chair(db, name, self.clock, self.dead.__contains__)
        scheduler = Scheduler(self.settings, db, self.new_redis(), chair, self.clock)
        self.schedds[name] = Life(scheduler.cycle, db, self.clock, self.settings.round_every)
        self.pass_time(0)
        return chair

    def kill_schedd(self, name: str = "s1", *, seen: bool = False) -> None:
        """As by kill -9; *seen*: on a machine where the others can see it."""
        self.schedds.pop(name).db.close()
        if seen:
            self.dead.add(name)

    def worker(self, name: str = "w1", cpus: float = 4, memory_mb: int = 1000, **facts: Any) -> Worker:
        """A machine with an agent, registered by its first cycle."""
        worker = self.workers[name] = Worker(self, registration(name, cpus, memory_mb, **facts))
        worker.begin()
        self.pass_time(0)
        return worker

    def job(self, seconds: float = 10, code: int = 0, manner: str = "", **wishes: Any) -> int:
        """Submit a job that runs so long and exits with *code*; see ``jobs``."""
        return self.jobs(1, seconds, code, manner, **wishes)[0]

    def jobs(
        self, count: int, seconds: float = 10, code: int = 0, manner: str = "", *, cpus: float = 1, **wishes: Any
    ) -> list[int]:
        """Submit an array of *count* (one job, if it is one); *wishes* are fields of the submission."""
        request = Resources(int(cpus * 1000), wishes.pop("memory_mb", 0), 0)
        submission = Submission(
            spec=Spec(command=("simulate", str(seconds), str(code), manner)),
            request=request,
            indices=tuple(range(count)) if count > 1 else None,
            **wishes,
        )
        ids = list(submissions.submit(self.db, submission).ids)
        self.check()
        return ids

    def running_job(self, **wishes: Any) -> tuple[Worker, int]:
        """A leader, the worker ``w1``, and a long job that runs there; *wishes* as for ``job``."""
        self.schedd()
        worker = self.worker("w1")
        job = self.job(**{"seconds": 1000, **wishes})
        self.pass_time(6)
        assert self.state(job) == "running"
        return worker, job

    def cancel(self, *ids: int) -> None:
        """As the operator does, whose bell the workers hear."""
        jobs.cancel(self.db, ids)
        for worker in self.workers.values():
            worker.orders.ring()
            if worker.life:
                worker.life.wakes_at = self.clock.seconds()
        self.check()

    # --- What happens

    def round(self) -> None:
        """Let everybody have one more cycle, now: schedds first."""
        for life in self._lives():
            life.wakes_at = self.clock.seconds()
        self.pass_time(0)

    def pass_time(self, seconds: float) -> None:
        """Let everybody live for so long."""
        until = self.clock.seconds() + seconds
        while turn := min(self._turns(), default=None, key=lambda turn: turn[0]):
            moment, worker, life = turn
            if moment > until:
                break
            self._move_to(moment)
            try:
                life.live()
            except Died:
                assert worker
                worker.die()
        self._move_to(until)
        self.check()

    @contextmanager
    def without_postgres(self) -> Iterator[None]:
        """Postgres hangs up on everybody and lets nobody in, for so long."""
        name = psycopg.conninfo.conninfo_to_dict(self.url)["dbname"]
        with psycopg.connect(self._admin_url, autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        self.db.close()

    def set_database_clock(self, seconds: float) -> None:
        """The database's machine is given another time: so many seconds ahead of ours."""
        for db in (self.db, *(life.db for life in self._lives())):
            db.ahead = seconds

    # --- What is so

    def state(self, job: int) -> str:
        """Where a job is in its life."""
        return str(self.db.value("SELECT state FROM jobs WHERE id = %s", job))

    def states(self, ids: list[int]) -> list[str]:
        """The same for several."""
        return [self.state(id) for id in ids]

    def job_row(self, job: int, columns: LiteralString) -> tuple[Any, ...]:
        """Some of a job's *columns*, joined by commas."""
        found = self.db.row(f"SELECT {columns} FROM jobs WHERE id = %s", job)  # noqa: S608 - a test's own words
        assert found
        return found

    def attempts(self, job: int) -> list[str | None]:
        """Why each of a job's allocations was released, oldest first; None: it is live."""
        return [
            row[0] for row in self.db.rows("SELECT release_reason FROM allocations WHERE job_id = %s ORDER BY id", job)
        ]

    def live_state(self, name: str) -> str:
        """What the cluster believes about a worker."""
        return str(self.db.value("SELECT live_state FROM workers WHERE name = %s", name))

    def held_milli(self, name: str) -> int:
        """Thousandths of CPUs that are reserved or allocated on a worker."""
        return int(self.db.value("SELECT reserved_milli + allocated_milli FROM workers WHERE name = %s", name))

    def new_redis(self) -> live.Connection:
        """A line to Redis, if the cluster has one, whose patience is counted in virtual time."""
        return live.Connection(self.settings.redis_url, self.settings.redis_prefix, seconds=self.clock.seconds)

    def check(self) -> None:
        """Every promise about the rows holds; while Postgres is away, nobody can say."""
        try:
            assert violations(self.db) == []
        except Outage:
            return

    def close(self) -> None:
        """Hang up everywhere."""
        for db in (self.db, *(life.db for life in self._lives())):
            db.close()

    def _lives(self) -> Iterator[Life]:
        yield from self.schedds.values()
        yield from (worker.life for worker in self.workers.values() if worker.life)

    def _turns(self) -> Iterator[tuple[float, Worker | None, Life]]:
        for life in self.schedds.values():
            if not life.stopped:
                yield life.wakes_at, None, life
        for worker in self.workers.values():
            if worker.life and not worker.life.stopped:
                yield min(worker.life.wakes_at, worker.machine.next_end()), worker, worker.life

    def _move_to(self, moment: float) -> None:
        self.clock.wait(self._silent_bell, moment - self.clock.seconds())


def registration(
    name: str, cpus: float, memory_mb: int = 1000, *, agent: str = "", labels: dict[str, str] | None = None
) -> Registration:
    """What an agent says of itself; who it is follows from the worker's name unless told otherwise."""
    return Registration(
        name=name,
        agent_id=str(uuid.uuid5(uuid.NAMESPACE_DNS, agent or name)),
        machine_id=f"machine of {agent or name}",
        boot_id="boot",
        hostname=name,
        version="1",
        spool="/spool",
        capacity=Resources(int(cpus * 1000), memory_mb, 0),
        labels=labels or {},
    )
