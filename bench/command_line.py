"""How long a command takes, from its start to its end: `submit`, `jobs` and `status`, through the door and without it.

Whole processes, as a shell starts them, with their output into a pipe; the modules are compiled, as after an
installation. Once with an empty queue, and once with 100,000 pending jobs that no worker takes. The ways take turns,
run by run, so that noise is everybody's; `python_ms` is the interpreter that starts and does nothing, in the same
turns. `cpu_ms` is what the process used itself, which neighbours lengthen less. Medians of 20 runs; all are kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter
from typing import NamedTuple

from bench import processor, stack
from clusterctl import operations
from clusterctl.model.states import AdminState

COMMANDS = {"submit": ("submit", "--", "true"), "jobs": ("jobs",), "status": ("status",)}
PROGRAM = (sys.executable, "-P", "-m", "clusterctl")
WAYS = {"door": "", "direct": "none"}  # name → the setting `door`
PYTHON = "python"


class Run(NamedTuple):
    """One process: wall time and its own CPU time, in milliseconds."""

    wall_ms: float
    cpu_ms: float


def measure(quick: bool) -> dict[str, object]:
    """By queue, way and command; and Python's own start."""
    rounds, pending = (5, 10_000) if quick else (20, 100_000)
    with stack.running() as running, tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as compiled:
        # Whoever waits must wait for ever, or the second queue would be shorter than it says.
        operations.administer(running.cluster, [stack.WORKER], AdminState.DRAINING, reason="a benchmark")
        environments = {way: environment(running, door, Path(compiled)) for way, door in WAYS.items()}
        used, machine, begun = processor.of_stack(running.stack), processor.Machine.now(), perf_counter()
        ours = own_seconds()
        empty = rounds_of(environments, rounds)
        running.submit(["true"], count=pending)
        full = rounds_of(environments, rounds)
        seconds = perf_counter() - begun
        known = Counter(processor.of_stack(running.stack))
        known.subtract(used)
        others = processor.Machine.now().busy - machine.busy - known.total() - (own_seconds() - ours)
    return {
        "python_ms": round(median(run.wall_ms for run in (*empty[PYTHON], *full[PYTHON])), 1),
        "empty": told(empty),
        "pending": {"jobs": pending, **told(full)},
        "others_percent": round(100 * others / (seconds * len(os.sched_getaffinity(0))), 1),
        "runs": rounds,
    }


def environment(running: stack.Running, door: str, compiled: Path) -> dict[str, str]:
    """Of a command that finds this stack, and goes that way."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(compiled),
        "PYTHONPYCACHEPREFIX": str(compiled),
        "CLUSTERCTL_STATE_DIR": str(running.state_dir),
        "CLUSTERCTL_DOOR": door,
    }


def rounds_of(environments: Mapping[str, dict[str, str]], rounds: int) -> dict[str, list[Run]]:
    """All runs, by ``way command``, and Python's own. The first round only compiles, and is not counted."""
    found: dict[str, list[Run]] = {}
    for number in range(-1, rounds):
        for way, env in environments.items():
            for name, words in COMMANDS.items():
                run = timed((*PROGRAM, *words), env)
                if number >= 0:
                    found.setdefault(f"{way} {name}", []).append(run)
        if number >= 0:
            found.setdefault(PYTHON, []).append(timed((sys.executable, "-c", "pass"), environments["door"]))
    return found


def timed(argv: Sequence[str], env: dict[str, str]) -> Run:
    """One process, to its successful end."""
    before, begun = own_seconds(), perf_counter()
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    wall_ms = 1000 * (perf_counter() - begun)
    assert done.returncode == 0, done.stderr.decode()
    return Run(wall_ms, 1000 * (own_seconds() - before))


def own_seconds() -> float:
    """CPU time of all children that have ended."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def told(found: Mapping[str, Sequence[Run]]) -> dict[str, object]:
    """Medians by way and command, and all runs."""
    ways = {
        way: {name: round(median(run.wall_ms for run in found[f"{way} {name}"]), 1) for name in COMMANDS}
        for way in WAYS
    }
    cpu = {name: round(median(run.cpu_ms for run in runs), 1) for name, runs in found.items()}
    runs_ms = {name: [round(run.wall_ms) for run in runs] for name, runs in found.items()}
    return {**ways, "cpu_ms": cpu, "runs_ms": runs_ms}


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
