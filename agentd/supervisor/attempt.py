"""One attempt, from its order to the end of its last process. Of a service: ``replica``."""

from __future__ import annotations

import math
import os
import resource
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from agentd.journal import Journal, boottime, encode_line, read_synced
from agentd.supervisor.output import NO_OUTPUT, Output
from agentd.supervisor.spawn import CannotStartError, Start, spawn
from agentd.supervisor.tree import (
    Process,
    children_of,
    descendants,
    read_processes,
    send_signals,
    start_time,
    tick_now,
)

LEFTOVER_GRACE_S = 2.0  # for what a job leaves running behind itself when it ends by itself
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0  # between two rounds of KILL: what is in the kernel dies when it comes out


class Surroundings(NamedTuple):
    """What an attempt needs of its supervisor."""

    journal: Journal
    synced: int  # see ``read_synced``
    null: int
    boot: str
    pid: int
    start: int


class Attempt:
    """Runs one order, once. The supervisor waits and rings; this decides.

    Call ``begin`` first; then ``reap`` when a child may have ended, ``look`` when ``moment`` has come, ``stop`` when
    asked to; ``end`` is the line that tells the end, as soon as no process is left.
    """

    def __init__(self, start: Start, around: Surroundings) -> None:
        self.allocation_id = start["allocation_id"]
        self.grace_s = start["grace_s"]
        self._begun = b""
        self._synced = 0.0
        self.spawned: bytes | None = None
        self.condition = b""  # of a replica: how it stands
        self.has_news = False  # to be told at once
        self.end: bytes | None = None
        self.end_is_written = self.end_is_told = False
        self._start = start
        self._around = around
        self._pid = 0
        self._output = NO_OUTPUT
        self._before: dict[tuple[int, int], os.stat_result] = {}
        self._status: int | None = None  # of the job's own process, once it is reaped
        self._tick = 0  # in which the process was about to be made
        self._limit_at = math.inf
        self._outcome, self._detail = "exited", ""
        self._stopping = False
        self._cleared = False  # leftovers have been asked to end
        self._kill_at = math.inf  # not before a stop, or the end of the job's own process
        self._pause = FIRST_PAUSE_S
        self._reaped_s = 0.0  # of the CPU, by the supervisor's children of before
        self._cpu_s, self._peak_kb = 0.0, 0

    def begin(self) -> None:
        """Write down that it begins, then make the process; or end here, saying why not."""
        now = boottime()
        try:
            self._begun = self._begin_line(now)
            self._around.journal.append(self._begun)
        except OSError as error:
            self._finish("never_started", f"the worker's journal cannot be written: {error.strerror}")
            return
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._reaped_s = reaped.ru_utime + reaped.ru_stime
        try:
            self._run(now)
        except CannotStartError as error:
            self._could_not_start(error)

    def _could_not_start(self, error: CannotStartError) -> None:
        self._finish(error.outcome, str(error), exit_code=error.exit_code)

    def _run(self, now: float) -> None:
        """Make the process, and write it down. Raises CannotStartError."""
        start, around = self._start, self._around
        self._check_lease()
        self._pid, opened = spawn(start, around.null, self._check_lease)
        # What stood in a file before the first process could write: it holds for those that come after.
        before = {(status.st_dev, status.st_ino): status for _, status in opened} | self._before
        opened = [(fd, before[status.st_dev, status.st_ino]) for fd, status in opened]
        self._before = {(status.st_dev, status.st_ino): status for _, status in opened}
        self._output = Output(opened, start["output_cap"], now)
        if start["time_limit_s"] is not None:
            self._limit_at = now + start["time_limit_s"]
        self.spawned = encode_line(
            {
                "kind": "spawned",
                "allocation_id": self.allocation_id,
                "pid": self._pid,
                # Most are made within one tick, so that nobody need ask the kernel, which takes long.
                "start": self._tick if self._tick == tick_now() else start_time(self._pid),
                "reaped_s": self._reaped_s,
            }
        )
        with suppress(OSError):  # a full disk: the tree is still found by its environment
            around.journal.append(self.spawned)

    @property
    def story(self) -> bytes:
        """All that has been said of it, or would have been: the lines of a journal."""
        return self._begun + (self.spawned or b"") + self.condition + (self.end or b"")

    def moment(self) -> float:
        """The BOOTTIME at which ``look`` has something to do, whatever else happens."""
        if self._kill_at < math.inf:
            return min(self._kill_at, self._output.moment)
        return min(self._limit_at, self._lease_end(), self._output.moment)

    def look(self) -> None:
        """Act on the time: the limit, the lease, the end of a grace, the size of the output."""
        now = boottime()
        self._output.look(now)
        if now >= self._kill_at:
            send_signals(self._tree(), signal.SIGKILL)
            self._kill_at = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
        elif not self._stopping and now >= self._limit_at:
            self.stop("time_limit", self.grace_s, f"ran longer than {self._start['time_limit_s']:g} s")
        elif not self._stopping and now > self._lease_end():
            detail = f"no sync of the worker succeeded for {self._start['lease_s']:g} s"
            self.stop("lease_expired", self.grace_s, detail)

    def stop(self, outcome: str, grace_s: float, detail: str = "") -> None:
        """TERM now, KILL after *grace_s*, or KILL at once if that is 0 or the lease has been out for longer.

        The first stop says what the end is called; a later one may only hurry, or end for good what was to run again.
        """
        is_first = self._status is None and not self._stopping
        if is_first or (outcome == "cancelled" and self._outcome in ("requeued", "worker_stopped")):
            self._outcome, self._detail = outcome, detail
        self._stopping = True
        self._end_process(grace_s)

    def restart(self, generation: int, grace_s: float) -> None:
        """Only replicas are started again."""

    def _end_process(self, grace_s: float) -> None:
        """TERM now if nobody has asked before, and KILL after *grace_s*."""
        now = boottime()
        kill_at = self._last_moment(now + grace_s)
        if self._status is None and self._kill_at == math.inf:
            # To the group, as a terminal does: a shell sees to its trap only once its child has ended.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGTERM if kill_at > now else signal.SIGKILL)
                os.killpg(self._pid, signal.SIGCONT)
        self._kill_at = min(self._kill_at, kill_at)

    def reap(self) -> None:
        """Take every child that has ended: ours, and those whose parents left them to us."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                # As a subreaper we are the last ancestor of all: no child means that nothing is left, daemons included.
                self._all_ended()
                return
            if pid == 0:
                if self._status is not None and not self._cleared:
                    self._clear_leftovers()
                return
            self._cpu_s += usage.ru_utime + usage.ru_stime
            self._peak_kb = max(self._peak_kb, usage.ru_maxrss)
            self._note_end(pid, status)

    def _note_end(self, pid: int, status: int) -> None:
        """A child has been reaped."""
        if pid == self._pid:
            self._status = status

    def _all_ended(self) -> None:
        """No process is left."""
        self._finish(self._outcome, self._detail, **exit_of(self._status))

    def _clear_leftovers(self) -> None:
        """Ask whatever outlives the job's own process to end; ``look`` insists."""
        self._cleared = True
        send_signals(self._tree(), signal.SIGTERM, signal.SIGCONT)
        if not self._stopping:
            self._kill_at = self._last_moment(boottime() + min(LEFTOVER_GRACE_S, self.grace_s))

    def _tree(self) -> list[Process]:
        return descendants(self._around.pid, children_of(read_processes()))

    def _check_lease(self) -> None:
        """Raises CannotStartError if nothing may be started any more. Called last before the process is made."""
        self._tick = tick_now()
        if boottime() > self._lease_end():
            detail = f"the lease of {self._start['lease_s']:g} s was already out"
            raise CannotStartError(detail, outcome="never_started")

    def _last_moment(self, moment: float) -> float:
        """*moment*, or when the grace after the lease is over, if that is sooner.

        The leader counts from the lease, and not from when we came to see to it: whoever was frozen has less left.
        """
        return min(moment, self._lease_end() + self.grace_s)

    def _lease_end(self) -> float:
        """Read anew each time: agentd moves it with every sync, and rings nobody."""
        lease_s = self._start["lease_s"]
        if lease_s is None:
            return math.inf
        synced = read_synced(self._around.synced)
        if synced is not None:  # somebody has cut the file; the next sync makes it whole
            self._synced = synced
        return self._synced + lease_s

    def _begin_line(self, now: float) -> bytes:
        start, around = self._start, self._around
        return encode_line(
            {
                "kind": "begin",
                "allocation_id": self.allocation_id,
                "job_id": start["job_id"],
                "token": start["token"],
                "boot": around.boot,
                "supervisor_pid": around.pid,
                "supervisor_start": around.start,
                "lease_s": start["lease_s"],
                "grace_s": start["grace_s"],
                "memory_mb": start["memory_mb"],
                "gpus": start["gpus"],
                "service": start["service"],
                "at": now,
            }
        )

    def refuse(self, detail: str) -> None:
        """End before beginning, and leave no trace in the journal."""
        self.end = self._end_line("never_started", detail)

    def _finish(self, outcome: str, detail: str, exit_code: int | None = None, signal: int | None = None) -> None:
        if exit_code and not detail and self._output.is_out_of_room():
            detail = "the disk of its output was full"  # it could hardly write so itself
        self._output.close()
        if self._output.dropped and not detail:
            detail = f"the middle of its output was dropped, {self._output.dropped >> 20} MiB"
        self.end = self._end_line(outcome, detail, exit_code, signal)
        self.write_end()

    def _end_line(self, outcome: str, detail: str, exit_code: int | None = None, signal: int | None = None) -> bytes:
        return encode_line(
            {
                "kind": "end",
                "allocation_id": self.allocation_id,
                "token": self._start["token"],
                "outcome": outcome,
                "exit_code": exit_code,
                "signal": signal,
                "detail": detail,
                "cpu_s": round(self._cpu_s, 6),
                "memory_peak_mb": self._known_peak_mb(),
                "at": boottime(),
            }
        )

    def _known_peak_mb(self) -> int:
        """Of the largest single process, if it was larger than we are; else 0.

        A spawned process shares our memory until it becomes the command: the kernel's figure is never below our size.
        """
        ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return self._peak_kb // 1024 if self._peak_kb > ours else 0

    def write_end(self) -> None:
        """Put the end into the journal, unless there is no room: then again later."""
        if self.end is not None and not self.end_is_written:
            with suppress(OSError):
                self._around.journal.append(self.end)
                self.end_is_written = True


def exit_of(status: int | None) -> Mapping[str, int]:
    """*status* as wait(2) gives it: an exit code, or the signal that ended the process."""
    if status is None:
        return {}
    code = os.waitstatus_to_exitcode(status)
    return {"exit_code": code} if code >= 0 else {"signal": -code}
