"""How long an idle cluster takes from a submit to the first instruction of the job.

From before the call of `operations.submit`, with an open cluster as a program would hold it, until the first act of the
job, which is to write down the time (CLOCK_REALTIME of one machine on both sides): a small static C program, or where
there is no compiler `date`, run by a shell. The command line's own start is no part of it. One job every 50 ms, nothing
else to do; 300 of them are a run, and `first_act_ms` are the medians of the runs' quantiles. `floor_ms` is the same
program spawned directly, without a cluster. `steps_ms` are medians from the same zero: until Postgres began the
transactions that took the job in, reserved it and won its start, and until the first act.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import sleep, time_ns

from bench import stack
from bench.quantiles import quantiles

PAUSE = 0.05  # seconds between two submits
WARM_UP = 10  # jobs that are not counted: they prepare statements and make the first supervisor
DATE = ("/bin/sh", "-c", "date +%s%N")


def measure(quick: bool) -> dict[str, object]:
    """Milliseconds to the first act, of a submit's own return, and of the floor."""
    count, runs = (60, 1) if quick else (300, 3)
    with tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as directory:
        command = compile_program(Path(directory)) or DATE
        with stack.running() as running:
            submits = [submit(running, command) for _ in range(WARM_UP + runs * count)][WARM_UP:]
            running.await_end()
            acts = [(int(running.output(id)) - begun) / 1e6 for begun, _, id in submits]
            steps = median_steps(running, [(begun, id) for begun, _, id in submits])
        floor = [spawn(command) for _ in range(count)]
    each = [quantiles(acts[first : first + count]) for first in range(0, len(acts), count)]
    return {
        "first_act_ms": {name: round(median(run[name] for run in each), 2) for name in each[0]},
        "runs_first_act_ms": {name: [run[name] for run in each] for name in each[0]},
        "submit_returns_ms": quantiles([(returned - begun) / 1e6 for begun, returned, _ in submits]),
        "steps_ms": {**steps, "first_act": round(median(acts), 2)},
        "floor_ms": quantiles(floor),
        "submits": len(submits),
        "program": "C" if command != DATE else "date",
    }


def compile_program(directory: Path) -> tuple[str, ...] | None:
    """The C program, if there is a compiler; static, if there is a static library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    program = directory / "first_act"
    source = Path(__file__).with_name("first_act.c")
    for flags in (["-static"], []) if compiler else ():
        argv = [compiler or "", "-O2", *flags, "-o", str(program), str(source)]
        if subprocess.run(argv, capture_output=True, check=False).returncode == 0:
            return (str(program),)
    return None


def submit(running: stack.Running, command: Sequence[str]) -> tuple[int, int, int]:
    """One job: nanoseconds before the submit and after it, and the job's id. Then a pause."""
    begun = time_ns()
    (id,) = running.submit(command)
    returned = time_ns()
    sleep(PAUSE)
    return begun, returned, id


def median_steps(running: stack.Running, submits: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Milliseconds from the submit to each step that the job's row tells of."""
    begun = {id: moment / 1e9 for moment, id in submits}
    rows = running.cluster.db.rows(
        "SELECT id, extract(epoch FROM submitted_at)::float8, extract(epoch FROM scheduled_at)::float8,"
        " extract(epoch FROM started_at)::float8 FROM jobs WHERE id = ANY (%s)",
        list(begun),
    )
    names = ("submitted", "reserved", "won")
    return {
        name: round(1000 * median(row[number] - begun[row[0]] for row in rows), 2)
        for number, name in enumerate(names, 1)
    }


def spawn(command: Sequence[str]) -> float:
    """Milliseconds from a direct spawn to the first act."""
    begun = time_ns()
    said = subprocess.run(command, stdout=subprocess.PIPE, env={"PATH": os.defpath}, check=True).stdout
    return (int(said) - begun) / 1e6


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
