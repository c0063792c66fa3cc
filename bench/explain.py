"""What ``explain`` costs in a large cluster: the CPU that the process spends on it, and the wall time with Postgres.

The cluster of ``rounds``: 1,000 workers that are full, 100,000 jobs that cannot start, 5,000 replicas that run and as
many that wait, 8,000 jobs with limits, 50 tenants with quotas. And one that is empty, where 5,000 jobs start in this
very round. Milliseconds, the median of many explanations.
"""

from __future__ import annotations

import json
from statistics import median
from time import perf_counter, process_time

from bench.commit import durable_postgres
from bench.rounds import EMPTY, FILL, LIMITED, REPLICAS, TENANTS, WORKERS, round_to
from clusterctl import views
from clusterctl.cluster import Cluster
from clusterctl.settings import Settings
from clusterctl.store.connection import Database

# Their numbers, as FILL gives them.
FIRST_WAITING = REPLICAS + LIMITED + 1
EMPTIED = "SET session_replication_role = replica; UPDATE workers SET allocated_milli = 0; DELETE FROM allocations"


def measure(quick: bool) -> dict[str, object]:
    """By the job that is explained."""
    pending, runs = (10_000, 3) if quick else (100_000, 15)
    jobs = {
        "oldest": FIRST_WAITING,
        "in_the_middle": FIRST_WAITING + pending // 2,
        "last": FIRST_WAITING + pending - 1,
        "waiting_replica": FIRST_WAITING + pending + REPLICAS // 2,
        "running_job": REPLICAS + 1,
        "running_replica": 2,
        "service": 1,
    }
    with durable_postgres() as url, Database(url, name="bench") as db:
        db.script(EMPTY)
        db.script(
            FILL.format(
                workers=WORKERS, replicas=REPLICAS, limited=LIMITED, tenants=TENANTS, pending=pending, waiting=REPLICAS
            )
        )
        with Cluster(Settings(database_url=url), name="bench") as cluster:
            full = {name: one_job(cluster, job, runs) for name, job in jobs.items()}
            db.script(EMPTIED)
            starting = {name: one_job(cluster, jobs[name], runs) for name in ("oldest", "last")}
    return {"workers": WORKERS, "pending": pending, "replicas": REPLICAS, "full": full, "thousands_start": starting}


def one_job(cluster: Cluster, job: int, runs: int) -> dict[str, object]:
    """The medians; the first run fills the caches."""
    walls, cpus = [], []
    for _ in range(runs + 1):
        wall, cpu = perf_counter(), process_time()
        found = views.explain(cluster, job)
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    return {
        "reason": found.reason,
        "cpu_ms": round_to(median(cpus[1:]) * 1000),
        "wall_ms": round_to(median(walls[1:]) * 1000),
    }


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
