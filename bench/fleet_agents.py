"""``python -m bench.fleet_agents FIRST COUNT BEAT_EVERY``: many agents in one process, for ``bench.fleet``.

Each is agentd's own loop in a thread of its own, with its own connections to Postgres and to Redis, its own listener
and its own statements. What is simulated is the machine beneath it: a job is a moment that passes, and nothing is
sampled. On each line of stdin it answers with what its exchanges took since the last one.
"""

from __future__ import annotations

import json
import logging
import math
import random
import resource
import sys
import threading
import uuid
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic, perf_counter, process_time, sleep
from typing import Any

from agentd.__main__ import connect
from agentd.exchange import Answer, Exchange
from agentd.loop import Agent
from agentd.running import Processes, Running
from agentd.sampler import Host, Sample, Sampler
from clusterctl import live
from clusterctl.clock import Bell, SystemClock
from clusterctl.daemon import keep_running
from clusterctl.live import bell as bells
from clusterctl.model.orders import End, Order, Replica, Report, Usage
from clusterctl.model.registration import Registration
from clusterctl.model.resources import Resources
from clusterctl.model.states import Outcome
from clusterctl.settings import Settings, load
from clusterctl.store.connection import Database

JOB_S = 0.5  # what a simulated job takes
CAPACITY = Resources(16_000, 64_000, 0)
ROOMY = Resources(10**7, 10**7, 0)  # for a worker that is to be never full
STACK_BYTES = 256 * 1024  # of a thread
APART_S = 0.04  # seconds between two starts: connecting costs more than all that is measured


class Moments(Processes):
    """Jobs that only pass."""

    def __init__(self) -> None:
        self._nothing = Bell()
        self._running: dict[int, Running] = {}
        self._ends: deque[tuple[float, End]] = deque()  # in turn: all take equally long
        self._told: set[int] = set()

    def start(self, order: Order, token: str) -> None:
        """It ends after JOB_S."""
        id = order.allocation_id
        self._running[id] = Running(allocation_id=id, job_id=order.job_id, start_token=token)
        end = End(allocation_id=id, start_token=token, outcome=Outcome.EXITED, exit_code=0)
        self._ends.append((monotonic() + JOB_S, end))

    def collect(self) -> list[End]:
        """What has passed."""
        over = []
        while self._ends and self._ends[0][0] <= monotonic():
            over.append(self._ends.popleft()[1])
            del self._running[over[-1].allocation_id]
            self._told.add(over[-1].allocation_id)
        return over

    def acknowledge(self, allocation_ids: Iterable[int]) -> None:
        """Forget them."""
        self._told.difference_update(allocation_ids)

    def running(self) -> Mapping[int, Running]:
        """What has not passed yet."""
        return self._running

    def knows(self, allocation_id: int, token: str) -> bool:
        """Whether it runs, or its end is not acknowledged."""
        return allocation_id in self._running or allocation_id in self._told

    def due(self) -> float:
        """Seconds to the next end."""
        return self._ends[0][0] - monotonic() if self._ends else math.inf

    def fileno(self) -> int:
        """Never readable."""
        return self._nothing.fileno()

    def stop(self, allocation_id: int, outcome: Outcome, grace_s: float, detail: str = "") -> None:
        """It ends soon anyhow."""

    def restart(self, allocation_id: int, generation: int, grace_s: float) -> None:
        """There are no replicas."""

    def replicas(self) -> Mapping[int, int]:
        """None."""
        return {}

    def replica(self, allocation_id: int) -> Replica:
        """Never asked."""
        raise KeyError(allocation_id)

    def reports(self) -> Mapping[int, Report]:
        """None."""
        return {}

    def bury(self, end: End) -> None:
        """Nothing of it runs."""
        self._ends.appendleft((0.0, end))
        self._running[end.allocation_id] = Running(allocation_id=end.allocation_id, job_id=0, start_token="")

    def renew(self, boottime: float) -> None:
        """Moments have no lease."""

    def trim(self) -> None:
        """There is nobody to let go."""

    def close(self, *, stop_jobs: bool) -> None:
        """They pass without us."""


class Stillness(Sampler):
    """Measures without a look: a thousand looks at one machine are not what a thousand machines do."""

    def __init__(self) -> None:
        """Nothing is remembered."""

    def sample(self, running: Mapping[int, Running]) -> Sample:
        """The same every time."""
        agent = Usage(cpus=0.01, memory_mb=50, processes=1)
        return Sample(
            taken_at=0.0, usages={}, host=Host(load1=0.1, memory_available_mb=1000, jobs=Usage(), agent=agent)
        )


class Timed(Exchange):
    """Writes down into *taken* what exchanges take, in ms: those with a beat, and the others."""

    def __init__(self, db: Database, registration: Registration, taken: dict[str, list[float]]) -> None:
        super().__init__(db, registration)
        self._taken = taken

    def hold(self, ends: Sequence[End], **wanted: Any) -> Answer:
        """As an agent's, but for the watch."""
        self.register()
        begun = perf_counter()
        answer = super().hold(ends, **wanted)
        kind = "beats" if answer.synced is not None else "others"
        self._taken[kind].append(1000 * (perf_counter() - begun))
        return answer


def live_as_agent(settings: Settings, name: str, capacity: Resources, taken: dict[str, list[float]]) -> None:
    """Be the agent of worker *name*, for good: what ``agentd.__main__`` puts together, on a simulated machine."""
    bell, orders, clock = Bell(), Bell(), SystemClock()
    processes = Moments()
    redis = live.Connection(settings.redis_url, settings.redis_prefix)
    db = connect(settings, name)
    registration = describe(name, capacity)
    agent = Agent(
        settings,
        registration,
        db=db,
        redis=redis,
        processes=processes,
        sampler=Stillness(),
        clock=clock,
        orders=orders,
        chance=random.random,
    )
    agent._exchange = Timed(db, registration, taken)
    live.Listener(redis, [bells.worker(name)], orders, chance=random.random).start()
    keep_running(
        agent.cycle,
        every=settings.beat_every,
        clock=clock,
        bell=bell,
        stop=lambda: False,
        chance=random.random,
        sockets=lambda: (orders.fileno(), processes.fileno()),
    )


def describe(name: str, capacity: Resources) -> Registration:
    """A machine of its own."""
    return Registration(
        name=name,
        agent_id=str(uuid.uuid4()),
        machine_id=uuid.uuid4().hex,
        boot_id=str(uuid.uuid4()),
        hostname=f"{name}.example.org",
        version="bench",
        spool=f"/var/lib/clusterctl/spool/{name}",
        capacity=capacity,
        labels={"zone": "a"},
        logs_url="http://127.0.0.1:40000",
        logs_token=uuid.uuid4().hex,
    )


def main() -> None:
    """Start the agents, one after another, so that they do not beat in step; then answer."""
    logging.disable(logging.WARNING)  # a busy machine lets each of a thousand miss an answer of Redis now and then
    first, count, beat_every = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    threading.stack_size(STACK_BYTES)
    settings = load({"beat_every": beat_every})
    taken: dict[str, list[float]] = {"beats": [], "others": []}
    capacity = ROOMY if count == 1 else CAPACITY
    for number in range(first, first + count):
        arguments = (settings, f"w{number:04d}", capacity, taken)
        threading.Thread(target=live_as_agent, args=arguments, daemon=True).start()
        sleep(APART_S)
    for _ in sys.stdin:
        print(json.dumps({**taken, "cpu_s": process_time()}), flush=True)
        for each in taken.values():
            each.clear()


if __name__ == "__main__":
    main()
