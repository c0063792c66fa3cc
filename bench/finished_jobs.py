"""Finished jobs by the million, as the product would have left them: written by SQL, past its laws."""

from __future__ import annotations

# ruff: noqa: S608  # only numbers of our own stand in these statements
from clusterctl.store.connection import Database

DAYS = 14  # that the past took, evenly
ARRAY = 100  # jobs of one submission
TENANTS, USERS, SIZES = 8, 5, 4
KEPT_DAYS = 7  # of the claim log and the samples, as their settings say
# Of a finished job, from its number n: one in 33 was retried, one in ten did not complete.
ENDED = f"""
    SELECT n, (n - 1) / {ARRAY} + 1 AS submission, 1 + (n %% 33 = 0)::int AS attempt,
           CASE n %% 100 WHEN 0 THEN 'timeout' WHEN 1 THEN 'cancelled'
                ELSE CASE WHEN n %% 100 < 10 THEN 'failed' ELSE 'completed' END END AS state,
           CASE n %% 100 WHEN 0 THEN 'time_limit' WHEN 1 THEN 'cancelled' ELSE 'exited' END AS reason,
           now() - interval '1 h' - (%(count)s - n) * interval '{DAYS} d' / %(count)s AS at
      FROM generate_series(1, %(count)s::int) n"""
SUBMISSIONS = f"""
    INSERT INTO submissions (digest, spec, tenant, "user", first_job_id, jobs, submitted_at)
    SELECT md5(n::text), '{{"command":["/bin/true"],"cwd":"/tmp"}}', 's' || n %% {TENANTS}, 'user' || n %% {USERS},
           n * {ARRAY} + 1, {ARRAY}, at - interval '1 m'
      FROM generate_series(0, %(count)s::int / {ARRAY} - 1) n
     CROSS JOIN LATERAL (
           SELECT now() - interval '1 h' - (%(count)s - n * {ARRAY}) * interval '{DAYS} d' / %(count)s AS at) a"""
JOBS = f"""
    INSERT INTO jobs (id, submission_id, tenant, "user", cpu_milli, array_id, array_index, retries, state, reason,
                      attempt, failures, submitted_at, scheduled_at, started_at, finished_at, exit_code)
    SELECT n, submission, 's' || (submission - 1) %% {TENANTS}, 'user' || (submission - 1) %% {USERS},
           1000 * (1 + submission %% {SIZES}), n - (n - 1) %% {ARRAY}, (n - 1) %% {ARRAY}, attempt - 1, state, reason,
           attempt, attempt - 1, at - interval '1 m', at - interval '10 s', at - interval '9 s', at,
           (state <> 'completed')::int
      FROM ({ENDED}) e"""
ALLOCATIONS = f"""
    INSERT INTO allocations (job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, status, term, incarnation,
                             start_token, start_by, lease_s, lost_after_s, grace_s, margin_s, reserved_at, allocated_at,
                             released_at, release_reason, exit_code, cpu_s, memory_peak_mb)
    SELECT n, t, 1, 's' || (submission - 1) %% {TENANTS}, 1000, 0, 0, 'released', 1, 1, md5((n / 50)::text)::uuid, at,
           900, 990, 30, 60, at - interval '10 s', at - interval '9 s', at, reason, (state <> 'completed')::int, 0.001,
           2
      FROM ({ENDED}) e CROSS JOIN LATERAL generate_series(1, attempt) t"""
CLAIMS = f"""
    INSERT INTO claims (at, last_at, round, event, job_id, worker_id, allocation_id, policy, score, candidates, reason,
                        duration_ms, detail)
    SELECT said.at, said.at, round, event, job_id, 1, id, policy, 0.5, 1, why, 4.5,
           CASE event WHEN 'Claimed' THEN '{{}}'::jsonb ELSE '{{"attempt": 1, "exit_code": 0, "ran_s": 0.003}}' END
      FROM allocations
     CROSS JOIN LATERAL (VALUES ('Claimed', reserved_at, id / 50, 'pack', NULL),
                                ('Released', released_at, NULL, NULL, release_reason))
                        said(event, at, round, policy, why)
     WHERE released_at > now() - interval '{KEPT_DAYS} d'"""
SAMPLES = f"""
    INSERT INTO samples (at, worker_id, used_milli, memory_mb, load1)
    SELECT now() - n * interval '30 s', 1, 900, 300, 1.0 FROM generate_series(1, {KEPT_DAYS} * 2880) n"""


def seed(db: Database, count: int) -> None:
    """Make jobs 1 to *count* in a database without any, with all that belongs to them, in arrays of several tenants.

    It is left as autovacuum would have left it. Two million take a minute or two.
    """
    if not count:
        return
    db.run("SET statement_timeout = 0")
    with db.transaction():
        db.run("SET LOCAL session_replication_role = replica")  # the laws know no job that is born finished
        db.run("SET LOCAL synchronous_commit = off")
        for statement in (SUBMISSIONS, JOBS, ALLOCATIONS):
            db.run(statement, count=count)
        db.run(CLAIMS)
        db.run(SAMPLES)
        db.value("SELECT setval('job_ids', %s)", count)
    db.script("VACUUM (ANALYZE)")
    db.script("CHECKPOINT")
    db.run("RESET statement_timeout")
