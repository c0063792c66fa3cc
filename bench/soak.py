"""A million jobs through one stack: what grows although it should not.

Arrays of `/bin/true` are submitted so that the queue is never empty. Everything is kept for a minute only, so that the
pruners must forget as fast as the cluster works, and after the first minutes all should stand still. Every few seconds
we look: memory (PSS, without Postgres's buffers) and descriptors by role, files and bytes in the spool, tables,
indexes, dead rows, WAL. Growth is what a straight line through the second half rises from its first look to its last,
in percent of the mean; a fall counts as 0. What is kept for a minute follows the pace of the cluster, which neighbours
change: so outputs are counted in seconds of that pace, and the database in bytes per row of jobs, attempts and claims
at their most so far. Descriptors are those of our own processes; Postgres keeps files of tables open as it likes, its
most is told. The speed is of the last quarter against the first, the first minute left out. `--jobs N` runs another
number, and the result goes to stdout as JSON; a run of 20,000 jobs shows that all works, and nothing of growth.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from time import monotonic, process_time, sleep

from bench import footprint, processor, stack
from bench.footprint import Footprint, growth, growth_percent
from bench.spawn_limit import COMMAND
from bench.throughput import warm_up

JOBS, JOBS_QUICK = 1_000_000, 20_000
ARRAY = 5_000  # jobs in one submit
LOOKS = 150  # in the whole run; but not more often than every second
KEPT = "60s"
SETTINGS = {
    f"CLUSTERCTL_KEEP_{what}": KEPT for what in ("JOBS", "ALLOCATIONS", "CLAIMS", "SAMPLES", "HISTORY", "AUDIT", "LOGS")
}
SETTLED_S = 90.0  # what is kept is there, and the first of it has been forgotten
PACE_S = 60.0  # over which the pace is told
COUNTED = ("jobs", "allocations", "claims")
TOLD = (
    ("jobs_per_s", "jobs/s"),
    ("memory_mb", "MB"),
    ("open_files", "descriptors"),
    ("output_files", "outputs"),
    ("database_mb", "MB of database"),
    ("rows.jobs", "rows of jobs"),
    ("dead_share", "dead"),
)


def measure(quick: bool) -> dict[str, object]:
    """As the page wants it."""
    return soak(JOBS_QUICK if quick else JOBS)


def soak(jobs: int) -> dict[str, object]:
    """So many jobs, and what came of it."""
    with lasting(SETTINGS), stack.running() as running:
        warm_up(running)
        begun, before = monotonic(), processor.of_stack(running.stack)
        looks = list(feed(running, jobs))
        seconds = monotonic() - begun
        used = processor.since(before, running.stack)
        left = float(running.cluster.db.value("SELECT count(*) FROM jobs WHERE state <> 'completed'"))
    return {
        **verdict(looks),
        "jobs": jobs,
        "seconds": round(seconds, 1),
        "jobs_per_s": round(jobs / seconds, 1),
        "not_completed": left,
        "cpu_ms_per_job": {role: round(1000 * used[role] / jobs, 3) for role in sorted(used)},
        "looks": looks,
    }


@contextmanager
def lasting(settings: Mapping[str, str]) -> Iterator[None]:
    """The environment of what is started within."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def feed(running: stack.Running, jobs: int) -> Iterator[Footprint]:
    """Submit until so many are in, wait for their end, and look now and then."""
    begun = told_at = monotonic()
    submitted = told = 0
    every = 1.0
    while True:
        waiting = int(running.cluster.db.value("SELECT count(*) FROM jobs WHERE live"))
        now = monotonic()
        if now - told_at >= every or (submitted == jobs and not waiting):
            done = submitted - waiting
            found = {
                "at_s": round(now - begun, 1),
                "done": done,
                "jobs_per_s": round((done - told) / (now - told_at), 1),
                "own_cpu_s": round(process_time(), 1),
                **footprint.look(running),
            }
            tell(found)
            yield found
            told, told_at = done, now
            every = max(1.0, (now - begun) / max(done, 1) * jobs / LOOKS)
        if submitted < jobs and waiting < ARRAY:
            submitted += len(running.submit([COMMAND], count=min(ARRAY, jobs - submitted)))
        elif submitted == jobs and not waiting:
            return
        else:
            sleep(0.2)


def tell(found: Footprint) -> None:
    """One line of progress."""
    words = ", ".join(f"{found.get(key, 0):g} {unit}" for key, unit in TOLD)
    print(f"  {found['at_s']:.0f} s, {found['done']:,.0f} done: {words}", file=sys.stderr, flush=True)


def verdict(looks: Sequence[Footprint]) -> dict[str, object]:
    """What has grown in the second half."""
    told = [{**look, **kept(looks[: number + 1])} for number, look in enumerate(looks)]
    half = told[len(told) // 2 :]
    at = [look["at_s"] for look in half]
    parts = sorted(key for key in half[-1] if key.partition(".")[0] in ("memory_mb", "table_mb", "index_mb"))

    def risen_percent(key: str) -> float:
        return round(growth_percent(at, [look.get(key, 0.0) for look in half]), 2)

    return {
        "memory_growth_percent": risen_percent("memory_mb"),
        "bloat_growth_percent": risen_percent("bytes_per_row"),
        "open_files_growth": round(growth(at, [look["own_open_files"] for look in half]), 1),
        "postgres_open_files": max(look.get("open_files.postgres", 0.0) for look in half),
        "output_files_growth_percent": risen_percent("output_s"),
        "output_s": max(look["output_s"] for look in half),
        "journal_files": max(look["journal_files"] for look in half),
        "journal_kb": max(look["journal_kb"] for look in half),
        "wal_mb": max(look["wal_mb"] for look in half),
        "dead_tuples_max_share": max(look["dead_share"] for look in half),
        "throughput_last_over_first": last_over_first(looks),
        "growth_percent_by_part": {key: risen_percent(key) for key in parts},
    }


def kept(looks: Sequence[Footprint]) -> Footprint:
    """Of the last of these, what does not follow the pace: neighbours change that, and with it how much a minute is."""
    last = looks[-1]
    since = next((look for look in looks if last["at_s"] - look["at_s"] <= PACE_S), last)
    pace = (last["done"] - since["done"]) / max(last["at_s"] - since["at_s"], 1.0)
    most = max(sum(look.get(f"rows.{table}", 0.0) for table in COUNTED) for look in looks)
    return {
        "output_s": round(last["output_files"] / pace, 1) if pace else 0.0,
        "bytes_per_row": round(last["database_mb"] * 2**20 / max(most, 1.0), 1),
        "own_open_files": last["open_files"] - last.get("open_files.postgres", 0.0),
    }


def last_over_first(looks: Sequence[Footprint]) -> float:
    """The median speed of the last quarter, by that of the first, once the cluster has settled."""
    settled = [look["jobs_per_s"] for look in looks if look["at_s"] > SETTLED_S] or [
        look["jobs_per_s"] for look in looks
    ]
    quarter = max(1, len(settled) // 4)
    return round(median(settled[-quarter:]) / median(settled[:quarter]), 3)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Many jobs through one stack.")
    parser.add_argument("--jobs", type=int, default=JOBS, help="how many (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help=f"{JOBS_QUICK} jobs: to try it, not to quote it")
    arguments = parser.parse_args()
    print(json.dumps(soak(JOBS_QUICK if arguments.quick else arguments.jobs), indent=2))


if __name__ == "__main__":
    main()
