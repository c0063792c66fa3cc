"""How fast many short jobs go through one agent: arrays of `/bin/true`, from submit until all are completed.

One submit makes the array; the clock runs from before that call until a look (every 20 ms) finds no job left. Commits
are durable. The agent declares 64 CPUs, so 64 jobs may run at once. Each run stands between two measures of the serial
spawn limit and is compared with their mean, for neighbours slow both down; the CPU per job is what the kernel accounts
to the stack's processes and the jobs themselves, and suffers less from neighbours (but a core that shares its circuits
with a stranger's counts up to twice the time for the same work, in the limit as in us). The first jobs, which bring 64
supervisors into being, are not counted. Medians over the runs. A machine that others load gives the many processes of a
stack more than the one loop of the limit: believe the share only while `others_percent` (of all CPU time, what neither
stack nor jobs used: neighbours, and the kernel for itself) is small. Every job makes a file for its output, the limit
makes none; what that costs here at the time is `create_file_ms`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from statistics import median
from time import perf_counter, process_time

from bench import limits, processor, spawn_limit, stack
from bench.spawn_limit import COMMAND

PARTS = ("agentd", "warm", "supervisors", "jobs", "schedd", "postgres", "valkey", "client")
SPAWNS = 500

Run = dict[str, float]


def measure(quick: bool) -> dict[str, object]:
    """By size of array; the largest's share of the spawn limit, and CPU above it, come first."""
    runs_of = {1_000: 2} if quick else {1_000: 5, 10_000: 3}
    with stack.running() as running:
        warm_up(running)
        sizes = {size: [run(running, size) for _ in range(count)] for size, count in runs_of.items()}
    largest = medians(sizes[max(sizes)])
    return {
        "of_spawn_limit": largest["of_spawn_limit"],
        "cpu_ms_above_spawn": largest["cpu_ms_above_spawn"],
        "others_percent": largest["others_percent"],
        "declared_cpus": stack.CPUS,
        "jobs": {str(size): {**medians(runs), **every(runs)} for size, runs in sizes.items()},
    }


def warm_up(running: stack.Running) -> None:
    """Fill the agent once, so that all of its supervisors are there."""
    running.submit(["/bin/sleep", "1"], count=stack.CPUS)
    running.await_end()


def run(running: stack.Running, size: int) -> Run:
    """One array, between two measures of the limit."""
    file_ms = limits.create_file_ms()
    before = spawn_limit.spawn(SPAWNS)
    earlier, machine, own = processor.of_stack(running.stack), processor.Machine.now(), process_time()
    begun = perf_counter()
    ids = running.submit([COMMAND], count=size)
    running.await_end()
    seconds = perf_counter() - begun
    used = processor.since(earlier, running.stack)
    used["client"] = process_time() - own  # type: ignore[assignment]  # seconds, as all the others
    machine_s = processor.Machine.now().busy - machine.busy
    after = spawn_limit.spawn(SPAWNS)
    assert running.completed(ids) == size
    return {
        **compared(size / seconds, 1000 * used.total() / size, before, after),
        **{f"cpu_ms_{part}": 1000 * used[part] / size for part in PARTS},
        "others_percent": 100 * (machine_s - used.total()) / (seconds * len(os.sched_getaffinity(0))),
        "create_file_ms": file_ms,
    }


def compared(per_s: float, cpu_ms: float, *limits: spawn_limit.Spawns) -> Run:
    """A run beside the machine's own limit."""
    limit_per_s = sum(limit.per_s for limit in limits) / len(limits)
    limit_cpu_ms = sum(limit.cpu_ms for limit in limits) / len(limits)
    return {
        "jobs_per_s": per_s,
        "spawn_limit_per_s": limit_per_s,
        "of_spawn_limit": per_s / limit_per_s,
        "cpu_ms": cpu_ms,
        "spawn_cpu_ms": limit_cpu_ms,
        "cpu_ms_above_spawn": cpu_ms - limit_cpu_ms,
    }


def medians(runs: Sequence[Run]) -> Run:
    """Field by field."""
    return {field: round(median(run[field] for run in runs), 3) for field in runs[0]}


def every(runs: Sequence[Run]) -> dict[str, list[float]]:
    """Each run's own value of what is compared with a bound."""
    shown = ("jobs_per_s", "of_spawn_limit", "cpu_ms_above_spawn", "others_percent", "create_file_ms")
    return {f"runs_{field}": [round(run[field], 3) for run in runs] for field in shown}


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
