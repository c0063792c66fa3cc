"""How long a command takes, from its start to its end: `submit`, `jobs`, `workers`, `status`, `explain`.

Whole processes, as a shell starts them, with their output into a pipe; the modules are compiled, as after an
installation. Through the door and without it; once with an empty cluster, and once with 1,000 workers that are full and
beat, 13,000 jobs that run, and 100,000 that wait, each submitted by itself, which a schedd looks at meanwhile. The
tables are as autovacuum leaves them a minute after such a submit. `explain` is of a job in the middle of the queue;
`explain_giant` of one that fits nowhere; `filter` is `jobs --filter WORD` with a word that is in the command of a
single job; `tab` what the shell asks for on TAB after `clusterctl job `. The ways take turns, run by run, so that noise
is everybody's; `python_ms` is the interpreter that starts and does nothing, in the same turns. `cpu_ms` is what the
process used itself, which neighbours lengthen less. `others_percent` is what neither the stack, nor the commands, nor
the beats of the workers used. Medians; all runs are kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from bench import large_cluster, processor, stack
from bench.rounds import WORKERS

EMPTY: Mapping[str, Sequence[str]] = {
    "submit": ("submit", "--", "true"),
    "jobs": ("jobs",),
    "workers": ("workers",),
    "status": ("status",),
}
PROGRAM = (sys.executable, "-P", "-m", "clusterctl")
WAYS = {"door": "", "direct": "none"}  # name → the setting `door`
PYTHON = "python"
# As bash asks, by way of what `clusterctl --install-completion` writes.
COMPLETING = {"_CLUSTERCTL_COMPLETE": "complete_bash", "COMP_WORDS": "clusterctl job ", "COMP_CWORD": "2"}


class Run(NamedTuple):
    """One process: wall time and its own CPU time, in milliseconds."""

    wall_ms: float
    cpu_ms: float


def measure(quick: bool) -> dict[str, object]:
    """By queue, way and command; and Python's own start."""
    rounds, pending = (2, 10_000) if quick else (12, 100_000)
    with stack.running(workers=0) as running, tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as compiled:
        environments = {way: environment(running, door, Path(compiled)) for way, door in WAYS.items()}
        empty = rounds_of(environments, EMPTY, rounds)
        with large_cluster.living(running, pending) as cluster:
            before, machine, begun = processor.of_stack(running.stack), processor.Machine.now(), perf_counter()
            ours = own_seconds() + process_time()
            full = rounds_of(environments, commands_of(cluster), rounds)
            seconds = perf_counter() - begun
            known = processor.since(before, running.stack)
            ours = own_seconds() + process_time() - ours
            others = processor.Machine.now().busy - machine.busy - known.total() - ours
    return {
        "python_ms": round(median(run.wall_ms for run in (*empty[PYTHON], *full[PYTHON])), 1),
        "empty": told(empty, EMPTY),
        "pending": {"jobs": pending, "workers": WORKERS, **told(full, commands_of(cluster))},
        "others_percent": round(100 * others / (seconds * len(os.sched_getaffinity(0))), 1),
        "runs": rounds,
    }


def commands_of(cluster: large_cluster.LargeCluster) -> dict[str, Sequence[str]]:
    """What is called in the large cluster."""
    return {
        **EMPTY,
        "explain": ("explain", str(cluster.middle)),
        "explain_giant": ("explain", str(cluster.giant)),
        "filter": ("jobs", "--filter", f"seed {cluster.middle}"),
        "tab": ("job",),
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


def rounds_of(
    environments: Mapping[str, dict[str, str]], commands: Mapping[str, Sequence[str]], rounds: int
) -> dict[str, list[Run]]:
    """All runs, by ``way command``, and Python's own. The first round only compiles, and is not counted."""
    found: dict[str, list[Run]] = {}
    for number in range(-1, rounds):
        for way, env in environments.items():
            for name, words in commands.items():
                asked = env | COMPLETING if name == "tab" else env
                run = timed((*PROGRAM, *words), asked)
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


def told(found: Mapping[str, Sequence[Run]], commands: Iterable[str]) -> dict[str, object]:
    """Medians by way and command, and all runs."""
    ways = {
        f"{way}_ms": {name: round(median(run.wall_ms for run in found[f"{way} {name}"]), 1) for name in commands}
        for way in WAYS
    }
    cpu = {name: round(median(run.cpu_ms for run in runs), 1) for name, runs in found.items()}
    runs_ms = {name: [round(run.wall_ms) for run in runs] for name, runs in found.items()}
    return {**ways, "cpu_ms": cpu, "runs_ms": runs_ms}


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
