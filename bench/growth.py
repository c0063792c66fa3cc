"""Whether age and a long queue slow the cluster down: throughput with much behind it, and with much beside it.

As `throughput`: arrays of 3,000 `/bin/true` through one agent, from submit until all have ended. Three stacks live at
the same time and take turns, so that each meets the same weather: with 0, 100,000 and 2,000,000 finished jobs behind
them, and then with 1,000, 10,000 and 100,000 jobs beside, some of lower and some of higher priority, which ask for a
GPU that no worker has. The past is written by SQL as the product would have left it: arrays of eight tenants over two
weeks, ended in every way, with their attempts, a week of claims and of samples, and analysed. What waits is submitted,
in a hundred arrays of as many shapes and eight tenants. A ratio is of a size's speed to the smallest one's in the same
turn, the median of all turns; `worst_ratio` is the one that is farthest from 1, turned round if it is more. CPU per job
stands beside it, by role and in the same ratio: it suffers less from neighbours. And what does not suffer at all:
pages, rows and WAL that Postgres has touched per job, by its own count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from time import monotonic, perf_counter, process_time, sleep

from bench import finished_jobs, processor, stack
from bench.spawn_limit import COMMAND
from bench.stack import LOOK_EVERY, Running, narrate
from bench.throughput import PARTS
from clusterctl import operations
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission

SIZE, SIZE_QUICK = 3_000, 500
TURNS, TURNS_QUICK = 5, 1
FINISHED, FINISHED_QUICK = (0, 100_000, 2_000_000), (0, 20_000)
PENDING, PENDING_QUICK = (1_000, 10_000, 100_000), (1_000, 10_000)
ARRAYS, TENANTS = 100, 8
PATIENCE_S = 120.0  # for one run

Run = dict[str, float]
Prepare = Callable[[Running, int], object]


def measure(quick: bool) -> dict[str, object]:
    """Both, by size."""
    finished, pending = (FINISHED_QUICK, PENDING_QUICK) if quick else (FINISHED, PENDING)
    size, turns = (SIZE_QUICK, TURNS_QUICK) if quick else (SIZE, TURNS)
    return {
        "finished": compared(in_turns(finished, seed, size, turns)),
        "pending": compared(in_turns(pending, line_up, size, turns)),
        "jobs_per_run": size,
    }


def seed(running: Running, count: int) -> None:
    """So many jobs that have ended."""
    finished_jobs.seed(running.cluster.db, count)


def line_up(running: Running, count: int) -> None:
    """So many jobs that can start nowhere."""
    for n in range(ARRAYS):
        request = Submission(
            spec=Spec(command=(COMMAND,)),
            request=Resources(100 * (1 + n), 0, 1),
            tenant=f"t{n % TENANTS}",
            priority=40 + n % 20,
            indices=tuple(range(count // ARRAYS)),
        )
        operations.submit(running.cluster, request)


def in_turns(counts: Sequence[int], prepare: Prepare, size: int, turns: int) -> dict[int, list[Run]]:
    """The runs of each of *counts*, in the order of the turns."""
    with ExitStack() as stacks:
        crowd = {count: stacks.enter_context(stack.running()) for count in counts}
        for count, running in crowd.items():
            begun = monotonic()
            prepare(running, count)
            await_end(running, running.submit(["/bin/sleep", "1"], count=stack.CPUS))  # now all supervisors are there
            run(running, size // 3)  # caches hold again what the preparation has pushed out
            narrate(f"{count:,} jobs are there, after {monotonic() - begun:.0f} s")
        runs: dict[int, list[Run]] = {count: [] for count in counts}
        for turn in range(turns):
            for count in counts if turn % 2 == 0 else reversed(counts):
                runs[count].append(run(crowd[count], size))
            narrate(", ".join(f"{count:,}: {each[-1]['jobs_per_s']:.0f}/s" for count, each in runs.items()))
    return runs


def run(running: Running, size: int) -> Run:
    """One array, from before its submit until nothing of it is left."""
    work = work_of(running)
    before, own, begun = processor.of_stack(running.stack), process_time(), perf_counter()
    ids = running.submit([COMMAND], count=size)
    await_end(running, ids)
    seconds = perf_counter() - begun
    used = processor.since(before, running.stack)
    used["client"] = process_time() - own  # type: ignore[assignment]  # seconds, as all the others
    assert running.completed(ids) == size
    return {
        "jobs_per_s": round(size / seconds, 1),
        "cpu_ms": round(1000 * used.total() / size, 3),
        **{f"cpu_ms_{part}": round(1000 * used[part] / size, 3) for part in PARTS},
        **{what: round((now - work[what]) / size, 3) for what, now in work_of(running).items()},
    }


def work_of(running: Running) -> dict[str, float]:
    """What Postgres has done so far, by its own count, which its backends tell it once a second."""
    ((pages, wal),) = running.cluster.db.rows(
        """
        SELECT (blks_hit + blks_read)::float8, (SELECT wal_bytes / 1024 FROM pg_stat_wal)::float8
          FROM pg_stat_database WHERE datname = current_database()
        """
    )
    ((rows, scanned),) = running.cluster.db.rows(
        """
        SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::float8, sum(seq_tup_read)::float8
          FROM pg_stat_user_tables WHERE relname NOT IN ('workers', 'leader')  -- of one row each
        """
    )
    return {"pages": pages, "rows": rows, "rows_scanned": scanned, "wal_kb": wal}


def await_end(running: Running, ids: range) -> None:
    """Until none of these lives any more, whatever else waits."""
    one = "SELECT EXISTS (SELECT FROM jobs WHERE live AND id BETWEEN %s AND %s)"
    deadline = monotonic() + PATIENCE_S
    while running.cluster.db.value(one, ids[0], ids[-1]):
        if monotonic() > deadline:
            raise TimeoutError(f"{ids} have not ended after {PATIENCE_S:.0f} s")
        sleep(LOOK_EVERY)


def compared(runs: Mapping[int, Sequence[Run]]) -> dict[str, object]:
    """The medians of each size, and its ratio to the smallest."""
    first = runs[min(runs)]
    ratios = {str(count): ratio(each, first, "jobs_per_s") for count, each in runs.items()}
    cpu = {str(count): ratio(each, first, "cpu_ms") for count, each in runs.items()}
    pages = {str(count): ratio(each, first, "pages") for count, each in runs.items()}
    return {
        "worst_ratio": min(min(each, round(1 / each, 3)) for each in ratios.values()),
        "worst_cpu_ratio": max(cpu.values()),
        "worst_pages_ratio": max(pages.values()),
        "ratios": ratios,
        "cpu_ratios": cpu,
        "pages_ratios": pages,
        "jobs": {
            str(count): {field: round(median(run[field] for run in each), 3) for field in each[0]}
            for count, each in runs.items()
        },
        "runs_per_s": {str(count): [run["jobs_per_s"] for run in each] for count, each in runs.items()},
        "runs_cpu_ms": {str(count): [run["cpu_ms"] for run in each] for count, each in runs.items()},
    }


def ratio(runs: Sequence[Run], first: Sequence[Run], field: str) -> float:
    """Of each run to the smallest size's in the same turn; the median."""
    return round(median(run[field] / smallest[field] for run, smallest in zip(runs, first, strict=True)), 3)


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
