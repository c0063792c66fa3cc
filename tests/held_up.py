"""How long processes stood in line for a processor: that is forgiven by tests of time, and nothing else is.

On a machine with other work a bound in seconds would have to be so generous that it proves nothing. The kernel knows
what the other work has cost each thread: what it was ready to run, and did not (/proc/PID/task/TID/schedstat).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class HeldUp:
    """Counts from now on, for *pids*; without any, for this process."""

    def __init__(self, pids: Iterable[int] = ()) -> None:
        self._pids = tuple(pids) or (os.getpid(),)
        self._before = self._waited()

    @property
    def seconds(self) -> float:
        """So long their threads have waited since, together. For those that have ended nothing is forgiven."""
        return sum(waited - self._before.get(task, 0) for task, waited in self._waited().items()) / 1e9

    def _waited(self) -> dict[Path, int]:
        """Nanoseconds, by thread."""
        found = {}
        for pid in self._pids:
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with suppress(OSError):  # it has ended
                    found[task] = int(task.read_text().split()[1])
        return found
