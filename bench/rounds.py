"""What a whole round costs in which nothing changes: the look, the decision, and the claim log, on a real Postgres.

1,000 workers, full; 100,000 jobs wait that cannot fit, of many shapes; 5,000 replicas run, and 8,000 jobs with a time
limit; 50 tenants, some with quotas. By the policy for services, with replicas that wait too. Milliseconds of wall time,
the median of many rounds, and the CPU that schedd itself spends on one.
"""

from __future__ import annotations

import json
from statistics import median
from time import perf_counter, process_time
from typing import get_args

from bench.commit import durable_postgres, schedd
from clusterctl.model.claim_log import refusal
from clusterctl.model.steering import Policy
from clusterctl.scheduling.words import in_words
from clusterctl.settings import Settings
from clusterctl.store import claims, leader
from clusterctl.store.connection import Database
from schedd import round

WORKERS, REPLICAS, LIMITED, TENANTS = 1_000, 5_000, 8_000, 50

# In thousandths: a worker has 16 CPUs; five replicas of 0.2 and eight jobs of 1.875 each fill it.
FILL = """
    SET session_replication_role = replica;
    INSERT INTO workers (name, agent_id, cpu_milli, memory_mb, allocated_milli, used_milli, used_memory_mb, measured_at)
    SELECT 'w' || lpad(n::text, 4, '0'), gen_random_uuid(), 16000, 64000, 16000, 1000 + n % 700, 9000 + n % 300,
           cluster_time() FROM generate_series(1, {workers}) n;
    INSERT INTO submissions (digest, spec, tenant, "user", first_job_id, jobs)
    VALUES ('', '{{"command": ["true"]}}', 'default', '', 1, {replicas} + {limited} + {pending} + {waiting});
    INSERT INTO services (id, submission_id) VALUES (1, 1);
    INSERT INTO jobs (id, submission_id, kind, tenant, cpu_milli, state, attempt, allocation_id, array_id, array_index,
                      time_limit_s, started_at)
    SELECT n, 1, CASE WHEN n <= {replicas} THEN 'service' ELSE 'batch' END, 't' || n % {tenants},
           CASE WHEN n <= {replicas} THEN 200 ELSE 1875 END, 'running', 1, n,
           CASE WHEN n <= {replicas} THEN 1 END, CASE WHEN n <= {replicas} THEN n END,
           CASE WHEN n > {replicas} THEN 3600 END, cluster_time()
      FROM generate_series(1, {replicas} + {limited}) n;
    INSERT INTO allocations (id, job_id, attempt, worker_id, tenant, kind, cpu_milli, memory_mb, gpus, status, term,
                             incarnation, start_token, start_by, grace_s, margin_s, reserved_at, allocated_at, ends_by)
    SELECT j.id, j.id, 1, 1 + j.id % {workers}, j.tenant, j.kind, j.cpu_milli, 0, 0, 'allocated', 0, 1,
           gen_random_uuid(), cluster_time(), 30, 60, cluster_time(), cluster_time() - interval '1 min',
           cluster_time() + (j.time_limit_s + j.id % 3600) * interval '1 s'
      FROM jobs j;
    INSERT INTO jobs (id, submission_id, tenant, cpu_milli, priority, time_limit_s, submitted_at)
    SELECT {replicas} + {limited} + n, 1, 't' || n % {tenants}, 1000 * (1 + n % 8), 40 + n % 5, 600 * (1 + n % 3),
           cluster_time() - interval '1 d' + n * interval '1 ms' FROM generate_series(1, {pending}) n;
    INSERT INTO jobs (id, submission_id, kind, tenant, cpu_milli, array_id, array_index)
    SELECT {replicas} + {limited} + {pending} + n, 1, 'service', 't' || n % {tenants}, 500 + n % 100, 1, {replicas} + n
      FROM generate_series(1, {waiting}) n;
    INSERT INTO tenants (name, weight, max_cpu_milli, max_running, recent_cpu_milli, recent_at)
    SELECT 't' || n, 1 + n % 3, CASE WHEN n % 2 = 0 THEN 1000000 END, CASE WHEN n % 3 = 0 THEN 10000 END, 1000 * n,
           cluster_time() FROM generate_series(0, {tenants} - 1) n;
    SET session_replication_role = origin;
    ANALYZE
"""
EMPTY = """
    SET session_replication_role = replica;
    TRUNCATE jobs, submissions, workers, allocations, dependencies, services, tenants, claims, rounds RESTART IDENTITY
"""


def measure(quick: bool) -> dict[str, object]:
    """Milliseconds of a round: while no replica waits, and by policy while 5,000 do."""
    pending, rounds = (10_000, 5) if quick else (100_000, 40)
    with durable_postgres() as url, Database(url, name="bench") as db:
        return {
            "workers": WORKERS,
            "pending": pending,
            "replicas": REPLICAS,
            "limited": LIMITED,
            "nothing_changes": one_scene(url, db, pending=pending, waiting=0, settings=Settings(), rounds=rounds),
            "replicas_wait": {
                policy: one_scene(
                    url,
                    db,
                    pending=pending,
                    waiting=REPLICAS,
                    settings=Settings(service_placement=policy),
                    rounds=rounds // 4,
                )
                for policy in get_args(Policy)
            },
        }


def one_scene(
    url: str, db: Database, *, pending: int, waiting: int, settings: Settings, rounds: int
) -> dict[str, float]:
    """The medians of so many rounds, after one that has written why all wait."""
    db.script(EMPTY)
    db.script(
        FILL.format(
            workers=WORKERS, replicas=REPLICAS, limited=LIMITED, tenants=TENANTS, pending=pending, waiting=waiting
        )
    )
    with schedd(url) as leading:
        term = leader.take(leading, leader.observe(leading), "bench") or 0
        walls, cpus = [], []
        for number in range(rounds + 1):
            wall, cpu = perf_counter(), process_time()
            done = round.run(leading, settings, term, number + 1, wake=lambda _: None, may_go_on=lambda: True)
            walls.append(perf_counter() - wall)
            cpus.append(process_time() - cpu)
            assert not done.placed
            if number == 0:
                groups = {group.shape: group for group in done.picture.queue}
                waits = done.decided.waits
                said = [refusal(wait, in_words(wait, groups[wait.shape], done.picture)) for wait in waits]
                claims.log_said(leading, 1, said)
    return {
        "round_ms": round_to(median(walls[1:]) * 1000),
        "cpu_ms": round_to(median(cpus[1:]) * 1000),
        "shapes": len(groups),
    }


def round_to(value: float) -> float:
    """To a hundredth."""
    return int(value * 100 + 0.5) / 100


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
