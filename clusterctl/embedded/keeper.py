"""Look after the daemons of a stack: what dies is started again, as systemd would.

Postgres and Valkey are not: while one is down the daemons wait, the console shows it, and the next ``up`` starts it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from clusterctl import launch
from clusterctl.clock import Bell, Clock, SystemClock
from clusterctl.daemon.signals import Signals, handling
from clusterctl.embedded import identity, record
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.logs import last_words
from clusterctl.embedded.readiness import await_ready
from clusterctl.embedded.record import Keeper, Process
from clusterctl.embedded.roster import Roster, trim_logs
from clusterctl.embedded.stack import Report, Tell, Wanted, down, up
from clusterctl.model.errors import ClusterError
from clusterctl.store import migrations

LOOK_EVERY = 1.0  # seconds; a death is heard at once, a worker that another `up` added is seen by then
CALM = 60.0  # seconds after a start, after which the next death counts as the first
LONGEST_PAUSE = 60.0  # seconds between two starts of a daemon that keeps dying


def run(
    state_dir: Path,
    wanted: Wanted,
    *,
    tell: Tell,
    ready: Callable[[Report], None],
) -> None:
    """A whole ``up`` in the foreground: start what is missing, wait, tell *ready*, and keep the stack until it stops.

    Where another keeper lives, it ends once the stack is ready. Raises KeyboardInterrupt when it is interrupted before
    that, having stopped what would have no keeper; else the errors of `stack.up` and `readiness.await_ready`.
    """
    try:
        # SIGHUP too: a closed terminal would else leave daemons whom nobody looks after.
        with handling(signal.default_int_handler, signal.SIGTERM, signal.SIGHUP):
            report = up(state_dir, wanted, migrate=migrations.migrate, keep=True, tell=tell)
            await_ready(state_dir, tell=tell)
    except KeyboardInterrupt:
        if _keeper(StateDirectory.create(state_dir)) in (None, Keeper.this_process()):
            down(state_dir, tell=tell)
        raise
    ready(report)
    if report.keeper is None:
        keep(state_dir, tell=tell)


def keep(state_dir: Path, *, tell: Tell, clock: Clock | None = None) -> None:
    """Keep the stack's daemons running; returns once it is stopped.

    SIGINT, SIGTERM and SIGHUP take the stack down (a second one interrupts that). So does another program's ``down``.
    Only in the main thread, and only for the recorded keeper: see `stack.up`.
    """
    rounds = _Rounds(StateDirectory.create(state_dir), tell, clock or SystemClock())
    bell = Bell()
    with Signals(bell) as signals, handling(lambda *_: signals.stop(), signal.SIGHUP):
        while not signals.stopping():
            if not rounds.go():
                return
            rounds.rest(bell)
    down(state_dir, tell=tell)


def keep_in_background(state_dir: Path) -> Keeper:
    """Leave the running stack in *state_dir* to an ``up`` in the background, and return once it has taken over.

    Raises ClusterError, with its last words, if it does not.
    """
    directory = StateDirectory.create(state_dir)
    log = directory.log("up")
    child = launch.run_again(["up", "--state-dir", str(directory.root), "--workers", "0"], log)
    identity.wait_for(lambda: child.poll() is not None or _keeper(directory) is not None, 30.0)
    keeper = _keeper(directory)
    if keeper is None:
        raise ClusterError(f"the background `up` ended: {last_words(log)}", hint=f"its log is {log}")
    return keeper


def _keeper(directory: StateDirectory) -> Keeper | None:
    stack = record.read(directory)
    return stack.living_keeper if stack else None


class _Rounds:
    """Look at every process; start again what died and whose turn has come."""

    def __init__(self, directory: StateDirectory, tell: Tell, clock: Clock) -> None:
        self.directory = directory
        self.tell = tell
        self.clock = clock
        self.pauses: dict[str, Pauses] = {}
        self.missed: set[tuple[int, int]] = set()
        self.living: list[Process] = []

    def go(self) -> bool:
        """One round; False if the stack is no longer ours to look after."""
        with self.directory.locked():
            stack = record.read(self.directory)
            if stack is None or stack.keeper != Keeper.this_process():
                return False
            roster = Roster(self.directory, stack)
            if stack.stopping:
                roster.change(keeper=None)
                return False
            for process in stack.processes:
                if not process.lives:
                    self._miss(roster, process)
            self.living = [process for process in roster.stack.processes if process.lives]
        trim_logs(self.directory)
        return True

    def rest(self, bell: Bell) -> None:
        """Until somebody dies, a moment has passed, or *bell* rings."""
        with ExitStack() as held:
            deaths: list[int] = []
            for process in self.living:
                with suppress(ProcessLookupError):
                    deaths.append(os.pidfd_open(process.pid))
                    held.callback(os.close, deaths[-1])
            self.clock.wait(bell, LOOK_EVERY, deaths)

    def _miss(self, roster: Roster, process: Process) -> None:
        identity.reap(process.pid)
        news = (process.pid, process.started) not in self.missed
        self.missed.add((process.pid, process.started))
        for daemon in launch.DAEMONS:
            if process.role == daemon:
                self._start_again(roster, daemon, process, news)
                return
        if news:
            self.tell(f"{process.name} is down; the daemons wait; `clusterctl up` starts it again")

    def _start_again(self, roster: Roster, daemon: launch.Daemon, process: Process, news: bool) -> None:
        pauses = self.pauses.setdefault(process.name, Pauses())
        pause = pauses.left(self.clock.seconds())
        if pause > 0:
            if news:
                self.tell(f"{process.name} ended again; next start in {pause:.0f} s")
            return
        pauses.started(self.clock.seconds())
        fresh = roster.run(daemon, process.name, process.args)
        self.tell(f"{process.name} ended; started again (pid {fresh.pid})")


class Pauses:
    """How long to leave a daemon that keeps dying alone: nothing the first time, then 1 s, 2 s, 4 s and so on."""

    def __init__(self) -> None:
        self._starts = 0
        self._last = 0.0

    def left(self, now: float) -> float:
        """Seconds from *now* to the next start; 0 or less if it is due."""
        if self._starts and now - self._last > max(CALM, 2 * self._pause()):
            self._starts = 0
        return self._last + self._pause() - now if self._starts else 0.0

    def started(self, now: float) -> None:
        """It was started again at *now*."""
        self._starts += 1
        self._last = now

    def _pause(self) -> float:
        return min(2.0 ** (self._starts - 1), LONGEST_PAUSE) if self._starts else 0.0
