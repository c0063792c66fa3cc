"""One cluster that anything may happen to: two schedds, some workers, users, an operator, and chance."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from clusterctl.model.errors import NameTaken, Outage
from clusterctl.model.resources import Resources
from tests.cluster import Cluster
from tests.simulated import Died
from tests.simulation.watchman import Watchman
from tests.virtual import Life
from tests.worker import Worker, registration

IDLE_IN_TRANSACTION = 3.0  # seconds after which Postgres ends the session of a daemon that stands still in one
RESTART = 5.0  # seconds until a daemon that ended by itself is begun again
MARGIN = 3.0
# Everything happens about ten times as often as the defaults would have it, and agents measure nothing real.
KNOBS: dict[str, Any] = {
    "round_every": 2.0,
    "silent_after": 6.0,
    "start_timeout": 8.0,
    "lease": 12.0,
    "term_grace": 1.0,
    "lease_margin": MARGIN,
    "sample_every": 1e6,
    "memory_check_every": 1e6,
}


class World(Cluster):
    """What *seed* makes of a cluster. ``acknowledged`` are the jobs of which a user has been told the number."""

    def __init__(self, url: str, admin_url: str, seed: int) -> None:
        super().__init__(url, admin_url, **KNOBS)
        self.chance = random.Random(seed)
        self.trace: list[str] = []
        self.faults: Counter[str] = Counter()
        self.acknowledged: list[int] = []
        self.user = self.new_database()
        self.watchman = Watchman(self)
        self.burnt = ""  # the worker whose machine never comes back
        self.ends_at = 0.0  # of all accidents
        self.largest: dict[str, Resources] = {}  # that a worker ever offered
        self._starts = Counter[str]()
        self.server.blocked = self.end_idle_transactions

    @property
    def digest(self) -> str:
        """Of all that has happened."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]

    def note(self, what: str) -> None:
        """For the trace."""
        self.trace.append(f"{self.clock.seconds():8.3f} {what}")

    def fault(self, what: str, detail: str = "") -> None:
        """Note a fault, and count it."""
        self.faults[what] += 1
        self.note(f"FAULT {what} {detail}".rstrip())

    # --- Daemons

    def begin_schedd(self, name: str) -> None:
        """Start it, unless it lives. As a process it is another than the last of that name."""
        if name in self.schedds:
            return
        self._starts[name] += 1
        self.schedd(name, holder=f"{name} {self._starts[name]}")

    def new_worker(self) -> None:
        """A machine of some size joins."""
        name = f"w{len(self.workers) + 1}"
        worker = self.workers[name] = Worker(self, registration(name, 1))
        self.offer(worker, self.chance.randint(2, 6), self.chance.choice([500, 1000]))
        self.note(f"{name} joins with {worker.registration.capacity}")
        worker.begin()

    def offer(self, worker: Worker, cpus: int, memory_mb: int) -> None:
        """What its agent will say that it has, when it begins next."""
        offered = Resources(cpus * 1000, memory_mb, 0)
        before = self.largest.get(worker.name, offered)
        self.largest[worker.name] = Resources(
            max(offered.cpu_milli, before.cpu_milli), max(offered.memory_mb, before.memory_mb), 0
        )
        worker.registration = replace(worker.registration, capacity=offered)

    def revive(self, worker: Worker) -> None:
        """Start its agent, if it is not there and could be."""
        if worker.machine.is_on and worker.life is None:
            worker.begin()

    def power_on(self, worker: Worker) -> None:
        """Start its machine, and with it the agent; one that has burnt down stays off."""
        worker.machine.is_on = worker.name != self.burnt
        self.revive(worker)

    def hold(self, life: Life, seconds: float) -> None:
        """Stop a daemon where it stands, in the middle of a cycle, and let all others live on.

        Raises what it finds when it wakes: Died if it was killed meanwhile, Outage if its transaction was ended.
        """
        held = life.db.in_transaction
        slept = min(seconds, IDLE_IN_TRANSACTION) if held else seconds
        self.pass_time(slept)
        if held and slept < seconds:
            if life.db.in_transaction:
                self.note("its transaction is ended")
                life.db.close()
            self.pass_time(seconds - slept)
        if life.dead:
            raise Died
        if held and not life.db.in_transaction:
            raise Outage("postgres", "the session was ended")

    def end_idle_transactions(self) -> None:
        """Somebody waits for a lock in vain: Postgres's patience with whoever stands still is soon over."""
        for life in self.lives():
            if life.busy and life.db.in_transaction and life.db.hazard is None:
                life.db.close()

    def hang_up(self) -> None:
        """Postgres is gone for everybody, at once."""
        self.server.away = True
        for db in (self.user, *(life.db for life in self.lives())):
            db.close()

    def _live(self, life: Life, bury: Callable[[], None]) -> None:
        try:
            super()._live(life, bury)
        except NameTaken as taken:
            worker = next(worker for worker in self.workers.values() if worker.life is life)
            self.note(f"{worker.name}: {taken}")
            bury()
            self.later(RESTART, lambda: self.revive(worker))
        self.watchman.look()

    def check(self) -> None:
        """After an accident too."""
        self.watchman.look()

    def close(self) -> None:
        """Hang up everywhere."""
        self.watchman.close()
        self.user.close()
        super().close()
