"""How long it takes to hand in 10,000 different jobs out of a file: `submit --from FILE`, from its start to its end.

JSON lines, each with another command, name and environment, and one of many requests, time limits and priorities. Whole
processes, through the door and without it, in turns, into a cluster without workers in which nothing waits: after each
run its jobs are cancelled, and the tables vacuumed. Commits are durable. `parts_ms` is where the CPU time of a run
through the door goes: the command's own (it reads, checks and sends), the door's with schedd's (it checks again, and
asks Postgres; schedd may have begun to look at the jobs), and Postgres's. Medians; all runs are kept.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench import command_line, processor, stack
from clusterctl import operations

JOBS = 10_000
PROGRAMS = ("python3", "sort", "grep", "tar", "sha256sum", "find")


def measure(quick: bool) -> dict[str, object]:
    """Seconds by way, the target's one first; CPU by part, in milliseconds."""
    jobs, runs = (1_000, 2) if quick else (JOBS, 7)
    with stack.running(workers=0) as running, tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as directory:
        file = Path(directory) / "jobs.jsonl"
        file.write_text("".join(json.dumps(job(number)) + "\n" for number in range(jobs)))
        environments = {
            way: command_line.environment(running, door, Path(directory)) for way, door in command_line.WAYS.items()
        }
        words = (*command_line.PROGRAM, "submit", "--parsable", "--from", str(file))
        walls: dict[str, list[float]] = {way: [] for way in environments}
        own: list[float] = []
        theirs: dict[str, list[float]] = {"schedd": [], "postgres": []}
        for number in range(-1, runs):  # the first round only compiles
            for way, env in environments.items():
                before = processor.of_stack(running.stack)
                run = command_line.timed(words, env)
                spent = processor.since(before, running.stack)
                cancel_all(running)
                if number >= 0:
                    walls[way].append(run.wall_ms / 1000)
                if number >= 0 and way == "door":
                    own.append(run.cpu_ms)
                    for role, each in theirs.items():
                        each.append(1000 * spent[role])
    return {
        "jobs": jobs,
        "seconds": round(median(walls["door"]), 3),
        "direct_seconds": round(median(walls["direct"]), 3),
        "parts_ms": {
            "command": round(median(own), 1),
            "door": round(median(theirs["schedd"]), 1),
            "postgres": round(median(theirs["postgres"]), 1),
        },
        "runs_s": {way: [round(wall, 3) for wall in found] for way, found in walls.items()},
    }


def cancel_all(running: stack.Running) -> None:
    """So that the next run finds as little as this one did."""
    db = running.cluster.db
    operations.cancel(running.cluster, [id for (id,) in db.rows("SELECT id FROM jobs WHERE live")])
    running.await_end()
    db.script("VACUUM (ANALYZE)")


def job(number: int) -> dict[str, object]:
    """One line of the file."""
    return {
        "command": [PROGRAMS[number % len(PROGRAMS)], "--seed", str(number), "--out", f"run-{number}.csv"],
        "name": f"sim-{number}",
        "cpus": 1 + number % 8 * 0.5,
        "memory": f"{512 + number % 2048}M",
        "time_limit": f"{10 + number % 600}m",
        "priority": 40 + number % 20,
        "env": {"SEED": str(number), "RUN": f"run-{number}", "OMP_NUM_THREADS": str(1 + number % 8)},
    }


if __name__ == "__main__":
    json.dump(measure(quick=False), sys.stdout, indent=2)
    print()
