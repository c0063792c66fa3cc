"""Whether a replica is ready: a command that is run beside it, again and again.

It runs in a session of its own, with the job's environment and directory, and nobody hears what it says. It is a child
of the supervisor, as the job is, and so is, sooner or later, all that it leaves behind. A mark tells that from what the
job leaves: a resource limit that means nothing to it, and which every process has from its parent, whatever becomes of
its session, its environment and its files. What is spared is what has set that limit itself, and what runs as another
user by now: it stays until somebody else ends it. Where the limit cannot be set only the session tells.
"""

from __future__ import annotations

import math
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from agentd.supervisor.care import Care
from agentd.supervisor.spawn import Start, spawn_file
from agentd.supervisor.tree import Process, children_of, descendants, read_process, read_processes, send_signals

MARKED, MARK = resource.RLIMIT_RTTIME, (1 << 62) - 1709  # microseconds: no real-time process runs so long
INSIST_S = 1.0  # between two attempts to kill one that does not die


class Around(Protocol):
    """What a probe needs of its supervisor."""

    @property
    def null(self) -> int:
        """Open on ``/dev/null``."""

    @property
    def pid(self) -> int:
        """Its own."""


class Probe:
    """``begin`` when the process is made, ``look`` when ``moment`` has come, ``note_end`` when ``pid`` was reaped.

    ``is_ready``: the command has succeeded, and has not failed since. ``pid`` is 0 while it does not run.
    """

    def __init__(self, start: Start, around: Around, care: Care) -> None:
        self._start = start
        self._around = around
        self._care = care
        self.pid = 0
        self.is_ready = False
        self.moment = math.inf
        self._hangs = False  # and is being killed

    def begin(self, now: float) -> None:
        """There is a new process to ask after."""
        self.is_ready = False
        self.moment = now + self._care.probe_soon / 4

    def end(self) -> None:
        """The process is gone. What still runs of the probe is killed with what that has left."""
        self.is_ready, self.moment = False, math.inf
        self._kill()

    def look(self, now: float) -> None:
        """Run the command; or kill it, if it has been running for too long."""
        if now < self.moment:
            return
        if self.pid:
            self.is_ready, self._hangs = False, True
            self._kill()
            self.moment = now + INSIST_S
        else:
            self._hangs = False
            self.pid = self._run()
            self.moment = now + (self._care.probe_timeout if self.pid else self._care.probe_soon)
            self.is_ready &= self.pid > 0

    def note_end(self, status: int, now: float) -> None:
        """The command has ended. What it has left running has nobody else to end it."""
        session, self.pid = self.pid, 0
        if self.moment == math.inf:
            return
        self.is_ready = status == 0 and not self._hangs
        self.moment = now + (self._care.probe_late if self.is_ready else self._care.probe_soon)
        send_signals(self._leftovers(session), signal.SIGKILL)

    def _run(self) -> int:
        """Its pid; 0 if it cannot be made, which is as good as a failure."""
        start, null = self._start, self._around.null
        try:
            os.chdir(start["cwd"])
            with marked():
                return spawn_file("/bin/sh", ["/bin/sh", "-c", start["ready_cmd"]], start["env"], (null, null, null))
        except (OSError, ValueError):
            return 0
        finally:
            os.chdir("/")

    def _kill(self) -> None:
        if self.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)  # not reaped yet: the number is still its own

    def _leftovers(self, session: int) -> list[Process]:
        """What the probe that had *session* has left, or one before it, and all below that."""
        left = [each for each in children(self._around.pid) if each.session == session or is_marked(each.pid)]
        if not left:
            return []
        below = children_of(read_processes())
        return [*left, *(process for root in left for process in descendants(root.pid, below))]


@contextmanager
def marked() -> Iterator[None]:
    """What is made meanwhile has the mark, and hands it on."""
    ours = resource.getrlimit(MARKED)
    with suppress(OSError, ValueError):  # an administrator has set it lower, say
        resource.setrlimit(MARKED, (MARK, ours[1]))
    try:
        yield
    finally:
        resource.setrlimit(MARKED, ours)


def children(pid: int) -> Iterator[Process]:
    """The children of *pid*, a process of one thread; from the whole of ``/proc`` where the kernel keeps no list."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            found = [read_process(int(word)) for word in file.read().split()]
    except OSError:
        found = list(children_of(read_processes()).get(pid, ()))
    yield from (process for process in found if process and not process.is_zombie)


def is_marked(pid: int) -> bool:
    """Whether *pid* comes from a probe."""
    try:
        return resource.prlimit(pid, MARKED)[0] == MARK
    except OSError:
        return False
