"""How many processes this machine can start and end one after another: the limit of every scheduler on it.

`posix_spawn` of `/bin/true` with an environment and three file actions like a job's, then a wait, from one small loop.
Its CPU is the loop's and the children's together: what a job costs before anybody schedules it.
"""

from __future__ import annotations

import json
import os
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import NamedTuple

COMMAND = "/bin/true"


class Spawns(NamedTuple):
    """A row of them: how many a second, and CPU milliseconds for each."""

    per_s: float
    cpu_ms: float


def measure(quick: bool) -> dict[str, object]:
    """The medians, and every run."""
    runs = [spawn(500) for _ in range(3 if quick else 9)]
    return {
        "per_s": round(median(run.per_s for run in runs)),
        "cpu_ms": round(median(run.cpu_ms for run in runs), 3),
        "runs_per_s": [round(run.per_s) for run in runs],
    }


def spawn(count: int) -> Spawns:
    """Start and await *count* processes."""
    environment = {"PATH": os.defpath} | {f"CLUSTERCTL_{number:02}": "a value of usual length" for number in range(15)}
    null = os.open(os.devnull, os.O_RDWR)
    streams = [(os.POSIX_SPAWN_DUP2, null, number) for number in range(3)]
    begun, cpu = perf_counter(), cpu_seconds()
    for _ in range(count):
        pid = os.posix_spawn(COMMAND, [COMMAND], environment, file_actions=streams, setsid=True)
        _, status = os.waitpid(pid, 0)
        assert status == 0
    spawns = Spawns(count / (perf_counter() - begun), 1000 * (cpu_seconds() - cpu) / count)
    os.close(null)
    return spawns


def cpu_seconds() -> float:
    """Of this process and the children that it has waited for."""
    both = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
