"""A large cluster in a private stack: 1,000 workers that are full and beat, 100,000 jobs that wait, 13,000 that run.

The cluster of ``rounds``, where each job that waits has been submitted by itself, as ``step-N``: one has a command, a
name and a submission of its own. One more asks for more than any worker has. No agents: a thread beats for all workers
at once, every five seconds, in Postgres and in Redis. A schedd leads, and looks at all of that in every round.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString, NamedTuple

from bench import stack
from bench.rounds import EMPTY, FILL, LIMITED, REPLICAS, TENANTS, WORKERS
from clusterctl import live
from clusterctl.live import heartbeats
from clusterctl.live.heartbeats import WorkerBeat
from clusterctl.model.resources import Resources
from clusterctl.store.connection import Database

BEAT_EVERY, BEAT_LASTS = 5.0, 60.0  # seconds
FIRST_WAITING = REPLICAS + LIMITED + 1
TOO_LARGE_MILLI = 64_000  # CPUs of the job that fits nowhere, in thousandths: a worker has 16
READY = """
    SET session_replication_role = replica;
    UPDATE allocations SET ready_at = allocated_at, was_ready = true, ran_generation = 0 WHERE kind = 'service';
    SET session_replication_role = origin"""
ASKED: LiteralString = """
    INSERT INTO submissions (digest, spec, tenant, "user", first_job_id, jobs)
    SELECT '', json_build_object('command', json_build_array('./step', '--seed', id::text), 'cwd', '/work'),
           't' || id %% %(tenants)s, 'ada', id, 1
      FROM generate_series(%(first)s, %(first)s + %(pending)s - 1) id"""
WAITING: LiteralString = """
    INSERT INTO jobs (id, submission_id, name, tenant, "user", cpu_milli, priority, time_limit_s, submitted_at)
    SELECT first_job_id, id, 'step-' || first_job_id, tenant, "user", 1000 * (1 + n %% 8), 40 + n %% 5,
           600 * (1 + n %% 3), cluster_time() - interval '1 d' + n * interval '1 ms'
      FROM submissions, LATERAL (SELECT first_job_id - %(first)s AS n) its WHERE first_job_id >= %(first)s"""
ONE_MORE: LiteralString = """
    INSERT INTO jobs (id, submission_id, name, tenant, "user", cpu_milli)
    SELECT max(id) + 1, max(submission_id), 'giant', 't1', 'ada', %s FROM jobs RETURNING id"""
BEAT: LiteralString = (
    "UPDATE workers SET beat = beat + 1, last_heartbeat_at = cluster_time(), measured_at = cluster_time()"
)


class LargeCluster(NamedTuple):
    """What is there. *middle*: a job in the middle of the queue; *giant*: one that fits nowhere."""

    running: stack.Running
    pending: int
    middle: int
    giant: int


@contextmanager
def living(running: stack.Running, pending: int) -> Iterator[LargeCluster]:
    """Fill the stack, which has no workers of its own, and beat for its workers until the end. What was there goes."""
    db = running.cluster.db
    db.script(EMPTY)
    db.script(FILL.format(workers=WORKERS, replicas=REPLICAS, limited=LIMITED, tenants=TENANTS, pending=0, waiting=0))
    db.script(READY)
    db.run(ASKED, tenants=TENANTS, first=FIRST_WAITING, pending=pending - 1)
    db.run(WAITING, first=FIRST_WAITING)
    giant = int(db.value(ONE_MORE, TOO_LARGE_MILLI))
    db.run("SELECT setval('job_ids', %s)", giant)
    vacuum(db)
    stop = threading.Event()
    beating = threading.Thread(target=beat, args=(running, stop), daemon=True)
    beating.start()
    try:
        yield LargeCluster(running, pending, FIRST_WAITING + pending // 2, giant)
    finally:
        stop.set()
        beating.join()


def vacuum(db: Database) -> None:
    """As autovacuum leaves the tables a minute later: one that begins while a round looks does not see what is new."""
    db.run("VACUUM (ANALYZE)")
    while not db.value("SELECT relallvisible > 0.9 * relpages FROM pg_class WHERE oid = 'jobs'::regclass"):
        db.run("VACUUM (ANALYZE) jobs")


def beat(running: stack.Running, stop: threading.Event) -> None:
    """For all workers, until told to stop."""
    settings = running.cluster.settings
    redis = live.Connection(settings.redis_url, settings.redis_prefix)
    with Database(settings.database_url, name="bench") as db:
        while True:
            db.run(BEAT)
            for number in range(1, WORKERS + 1):
                name = f"w{number:04d}"
                heartbeats.write(
                    redis, WorkerBeat(name=name, incarnation=1, at=time.time(), capacity=Resources(16000)), BEAT_LASTS
                )
            if stop.wait(BEAT_EVERY):
                break
    redis.close()
