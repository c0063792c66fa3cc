"""A thousand agents on one Postgres: what they cost at rest, how long a sync takes under load, and a dead one's fate.

A durable Postgres, a Valkey and a schedd as ``up`` starts them; the agents' machines alone are simulated. Each agent is
agentd's own loop with a connection to Postgres and two to Valkey, at the default intervals, in four processes; these
run on the same CPUs, and what they use is told. First all rest: the CPU of each server, and how long an exchange with a
beat takes. Then 10,000 jobs of one CPU and half a second are submitted at once; how long a sync takes until the last of
them is claimed is told by 20 agents in a process of their own that sync twice a second, for within the four, threads
wait for each other and not for Postgres. At last one agent is killed and another one stopped (SIGSTOP), while jobs that
only they may run are submitted all the time: told are the seconds from an agent's last beat, by Postgres's clock, to
the last job that it was given.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import LiteralString, NamedTuple

from agentd.supervisor.tree import children_of, read_processes
from bench.idle import memory_mb
from bench.processor import of_stack
from bench.quantiles import quantiles
from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.embedded import stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.record import Stack
from clusterctl.embedded.roster import Roster
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import load
from clusterctl.store.migrations import migrate

CLIENTS = 4  # processes, for the agents that only are many
PROBES, PROBE_EVERY = 20, 0.5  # agents, and seconds between two syncs of each
SETTLING_S = 12.0  # two beats: all statements are planned, and the kernel has counted the starts
DEATH_S = 18.0  # for which a dead worker is offered jobs
OFFER_EVERY = 0.1  # seconds
SAMPLED = 40  # backends whose memory is read


class Exchanges(NamedTuple):
    """Of some clients since they were last asked: milliseconds of each exchange, and their CPU seconds so far."""

    beats: list[float]
    others: list[float]
    cpu_s: float


class Client:
    """A process with agents ``first`` and following."""

    def __init__(self, running: Running, first: int, count: int, beat_every: float) -> None:
        command = [sys.executable, "-m", "bench.fleet_agents", str(first), str(count), f"{beat_every:g}s"]
        self.process = subprocess.Popen(
            command, env=running.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self) -> Exchanges:
        """What happened since it was last asked."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return Exchanges(**json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        """Kill it: agents that sign off would only cost time."""
        self.process.kill()
        self.process.communicate()


class Running(NamedTuple):
    """Servers and a schedd."""

    stack: Stack
    cluster: Cluster
    directory: Path

    def environment(self) -> dict[str, str]:
        """For whoever shall find them."""
        return {
            **os.environ,
            "CLUSTERCTL_DATABASE_URL": self.stack.database_url,
            "CLUSTERCTL_REDIS_URL": self.stack.redis_url,
            "CLUSTERCTL_STATE_DIR": str(self.directory),
        }


@contextmanager
def servers(agents: int) -> Iterator[Running]:
    """As ``up`` starts them for so many agents; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as path:
        directory = StateDirectory.create(Path(path) / "state")
        try:
            with directory.locked():
                roster = Roster(directory, Stack())
                stack.run_servers(roster, connections=stack.CONNECTIONS + 2 * agents, durable=True)
                migrate(roster.stack.database_url)
                roster.run("schedd", "schedd")
            up = roster.stack
            places = {"database_url": up.database_url, "redis_url": up.redis_url, "state_dir": str(directory.root)}
            with Cluster(load(places, {}), name="bench") as cluster:
                yield Running(up, cluster, directory.root)
        finally:
            stack.down(directory.root)


def measure(quick: bool) -> dict[str, object]:
    """At rest, under load, and after a death."""
    agents, jobs, seconds = (100, 1_000, 5.0) if quick else (1_000, 10_000, 32.0)
    with servers(agents + PROBES) as running, ExitStack() as clients:

        def start(first: int, count: int, beat_every: float) -> Client:
            client = Client(running, first, count, beat_every)
            clients.callback(client.end)
            return client

        beat_every = running.cluster.settings.beat_every
        crowd = [start(1 + part * agents // CLIENTS, agents // CLIENTS, beat_every) for part in range(CLIENTS)]
        await_up(running, agents)
        sleep(SETTLING_S / 6 if quick else SETTLING_S)
        rest = at_rest(running, crowd, seconds)
        memory = connection_memory(running)
        probe = start(agents + 1, PROBES, PROBE_EVERY)
        victims = {f"w{number:04d}": start(number, 1, beat_every) for number in (agents + 101, agents + 102)}
        await_up(running, agents + PROBES + len(victims))
        sleep(SETTLING_S / 4)
        load_ = under_load(running, [probe], crowd, jobs)
        dead = after_death(running, victims)
    return {
        "agents": agents,
        **rest,
        **memory,
        **load_,
        "dead_agent_s": max(dead.values()),
        "runs_dead_agent_s": dict(zip(("killed", "stopped"), dead.values(), strict=True)),
    }


def await_up(running: Running, count: int) -> None:
    """Until so many workers are up."""
    deadline = monotonic() + 240
    while running.cluster.db.value("SELECT count(*) FROM workers WHERE live_state = 'up'") < count:
        if monotonic() > deadline:
            raise TimeoutError(f"there are no {count} workers")
        sleep(0.2)


def at_rest(running: Running, crowd: list[Client], seconds: float) -> dict[str, object]:
    """Percent of a core by role over *seconds*, and what an exchange with a beat takes."""
    before, clients = of_stack(running.stack), [client.ask().cpu_s for client in crowd]
    begun = monotonic()
    sleep(seconds)
    taken = monotonic() - begun
    used, told = of_stack(running.stack) - before, [client.ask() for client in crowd]
    beats = [each for exchanges in told for each in exchanges.beats]
    clients_s = sum(exchanges.cpu_s for exchanges in told) - sum(clients)
    return {
        "seconds": round(taken, 1),
        **{f"{role}_core_percent": round(100 * used[role] / taken, 1) for role in ("postgres", "valkey", "schedd")},
        "clients_core_percent": round(100 * clients_s / taken, 1),
        "syncs_per_s": round(len(beats) / taken, 1),
        "sync_at_rest_ms": quantiles(beats),
    }


def connection_memory(running: Running) -> dict[str, object]:
    """The median of some of Postgres's processes."""
    postgres = next(process.pid for process in running.stack.processes if process.role == "postgres")
    newest = sorted(children_of(read_processes())[postgres], key=lambda process: process.start)[-SAMPLED:]
    each = [memory_mb(process.pid) for process in newest]
    return {"connection": {kind: round(median(memory[kind] for memory in each), 2) for kind in each[0]}}


def under_load(running: Running, probes: list[Client], crowd: list[Client], jobs: int) -> dict[str, object]:
    """What a sync takes while *jobs* are submitted, claimed, started and ended."""
    idle = [each for probe in probes for each in probe.ask().beats]
    for client in crowd:
        client.ask()
    before = of_stack(running.stack)
    begun = monotonic()
    request = Submission(spec=Spec(command=("true",)), request=Resources(1000), indices=tuple(range(jobs)))
    operations.submit(running.cluster, request)
    claimed = await_none(running, "SELECT count(*) FROM (SELECT FROM jobs WHERE ready LIMIT 1) one") - begun
    syncs = [each for probe in probes for each in probe.ask().beats]
    ended = await_none(running, "SELECT count(*) FROM (SELECT FROM jobs WHERE live LIMIT 1) one") - begun
    used = of_stack(running.stack) - before
    later = [each for probe in probes for each in probe.ask().beats]
    others = [client.ask() for client in crowd]
    return {
        "claims": jobs,
        "claimed_s": round(claimed, 2),
        "ended_s": round(ended, 2),
        "syncs": len(syncs),
        "sync_before_ms": quantiles(idle),
        "sync_ms": quantiles(syncs),
        "sync_from_then_to_the_last_end_ms": quantiles(later),
        "sync_of_the_crowd_ms": quantiles([each for exchanges in others for each in exchanges.beats] or [0.0]),
        "load_core_percent": {role: round(100 * used[role] / ended, 1) for role in ("postgres", "valkey", "schedd")},
    }


def await_none(running: Running, question: LiteralString) -> float:
    """The moment at which the answer is 0 for the first time."""
    deadline = monotonic() + 100
    while running.cluster.db.value(question):
        if monotonic() > deadline:
            raise TimeoutError(question)
        sleep(0.05)
    return monotonic()


def after_death(running: Running, victims: dict[str, Client]) -> dict[str, float]:
    """By worker, the seconds from its last beat to the last job that it was given."""
    offer(running, list(victims), 3.0)
    for client, number in zip(victims.values(), (signal.SIGKILL, signal.SIGSTOP), strict=True):
        client.process.send_signal(number)
    offer(running, list(victims), DEATH_S)
    rows = running.cluster.db.rows(
        """
        SELECT w.name, w.live_state,
               (SELECT extract(epoch FROM max(a.reserved_at) - w.last_heartbeat_at)::float8
                  FROM allocations a WHERE a.worker_id = w.id)
          FROM workers w WHERE w.name = ANY (%s) ORDER BY w.name
        """,
        list(victims),
    )
    assert all(state == "silent" for _, state, _ in rows)
    return {name: round(given, 2) for name, _, given in rows}


def offer(running: Running, names: list[str], seconds: float) -> None:
    """Submit jobs that only these workers may run, again and again."""
    until = monotonic() + seconds
    while monotonic() < until:
        for name in names:
            operations.submit(
                running.cluster, Submission(spec=Spec(command=("true",)), request=Resources(1000), worker=name)
            )
        sleep(OFFER_EVERY)


if __name__ == "__main__":
    print(json.dumps(measure(quick="--quick" in sys.argv), indent=2))
