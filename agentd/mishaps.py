"""Whether this worker is a black hole: it fails whatever it is given at once, and so is given more and more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agentd.running import Running
from clusterctl.model.orders import End, Order
from clusterctl.model.states import Outcome

MOST = 3  # submissions in a row: that many different ones are hardly all at fault themselves
QUICK_S = 10.0  # from the order to the failure
MEMORY_S = 600.0  # a failure longer ago is another story

FAILURES = frozenset({Outcome.START_FAILED, Outcome.NEVER_STARTED})
STARTED = frozenset({Outcome.EXITED, Outcome.TIME_LIMIT, Outcome.OUT_OF_MEMORY})


class Ordered(NamedTuple):
    """An attempt that was ordered: by which submission (its array, or its job), and when."""

    submission: int
    at: float


class Mishaps:
    """Counts in a row. Moments are the loop's clock's seconds."""

    def __init__(self) -> None:
        self._ordered: dict[int, Ordered] = {}  # by allocation, until their ends
        self._failed: dict[int, float] = {}  # when each submission last failed to start, with no start in between

    def ordered(self, order: Order, now: float) -> None:
        """*order* is being started."""
        self._ordered[order.allocation_id] = Ordered(order.array_id or order.job_id, now)

    def ended(self, end: End, now: float, running: Mapping[int, Running]) -> str:
        """Take *end* in. The sentence with which to ask to be drained, or empty; then it counts from zero."""
        ordered = self._ordered.pop(end.allocation_id, None)
        if ordered is None:
            return ""
        if end.outcome in STARTED or self._has_started_something(running):
            self._failed.clear()
        # What a shell would exit with, 126 or 127, is said of a command: that is rather a typing error than the worker.
        if end.outcome not in FAILURES or end.exit_code is not None or now - ordered.at > QUICK_S:
            return ""
        self._failed[ordered.submission] = now
        self._failed = {submission: at for submission, at in self._failed.items() if now - at <= MEMORY_S}
        if len(self._failed) < MOST:
            return ""
        self._failed.clear()
        return f"{MOST} different jobs in a row could not start here; the last: {end.detail or end.outcome}"

    def _has_started_something(self, running: Mapping[int, Running]) -> bool:
        """Whether what was ordered since the first failure has become a process, and still is one."""
        first = min(self._failed.values(), default=0.0)
        return any(ordered.at >= first and id in running and running[id].pid for id, ordered in self._ordered.items())
