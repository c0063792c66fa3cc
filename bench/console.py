"""What one look of `top` costs, screen by screen: statements, milliseconds of Postgres and of the polling thread.

1,000 workers; 10,000 jobs, of which 5,000 run and 4,000 wait in 50 shapes; services with 1,000 replicas; a claim log
and an audit of 100,000 rows, a million samples, and ten days of history. And the same with 100,000 jobs that wait. Each
list is looked at from its top, 100 rows of it, in its own order; that of jobs also by a filter, and in another order.
`postgres_ms` is the CPU that the connection's server process spends on a look, all of its transaction, `python_ms` that
of the process that looks, and `wall_ms` the median from BEGIN to COMMIT. Means of many looks, after the first few,
which plan. `trends`: one question, about 24 hours where nothing else is said. `history_ms`: what the leader's own row
costs Postgres, every 15 seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import median
from time import process_time

import psutil

from bench.commit import durable_postgres
from bench.rounds import round_to
from clusterctl.cli.display.job_rows import JOBS
from clusterctl.cli.display.listing import read_filter
from clusterctl.cluster import Cluster
from clusterctl.model.looks import Want
from clusterctl.settings import Settings
from clusterctl.store import history, leader
from clusterctl.store.connection import Database
from clusterctl.views import looks, trends

WORKERS, RUNNING, REPLICAS, SHAPES, ENDED, LOGGED = 1_000, 5_000, 1_000, 50, 1_000, 100_000
HOUR_S, DAY_S = 3600, 86_400
PLANNED = 5  # looks until every statement is prepared

FILL = """
    SET session_replication_role = replica;
    INSERT INTO workers (name, agent_id, cpu_milli, memory_mb, allocated_milli, used_milli, used_memory_mb, measured_at,
                         load1, agent_labels)
    SELECT 'w' || lpad(n::text, 4, '0'), gen_random_uuid(), 16000, 64000, 1000 * 5, 1000 + n % 700, 9000 + n % 300,
           cluster_time(), n % 16, '{{"zone": "b"}}' FROM generate_series(1, {workers}) n;
    INSERT INTO submissions (digest, spec, tenant, "user", first_job_id, jobs)
    VALUES ('', '{{"command": ["train.py", "--epochs", "10"]}}', 'default', '', 1, 1);
    INSERT INTO services (id, submission_id, name)
    SELECT n * 20 + 1, 1, 'web' || n FROM generate_series(0, {replicas} / 20 - 1) n;
    INSERT INTO jobs (id, submission_id, name, kind, tenant, cpu_milli, state, attempt, allocation_id, array_id,
                      array_index, time_limit_s, started_at)
    SELECT n, 1, 'job ' || n, CASE WHEN n <= {replicas} THEN 'service' ELSE 'batch' END, 't' || n % 10, 1000,
           'running', 1, n, CASE WHEN n <= {replicas} THEN (n - 1) / 20 * 20 + 1 END,
           CASE WHEN n <= {replicas} THEN (n - 1) % 20 END, CASE WHEN n > {replicas} THEN 3600 END, cluster_time()
      FROM generate_series(1, {running}) n;
    INSERT INTO allocations (id, job_id, attempt, worker_id, tenant, kind, cpu_milli, memory_mb, gpus, status, term,
                             incarnation, start_token, start_by, grace_s, margin_s, reserved_at, allocated_at, ready_at,
                             ran_generation)
    SELECT j.id, j.id, 1, 1 + j.id % {workers}, j.tenant, j.kind, j.cpu_milli, 0, 0, 'allocated', 0, 1,
           gen_random_uuid(), cluster_time(), 30, 60, cluster_time(), cluster_time() - interval '1 min',
           cluster_time(), 0
      FROM jobs j;
    INSERT INTO jobs (id, submission_id, name, tenant, cpu_milli, state, reason, attempt, finished_at)
    SELECT {running} + n, 1, 'job ' || n, 't' || n % 10, 1000, 'completed', 'exited', 1,
           cluster_time() - n * interval '0.5 s' FROM generate_series(1, {ended}) n;
    INSERT INTO jobs (id, submission_id, name, tenant, cpu_milli, priority, submitted_at)
    SELECT {running} + {ended} + n, 1, 'job ' || n, 't' || n % 10, 20000 + n % {shapes}, 50,
           cluster_time() - interval '1 d' + n * interval '0.1 s' FROM generate_series(1, {pending}) n;
    INSERT INTO claims (at, last_at, round, event, job_id, worker_id, allocation_id, policy, score, candidates, detail)
    SELECT cluster_time() - n * interval '0.1 s', cluster_time(), n, (ARRAY['Claimed', 'Released'])[1 + n % 2],
           1 + n % {running}, 1 + n % {workers}, 1 + n % {running}, 'pack', 1, 4, '{{"attempt": 1}}'
      FROM generate_series({logged}, 1, -1) n;
    INSERT INTO claims (at, round, event, job_id, shape, reason, reasons, repeats, open, detail)
    SELECT cluster_time(), 1, 'ClaimSkipped', min(id), shape,
           (ARRAY['fits_now', 'unsatisfiable', 'quota'])[1 + min(id) % 3],
           '{{"fits_now": 1000}}', 37, true, '{{"text": "no worker has 20 CPUs free"}}'
      FROM jobs WHERE ready GROUP BY shape;
    INSERT INTO audit (at, actor, verb, subject)
    SELECT cluster_time() - n / 4 * interval '1 min', 'ada', 'cancel', 'job:' || n FROM generate_series(1, {logged}) n;
    INSERT INTO samples (at, worker_id, used_milli, memory_mb, load1)
    SELECT cluster_time() - n / {workers} * interval '30 s', 1 + n % {workers}, 1000 + n % 700, 9000, 1
      FROM generate_series(1, {samples}) n;
    INSERT INTO samples (at, worker_id, allocation_id, used_milli, memory_mb)
    SELECT cluster_time() - n * interval '30 s', 1, 1, 500, 100 FROM generate_series(1, 2880) n;
    INSERT INTO history (at, span_s, pending, scheduled, running, held, cpu_total, cpu_reserved, cpu_allocated,
                         cpu_used, memory_total, memory_held, memory_used, workers_up, workers_silent, workers_lost,
                         claims, conflicts, completed, failed, cancelled, wait_p50_s, wait_p95_s)
    SELECT cluster_time() - n * interval '15 s', 15, n % 1000, 1, 5000, 0, 16000000, 0, 5000000, 3000000, 64000000, 0,
           9, 1000, 0, 0, n % 30, 0, n % 20, n % 3, 0, 3, 10 FROM generate_series(1, {history}) n;
    SET session_replication_role = origin;
"""
EMPTY = """
    SET session_replication_role = replica;
    TRUNCATE jobs, submissions, workers, allocations, dependencies, services, tenants, claims, rounds, audit, samples,
             history RESTART IDENTITY
"""
JOBS_ASKED = {
    "jobs": Want(screen="jobs"),
    "jobs by filter": Want(screen="jobs", filter=read_filter(JOBS, "state:pending name:*7 wait>1m")),
    "jobs by reason": Want(screen="jobs", filter=read_filter(JOBS, "reason:fits_now")),
    "jobs in order": Want(screen="jobs", sort=("-wait", "name")),
}
ASKED = {
    "overview": Want(screen="overview"),
    "workers": Want(screen="workers"),
    **JOBS_ASKED,
    "claims": Want(screen="claims"),
    "services": Want(screen="services"),
    "audit": Want(screen="audit"),
    "stuck": Want(screen="stuck"),
}


def measure(quick: bool) -> dict[str, object]:
    """By the number of jobs that wait."""
    long, times = (10_000, 10) if quick else (100_000, 100)
    with durable_postgres() as url:
        return {f"{pending}_wait": one_cluster(url, pending, times, quick=quick) for pending in (4_000, long)}


def one_cluster(url: str, pending: int, times: int, *, quick: bool) -> dict[str, object]:
    """Each look of it, each question, and the leader's row."""
    fill(url, pending, 10_000 if quick else 1_000_000)
    settings = Settings(database_url=url, redis_url="none")
    with Cluster(settings, name="top", statement_timeout="2s") as cluster:
        screens = {name: one_look(cluster, want, times) for name, want in ASKED.items()}
        names = [f"w{number:04}" for number in range(1, 51)]
        told = {
            "trend": lambda: trends.trend(cluster, DAY_S, 160),
            "worker": lambda: trends.worker_courses(cluster, names[:1], DAY_S, 160),
            "50 workers, an hour": lambda: trends.worker_courses(cluster, names, HOUR_S, 20),
            "attempt": lambda: trends.attempt_course(cluster, 1, DAY_S, 160),
        }
        questions = {name: spent(cluster.db, question, times)[0] for name, question in told.items()}
    return {"screens": screens, "trends": questions, "history_ms": recording(url, times)}


def fill(url: str, pending: int, samples: int) -> None:
    """Make that cluster."""
    with Database(url, name="bench") as db:
        db.script(EMPTY)
        filled = FILL.format(
            workers=WORKERS, running=RUNNING, replicas=REPLICAS, ended=ENDED, shapes=SHAPES, logged=LOGGED,
            pending=pending, samples=samples, history=10 * DAY_S // 15,
        )  # fmt: skip
        db.script(filled)
        for table in ("jobs", "allocations", "claims", "workers", "audit", "samples", "history"):
            db.run(f"VACUUM ANALYZE {table}")  # as autovacuum does


def one_look(cluster: Cluster, want: Want, times: int) -> dict[str, object]:
    """What it costs."""
    found = [looks.look(cluster, want) for _ in range(PLANNED)]
    postgres, python = spent(cluster.db, lambda: found.append(looks.look(cluster, want)), times)
    return {
        "statements": found[-1].statements,
        "postgres_ms": postgres,
        "python_ms": python,
        "wall_ms": round_to(median(each.took_ms for each in found[PLANNED:])),
    }


def recording(url: str, times: int) -> float:
    """Milliseconds of Postgres for a row of history."""
    with Database(url, name="schedd", enable_seqscan="off") as db:
        term = leader.take(db, leader.observe(db), "bench") or 0
        return spent(db, lambda: history.record(db, term, 0.001), times)[0]


def spent(db: Database, action: Callable[[], object], times: int) -> tuple[float, float]:
    """Milliseconds of CPU for one of so many: the server process's, and our own."""
    for _ in range(PLANNED):
        action()
    server = psutil.Process(db.value("SELECT pg_backend_pid()"))
    before, ours = server.cpu_times(), process_time()
    for _ in range(times):
        action()
    after, own = server.cpu_times(), process_time() - ours
    busy = after.user + after.system - before.user - before.system
    return round_to(busy / times * 1000), round_to(own / times * 1000)


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
