"""A whole cluster in virtual time, told in a few words: real daemons and a real Postgres, simulated machines.

    cluster.schedd()
    cluster.worker("w1", cpus=8)
    job = cluster.job(seconds=30, cpus=4)
    cluster.pass_time(60)
    assert cluster.state(job) == "completed"

Every promise about the rows is checked after each step.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, LiteralString

import psycopg

from agentd.sampler import Sampler
from clusterctl import live
from clusterctl.clock import Bell
from clusterctl.model.errors import Outage
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings
from clusterctl.store import jobs, submissions
from clusterctl.store.invariants import violations
from schedd.leadership import Chair
from schedd.loop import Scheduler
from tests.machine import Machine
from tests.simulated import Died
from tests.virtual import Life, Server, VirtualDatabase, VirtualTime
from tests.worker import SimulatedSampler, Worker, registration

__all__ = ["Cluster", "Worker", "registration"]

GRACE = 5.0  # seconds from TERM to KILL


class Cluster:
    """See this module's docstring. ``url`` is an empty database, ``admin_url`` another of the same server."""

    def __init__(self, url: str, admin_url: str, redis_url: str = "none", prefix: str = "cc:", **knobs: Any) -> None:
        self.url = url
        self.clock = VirtualTime()
        self.server = Server()
        self.settings = Settings(
            database_url=url, redis_url=redis_url, redis_prefix=prefix, **{"term_grace": GRACE, **knobs}
        )
        self.db = self.new_database()
        self.schedds: dict[str, Life] = {}
        self.workers: dict[str, Worker] = {}
        self.dead: set[str] = set()  # schedds of which anybody can see that they are
        self.new_sampler: Callable[[Machine], Sampler] = SimulatedSampler  # what agents from now on measure with
        self._admin_url = admin_url
        self._silent_bell = Bell()
        self._hang_up = ExitStack()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    # --- Who is there

    def schedd(self, name: str = "s1", *, holder: str = "") -> Chair:
        """Start a scheduler; its first cycle is at once. Its chair tells whether it leads, as *holder* or its name."""
        db = self.new_database()
        chair = Chair(db, holder or name, self.clock, self.dead.__contains__)
        scheduler = Scheduler(self.settings, db, self.new_redis(), chair, self.clock)
        self.schedds[name] = Life(scheduler.cycle, db, self.clock, self.settings.round_every)
        self.pass_time(0)
        return chair

    def kill_schedd(self, name: str = "s1", *, seen: bool = False) -> None:
        """As by kill -9; *seen*: on a machine where the others can see it."""
        self.schedds.pop(name).die()
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

    def service(
        self, replicas: int = 1, seconds: float = math.inf, code: int = 0, manner: str = "", **wishes: Any
    ) -> list[int]:
        """Submit a service, each of whose processes runs so long; *wishes* also of the spec, as ``ready_cmd``."""
        ready = {name: wishes.pop(name) for name in ("ready_cmd", "ready_after_s") if name in wishes}
        submission = Submission(
            spec=Spec(command=("simulate", str(seconds), str(code), manner), **ready),
            request=Resources(int(wishes.pop("cpus", 1) * 1000), wishes.pop("memory_mb", 0), 0),
            kind="service",
            indices=tuple(range(replicas)),
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
        for life in self.lives():
            life.wakes_at = self.clock.seconds()
        self.pass_time(0)

    def pass_time(self, seconds: float) -> None:
        """Let everybody live for so long. Also within somebody's cycle: all others live on then."""
        until = self.clock.seconds() + seconds
        while (turn := min(self._turns(), default=None, key=lambda turn: turn[0])) and turn[0] <= until:
            self._move_to(turn[0])
            turn[1]()
        self._move_to(until)
        self.check()

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen then."""
        heapq.heappush(self._later, (self.clock.seconds() + seconds, next(self._numbers), act))

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
        self.server.ahead = seconds

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

    def lives(self) -> Iterator[Life]:
        """Every daemon that has not been killed."""
        yield from self.schedds.values()
        yield from (worker.life for worker in self.workers.values() if worker.life)

    def new_redis(self) -> live.Connection:
        """A line to Redis, if the cluster has one, whose breaker counts virtual time."""
        line = live.Connection(self.settings.redis_url, self.settings.redis_prefix, seconds=self.clock.seconds)
        self._hang_up.callback(line.close)
        return line

    def check(self) -> None:
        """Every promise about the rows holds; while Postgres is away, nobody can say."""
        try:
            assert violations(self.db) == []
        except Outage:
            return

    def new_database(self, url: str = "", **options: str) -> VirtualDatabase:
        """A line to Postgres, at *url* if that is another way there."""
        return VirtualDatabase(url or self.url, self.clock, self.server, **options)

    def close(self) -> None:
        """Hang up everywhere."""
        for schedd in list(self.schedds):
            self.kill_schedd(schedd)
        for worker in self.workers.values():
            worker.die()
            worker.orders.close()
        self.db.close()
        self.server.close()
        self._hang_up.close()
        self._silent_bell.close()

    def _turns(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """Who could go on, and when."""
        if self._later:
            yield self._later[0][0], self._keep_appointment
        for name, life in self.schedds.items():
            if life.can_live:
                yield life.wakes_at, partial(self._live, life, partial(self._bury_schedd, name, life))
        for worker in self.workers.values():
            if worker.life and worker.life.can_live:
                moment = min(worker.life.wakes_at, worker.machine.next_end())
                yield moment, partial(self._live, worker.life, partial(self._bury_agent, worker, worker.life))

    def _keep_appointment(self) -> None:
        heapq.heappop(self._later)[2]()

    def _live(self, life: Life, bury: Callable[[], None]) -> None:
        try:
            life.live()
        except Died:
            bury()

    def _bury_schedd(self, name: str, life: Life) -> None:
        life.die()
        if self.schedds.get(name) is life:
            del self.schedds[name]

    def _bury_agent(self, worker: Worker, life: Life) -> None:
        if worker.life is life:  # else another has taken its place already
            worker.die()

    def _move_to(self, moment: float) -> None:
        self.clock.wait(self._silent_bell, moment - self.clock.seconds())
