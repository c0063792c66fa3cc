"""A database with a long past and a long queue, and how many rows a call reads in it."""

# ruff: noqa: S608  # statements made by hand are the matter of this file

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from clusterctl.store.connection import Database

WAITING, SHAPES, WORKERS = 20_000, 20, 50
UUID = "00000000-0000-0000-0000-000000000000"


def past(finished: int) -> str:
    """Statements that make so many ended jobs, and what belongs to them."""
    return f"""
    SET session_replication_role = replica;
    INSERT INTO workers (name, agent_id, cpu_milli, memory_mb)
    SELECT 'w' || n, gen_random_uuid(), 64000, 64000 FROM generate_series(1, {WORKERS}) n;
    INSERT INTO submissions (key, digest, spec, tenant, "user", first_job_id, jobs)
    SELECT 'key ' || n, 'digest', '{{"command":["true"]}}', 'default', 'u' || n % 10, n * 4 - 3, 4
      FROM generate_series(1, {finished} / 4) n;
    INSERT INTO jobs (id, submission_id, cpu_milli, state, reason, attempt, submitted_at, finished_at, exit_code)
    SELECT n, (n + 3) / 4, 1000, CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'completed' END, 'exited', 1,
           now() - interval '90 d' + n * interval '30 s', now() - interval '90 d' + n * interval '30 s',
           (n % 10 = 0)::int
      FROM generate_series(1, {finished}) n;
    INSERT INTO allocations (job_id, attempt, worker_id, tenant, cpu_milli, memory_mb, gpus, status, term, incarnation,
                             start_token, start_by, lease_s, lost_after_s, grace_s, margin_s, allocated_at, released_at,
                             release_reason, exit_code)
    SELECT n, 1, 1 + n % {WORKERS}, 'default', 1000, 0, 0, 'released', 1, 1, '{UUID}', now(), 900, 990, 30, 60,
           now(), now() - interval '90 d' + n * interval '30 s', 'exited', (n % 10 = 0)::int
      FROM generate_series(1, {finished}) n;
    INSERT INTO claims (at, round, event, job_id)
    SELECT now() - interval '3 d', 1, 'Claimed', n FROM generate_series(1, {finished} / 2) n;
    INSERT INTO audit (at, actor, verb, subject)
    SELECT now() - interval '3 d' + n * interval '1 s', 'u', 'cancel', 'job:' || n
      FROM generate_series(1, {finished} / 4) n;
    INSERT INTO samples (worker_id, allocation_id, used_milli, memory_mb)
    SELECT 1, n, 1, 1 FROM generate_series(1, {finished} / 4) n;
    INSERT INTO dependencies SELECT n, n - 1, 'any' FROM generate_series(2, {finished} / 4) n;
    SELECT setval('job_ids', {finished});
    SET session_replication_role = origin;
"""


def present(finished: int) -> str:
    """After so many ended jobs: a long array of one shape, many short shapes, some that may run three at a time."""
    return f"""
    SET session_replication_role = replica;
    WITH submission AS (
        INSERT INTO submissions (digest, spec, tenant, "user", first_job_id, jobs)
        VALUES ('digest', '{{"command":["true"]}}', 'default', 'u', {finished} + 1, {WAITING}) RETURNING *
    )
    INSERT INTO jobs (id, submission_id, cpu_milli, priority, array_id, array_index, array_limit, not_before)
    SELECT first_job_id + n, id, 1000, CASE WHEN n % 4 = 0 THEN n % {SHAPES} ELSE 50 END, first_job_id, n,
           CASE WHEN n % {SHAPES} = 0 THEN 3 END, CASE WHEN n < 10 THEN now() - interval '1 s' END
      FROM submission, generate_series(0, jobs - 1) n;
    SELECT setval('job_ids', {finished} + {WAITING});
    SET session_replication_role = origin;
"""


FORGET_STATISTICS = """
    DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace);
    UPDATE pg_class SET relpages = 0, reltuples = -1, relallvisible = 0
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i');
"""


class _UndoneError(Exception):
    """Ends a transaction of which nothing shall stay."""


def rows_read(db: Database, call: Callable[[], object]) -> int:
    """How many rows *call* fetches from the big tables, by whatever way. What it changes is undone."""
    read = 0
    with suppress(_UndoneError), db.transaction():
        before = counted(db)
        call()
        read = counted(db) - before
        raise _UndoneError
    return read


def counted(db: Database) -> int:
    """Rows that this connection has fetched so far: by sequential scans, and by way of an index."""
    return int(
        db.value(
            """
            SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
             WHERE relname NOT IN ('workers', 'leader')  -- small: a scan is the best way
            """
        )
    )
