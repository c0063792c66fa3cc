"""The tower: two schedds, some workers, a submitter, their servers, and a line between each two that can break."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import psycopg

from clusterctl.model.errors import ClusterError
from tests.tower.daemons import Daemon, processes_with
from tests.tower.machines import Machine
from tests.tower.proxy import Line
from tests.tower.servers import Servers
from tests.tower.takeovers import Takeover, await_next
from tests.until import until

ROOT = Path(__file__).parents[2]
CPUS = (4, 4, 6, 3, 4)  # of the workers: two of five that are silent at once are no crowd yet, and may be lost
PREFIX = "tower:"
MARGIN_S = 4.0
KNOBS = {
    "BEAT_EVERY": "500ms",
    "SILENT_AFTER": "2s",
    "START_TIMEOUT": "5s",
    "LEASE": "20s",
    "TERM_GRACE": "1s",
    "LEASE_MARGIN": f"{MARGIN_S:g}s",
    "CACHE_SYNC_EVERY": "10s",
    "STATISTICS_EVERY": "10s",
    "MEMORY_CHECK_EVERY": "1s",
    "REDIS_PREFIX": PREFIX,
}
# An operator forgot to change this one too, or was wrong: the promises must not rest on what an agent is set to.
ODD_KNOBS = {"w4": {"TERM_GRACE": "15s", "BEAT_EVERY": "1300ms", "LEASE": "45s", "SILENT_AFTER": "9s"}}
SETTLES_WITHIN_S = 30.0
RESUME_EVERY_S = 10.0

Watch = Callable[[float], Iterator[float]]


class Tower:
    """All of it, in *directory*, whose path marks its processes. Used as a context manager, which leaves nothing."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory = directory
        self.takeovers: list[Takeover] = []
        self.omitted: list[str] = []  # faults that this machine does not allow
        self.drains: list[str] = []  # workers that drained themselves
        self._resume_at = 0.0
        self._offset = 0.0
        (directory / "ledger").mkdir()
        with ExitStack() as cleanup:
            self.servers = Servers(directory / "servers", PREFIX)
            cleanup.callback(self.servers.close)
            self._cleanup = cleanup
            self.schedds = [self._daemon(name, ["schedd", "--name", name]) for name in ("s1", "s2")]
            self.submitter = self._daemon("submitter", ["tests.tower.submitter", str(directory), str(seed)])
            self.machines = [self._machine(f"w{number}", cpus) for number, cpus in enumerate(CPUS, 1)]
            self._give_small_disk(self.machines[0])
            self._cleanup = cleanup.pop_all()
        if not self.machines[0].can_reboot:
            self.omitted.append("cut power: no mount namespace for a boot id of its own")

    @property
    def daemons(self) -> list[Daemon]:
        """All of them."""
        return [*self.schedds, *(machine.agent for machine in self.machines), self.submitter]

    def start(self) -> None:
        """Start every daemon, and wait until the workers are up.

        The first schedd leads: whom the faults of a seed hit is drawn by name, and must not depend on who was quicker.
        """
        first, *others = self.daemons
        first.start()
        until(lambda: self.leads(first), timeout=120, what=f"{first.name} to lead")
        for daemon in others:
            daemon.start()
        up = "SELECT count(*) FROM workers WHERE live_state = 'up'"
        until(lambda: self.servers.look(up) == len(self.machines), timeout=120, what="the workers to register")

    def look_after(self) -> None:
        """Start again what has ended by itself, as systemd would; open again what drained itself, as an operator."""
        for daemon in self.daemons:
            daemon.look_after()
        if time.monotonic() > self._resume_at:
            self._resume_at = time.monotonic() + RESUME_EVERY_S
            with suppress(psycopg.Error, ClusterError):
                self.drains += self.servers.resume_drained()

    def leads(self, schedd: Daemon) -> bool:
        """Whether it does, as far as Postgres knows."""
        holder = self.servers.look("SELECT holder FROM leader")
        return str(holder or "").startswith(f"{schedd.name}@")

    def watch_leader(self, schedd: Daemon) -> Watch:
        """To be called before *schedd* is harmed; its answer, afterwards, waits for the next term and a little."""
        led = self.leads(schedd)
        before = self._term()

        def watch(longer: float) -> Iterator[float]:
            if led and before:
                yield from await_next(before, self._term, self.takeovers)
            yield longer

        return watch

    def move_clock(self, seconds: float) -> None:
        """Let the cluster's clock jump by *seconds*; jumps add up."""
        self.servers.move_clock(self._offset + seconds)
        self._offset += seconds

    def come_to_rest(self, seconds: float) -> None:
        """Make everything whole, and wait until the submitter is answered and all jobs have ended.

        Does not fail: what is not so after *seconds* is for the checker to find.
        """
        self._make_whole()
        self.submitter.end(seconds)
        deadline = time.monotonic() + seconds
        self._await(lambda: self.servers.look("SELECT count(*) FROM jobs WHERE live") == 0, deadline)
        self._await(lambda: not self.left_running(), time.monotonic() + SETTLES_WITHIN_S)

    def shut_down(self) -> None:
        """Tell all daemons to end, and wait until nothing of them and their jobs is left."""
        for daemon in self.daemons:
            if code := daemon.end():
                daemon.deaths.append(code)
        self._await(lambda: not self.left_running(), time.monotonic() + SETTLES_WITHIN_S)

    def left_running(self) -> list[int]:
        """The processes of all jobs, and all supervisors that no agentd needs any more."""
        ended = [machine for machine in self.machines if not machine.agent.pid]
        pids = [pid for machine in ended for pid in (*machine.supervisors(), *machine.warm_processes())]
        return sorted({*pids, *processes_with(f"TOWER={self.directory}\0".encode(), "environ")})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _make_whole(self) -> None:
        for daemon in self.daemons:
            for line in daemon.lines.values():
                line.heal()
        for machine in self.machines:
            machine.free_disk()
            machine.thaw()
        for daemon in self.daemons:
            daemon.start()

    def _await(self, predicate: Callable[[], bool], deadline: float) -> None:
        def settled() -> bool:
            self.look_after()
            return predicate() or time.monotonic() > deadline

        until(settled, timeout=deadline - time.monotonic() + 60, what="rest")

    def _term(self) -> int | None:
        term: int | None = self.servers.look("SELECT term FROM leader")
        return term

    def _lines(self, name: str) -> dict[str, Line]:
        servers = {"postgres": self.servers.postgres_socket, "valkey": self.servers.valkey_socket}
        lines = {server: Line(f"{name} {server}", socket) for server, socket in servers.items()}
        for line in lines.values():
            self._cleanup.callback(line.close)
        return lines

    def _environment(self, name: str, lines: dict[str, Line]) -> dict[str, str]:
        postgres = f"postgresql://postgres@127.0.0.1:{lines['postgres'].port}/clusterctl?sslmode=disable"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "PYTHONPATH": str(ROOT),
            "CLUSTERCTL_DATABASE_URL": postgres,
            "CLUSTERCTL_REDIS_URL": f"redis://127.0.0.1:{lines['valkey'].port}/0",
            "CLUSTERCTL_STATE_DIR": str(self.directory / f"state-{name}"),
        } | {f"CLUSTERCTL_{knob}": value for knob, value in (KNOBS | ODD_KNOBS.get(name, {})).items()}

    def _daemon(self, name: str, words: list[str]) -> Daemon:
        lines = self._lines(name)
        argv = [sys.executable, "-m", *words]
        daemon = Daemon(name, lambda: argv, self._environment(name, lines), self.directory / f"{name}.log", lines)
        self._cleanup.callback(daemon.kill)
        return daemon

    def _machine(self, name: str, cpus: int) -> Machine:
        lines = self._lines(name)
        machine = Machine(name, cpus, self.directory, self._environment(name, lines), lines)
        self._cleanup.callback(machine.take_disk_away)
        self._cleanup.callback(machine.cut_power)
        return machine

    def _give_small_disk(self, machine: Machine) -> None:
        try:
            machine.give_small_disk()
        except OSError as error:
            self.omitted.append(f"fill disk: {error}")
