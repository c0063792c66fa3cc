"""One attempt of a service: its process is started again whenever it ends, until somebody stops it.

All runs are of one order, under one lease, and into the same output. Before the next, nothing of the former is left. It
ends by itself only if its process ends quickly too often (see ``Care``): then another worker may do better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from agentd.journal import boottime, encode_line
from agentd.supervisor.attempt import FIRST_PAUSE_S, Attempt, Surroundings, exit_of
from agentd.supervisor.care import Care, Ends
from agentd.supervisor.probe import Probe
from agentd.supervisor.spawn import CannotStartError, Start


class Replica(Attempt):
    """See this module. Without a process it *rests*: until ``_rests_until``, a BOOTTIME."""

    def __init__(self, start: Start, around: Surroundings) -> None:
        super().__init__(start, around)
        self._care = Care(**start["care"])
        self._ends = Ends(self._care)
        self._probe = Probe(start, around, self._care) if start["ready_cmd"] else None
        self._generation = self._wanted = start["generation"]
        self._runs = self._restarts = 0  # a restart: a run after an end that nobody asked for
        self._up_at = 0.0
        self._ready_at: float | None = None
        self._ready_due = math.inf  # when it has been up for long enough
        self._was_ready = False  # this process, at any time
        self._rests_until = math.inf
        self._last: Mapping[str, Any] = {}  # how a process has last ended by itself: exit code or signal, detail
        self._why = ""  # this process is ended, and another is to come
        self._begun_bytes = 0  # of the journal: all up to the first process

    def moment(self) -> float:
        """Also when to start it again, and when to see whether it is ready."""
        moment = super().moment()
        if self._stopping or self._kill_at < math.inf:
            return moment
        return min(moment, self._rests_until, self._ready_due, self._probe.moment if self._probe else math.inf)

    def look(self) -> None:
        """Also start it again, and see whether it is ready."""
        super().look()
        if self.end or self._stopping or self._kill_at < math.inf:
            return
        now = boottime()
        if now >= self._rests_until:
            self._run_again(now)
        elif now >= self._ready_due:
            self._set_ready(True, now)
        elif self._probe:
            self._probe.look(now)
            self._set_ready(self._probe.is_ready, now)

    def stop(self, outcome: str, grace_s: float, detail: str = "") -> None:
        """As of any attempt; but what used too much memory is only started again."""
        if outcome == "out_of_memory":
            if self._pid and not self._stopping:
                self._why = detail
                self._end_process(grace_s)
            return
        if not self._stopping:  # also while it is about to run again
            self._outcome, self._detail = outcome, detail
        if self._pid:
            super().stop(outcome, grace_s, detail)
        else:
            self._finish(outcome, detail, **exit_only(self._last))

    def restart(self, generation: int, grace_s: float) -> None:
        """End its process and start it again at once, unless it follows *generation* already, or will."""
        if generation <= self._wanted or self._stopping:
            return
        self._wanted = generation
        self._ends.forgive()
        if self._pid:
            self._set_ready(False, boottime())
            self._end_process(grace_s)
        else:
            self._run_again(boottime())

    def _run(self, now: float) -> None:
        """Make the next process. Its line takes the place of that of the process before: journals must not grow."""
        if self._begun_bytes:
            with suppress(OSError):  # then it grows
                self._around.journal.cut_back(self._begun_bytes)
        else:
            self._begun_bytes = self._around.journal.size
        self._runs += 1
        self._restarts += self._rests_until < math.inf
        self._generation, self._rests_until, self._why = self._wanted, math.inf, ""
        super()._run(now)
        self._up_at = now
        if self._probe:
            self._probe.begin(now)
        else:
            self._ready_due = now + self._start["ready_after_s"]
        self._set_ready(self._ready_due <= now, now)
        self._tell()

    def _run_again(self, now: float) -> None:
        try:
            self._run(now)
        except CannotStartError as error:
            self._could_not_start(error)

    def _could_not_start(self, error: CannotStartError) -> None:
        """Rest, as after any end, unless this worker could not even begin. If the lease is out, that ends the rest."""
        if error.outcome == "never_started" and self._runs == 1:
            super()._could_not_start(error)
        else:
            self._rest(boottime(), {"exit_code": error.exit_code, "detail": str(error)}, up_s=0.0)

    def _note_end(self, pid: int, status: int) -> None:
        super()._note_end(pid, status)
        if self._probe:
            if pid == self._pid:
                self._probe.end()
            elif pid == self._probe.pid:
                self._probe.note_end(status, boottime())
                self._set_ready(self._probe.is_ready, boottime())

    def _all_ended(self) -> None:
        if not self._pid:  # it rests: there was nothing to reap
            return
        if self._stopping:
            super()._all_ended()
            return
        last: dict[str, Any] = {**exit_of(self._status), "detail": self._why}
        if last.get("exit_code") and not self._why and self._output.is_out_of_room():
            last["detail"] = "the disk of its output was full"
        self._output.close()
        self._pid, self._status, self._cleared = 0, None, False
        self._kill_at, self._pause = math.inf, FIRST_PAUSE_S
        now = boottime()
        self._ready_at, self._ready_due = None, math.inf
        if self._wanted > self._generation:
            self._was_ready = False
            self._run_again(now)
        else:
            self._rest(now, last, up_s=now - self._up_at)

    def _rest(self, now: float, last: Mapping[str, Any], *, up_s: float) -> None:
        """Its process is gone: start it again a little later, or leave that to another worker."""
        self._ends.note(up_s, was_ready=self._was_ready)
        self._last, self._was_ready = last, False
        if self._ends.loops:
            self._finish("crash_loop", self._loop_detail(), **exit_only(last))
            return
        self._rests_until = now + self._ends.rest_s
        self._tell()

    def _loop_detail(self) -> str:
        why = f"; the last: {self._last['detail']}" if self._last.get("detail") else ""
        return f"ended {self._care.most_quick} times in a row before it had settled{why}"

    def _set_ready(self, ready: bool, now: float) -> None:
        self._ready_due = math.inf if ready else self._ready_due
        ends = self._status is not None or self._kill_at < math.inf
        if ready == (self._ready_at is not None) or not self._pid or ends:
            return
        self._ready_at = now if ready else None
        self._was_ready |= ready
        self._tell()

    def _tell(self) -> None:
        """Write down how it stands, for agentd: the supervisor tells it at once, and again to whoever comes."""
        self.has_news = True
        self.condition = encode_line(
            {
                "kind": "condition",
                "allocation_id": self.allocation_id,
                "ready_at": self._ready_at,
                "restarts": self._restarts,
                "rests_until": None if self._rests_until == math.inf else self._rests_until,
                "generation": self._generation,
                **self._last,
            }
        )


def exit_only(last: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of how a process ended: the exit code or the signal."""
    return {key: value for key, value in last.items() if key != "detail"}
