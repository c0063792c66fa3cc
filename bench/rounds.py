"""What a whole round costs: the look, the decision, and the claim log, on a real Postgres.

1,000 workers, full; 100,000 jobs wait that cannot fit, of 600 shapes; 5,000 replicas run, and 8,000 jobs with a time
limit; 50 tenants, some with quotas. Before each round a fifth of the workers beat, with other measures, as they do in a
second. First nothing else changes; then so many jobs have ended since the round before, and as
many are given what came free; then replicas wait too, by the policy for services. ``first_ms`` is a leader's first
round, which remembers nothing. Milliseconds of wall time, the median of many rounds, and the CPU that schedd itself
spends on one.
"""

from __future__ import annotations

import json
from statistics import median
from time import perf_counter, process_time
from typing import LiteralString, get_args

from bench.commit import durable_postgres, schedd
from clusterctl.model import states
from clusterctl.model.claim_log import refusal
from clusterctl.model.orders import End
from clusterctl.model.steering import Policy
from clusterctl.scheduling.words import in_words
from clusterctl.settings import Settings
from clusterctl.store import claims, leader, releases
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory
from schedd import round
from schedd.round import Outcome

WORKERS, REPLICAS, LIMITED, TENANTS = 1_000, 5_000, 8_000, 50
CHANGES = ((1, 15), (100, 9), (1000, 3))  # jobs that end, and how often

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
    SELECT setval('allocations_id_seq', {replicas} + {limited});
    UPDATE workers w SET holds_digest = h.digest
      FROM (SELECT worker_id, bit_xor(holding_digest(id, ends_by)) AS digest FROM allocations GROUP BY worker_id) h
     WHERE h.worker_id = w.id;
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
# Spread over the workers, as jobs end.
RUNNING = """
    SELECT id, start_token::text FROM allocations WHERE live AND kind = 'batch' AND NOT reserved
     ORDER BY id %% 8, id LIMIT %s
"""

BEATS: LiteralString = """
    UPDATE workers SET beat = beat + 1, last_heartbeat_at = cluster_time(), used_milli = 1000 + (id + beat) %% 700,
           measured_at = cluster_time() WHERE id %% 5 = %s
"""


def measure(quick: bool) -> dict[str, object]:
    """Milliseconds of a round: while no replica waits, after changes, and by policy while 5,000 wait."""
    pending, rounds = (10_000, 5) if quick else (100_000, 40)
    policies: tuple[Policy, ...] = ("slo",) if quick else get_args(Policy)
    with durable_postgres() as url, Database(url, name="bench") as db:
        fill(db, pending, 0)
        with Leader(url, Settings()) as leading:
            nothing = leading.idle(db, rounds)
            changed = {str(jobs): leading.after(db, jobs, times) for jobs, times in CHANGES}
        return {
            "workers": WORKERS,
            "pending": pending,
            "replicas": REPLICAS,
            "limited": LIMITED,
            "nothing_changes": nothing,
            "jobs_changed": changed,
            "replicas_wait": {
                policy: while_replicas_wait(url, db, pending, policy, rounds // 4) for policy in policies
            },
        }


def while_replicas_wait(url: str, db: Database, pending: int, policy: Policy, rounds: int) -> dict[str, object]:
    """The same cluster with as many replicas in its queue as run on it."""
    fill(db, pending, REPLICAS)
    with Leader(url, Settings(service_placement=policy)) as leading:
        return leading.idle(db, rounds)


def fill(db: Database, pending: int, waiting: int) -> None:
    """Let the cluster be as the module says, with so many jobs and replicas that wait."""
    db.script(EMPTY)
    db.script(
        FILL.format(
            workers=WORKERS, replicas=REPLICAS, limited=LIMITED, tenants=TENANTS, pending=pending, waiting=waiting
        )
    )


class Leader:
    """A schedd that does nothing but hold rounds. ``_runs``: wall and CPU of each, in milliseconds."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._db = schedd(url)
        self._settings = settings
        self._term = leader.take(self._db, leader.observe(self._db), "bench") or 0
        self._memory = Memory()
        self._number = 0
        self._runs: list[tuple[float, float]] = []
        done = self._round()
        groups = {group.shape: group for group in done.picture.queue}
        said = [refusal(wait, in_words(wait, groups[wait.shape], done.picture)) for wait in done.decided.waits]
        claims.log_said(self._db, 1, said)
        self._first, self._shapes = self._runs[0][0], len(groups)

    def __enter__(self) -> Leader:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def idle(self, db: Database, rounds: int) -> dict[str, object]:
        """So many rounds in which nothing has changed."""
        self._runs.clear()
        for number in range(rounds):
            db.run(BEATS, number % 5)
            assert not self._round().placed
        return {**self._told(), "first_ms": round_to(self._first), "shapes": self._shapes}

    def after(self, db: Database, jobs: int, times: int) -> dict[str, object]:
        """So many times a round after so many jobs have ended."""
        self._runs.clear()
        placed = []
        for number in range(times):
            db.run(BEATS, number % 5)
            ended = releases.end(db, "bench", [end(*row) for row in db.rows(RUNNING, jobs)])
            assert len(ended) == jobs
            placed.append(self._round().placed.total())
        return {**self._told(), "placed": median(placed)}

    def _told(self) -> dict[str, object]:
        walls, cpus = zip(*self._runs, strict=True)
        return {
            "round_ms": round_to(median(walls)),
            "cpu_ms": round_to(median(cpus)),
            "runs_round_ms": [round_to(wall) for wall in walls],
        }

    def _round(self) -> Outcome:
        self._number += 1
        wall, cpu = perf_counter(), process_time()
        done = round.run(
            self._db,
            self._settings,
            self._term,
            self._number,
            wake=lambda _: None,
            may_go_on=lambda: True,
            memory=self._memory,
        )
        self._runs.append(((perf_counter() - wall) * 1000, (process_time() - cpu) * 1000))
        return done


def end(allocation_id: int, token: str) -> End:
    """A report of success."""
    return End(allocation_id=allocation_id, start_token=token, outcome=states.Outcome.EXITED, exit_code=0)


def round_to(value: float) -> float:
    """To a hundredth."""
    return int(value * 100 + 0.5) / 100


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
