"""A day is drawn out of a month: a million rows of history and of samples, of which only that day's are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest

from clusterctl.cluster import Cluster
from clusterctl.settings import Settings
from clusterctl.store import history, leader
from clusterctl.store.connection import Database
from clusterctl.store.console import trends as stored
from clusterctl.views import trends
from tests.embedded_server import TEMPLATE, Servers
from tests.store.costs import cpu_seconds
from tests.store.crowd import rows_read

DAY_S = 86_400
TIMES = 25  # the clock of processor time ticks in hundredths of a second

PAST = """
    SET session_replication_role = replica;
    INSERT INTO workers (name, agent_id, cpu_milli, memory_mb)
    SELECT 'w' || n, gen_random_uuid(), 64000, 64000 FROM generate_series(1, 100) n;
    INSERT INTO history (at, span_s, pending, scheduled, running, held, cpu_total, cpu_reserved, cpu_allocated,
                         memory_total, memory_held, workers_up, workers_silent, workers_lost, claims, conflicts,
                         completed, failed, cancelled)
    SELECT now() - n * interval '15 s', 15, n % 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      FROM generate_series(0, 999999) n;
    INSERT INTO samples (at, worker_id, allocation_id, used_milli, memory_mb)
    SELECT now() - n / 100 * interval '30 s', 1 + n % 100, CASE WHEN n % 1000 = 7 THEN 7 END, 1000, 100
      FROM generate_series(0, 999999) n;
    SET session_replication_role = origin;
"""


@pytest.fixture(scope="module")
def month(servers: Servers) -> Iterator[Cluster]:
    """Such a cluster. Postgres knows nothing of how large its tables are: nobody has analysed them yet."""
    name = f"month_{os.getpid()}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        with Database(servers.database(name)) as filling:
            filling.script(PAST)
        with Cluster(Settings(database_url=servers.database(name), redis_url="none"), name="top questions") as cluster:
            yield cluster
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def the_cluster(cluster: Cluster) -> None:
    """What a trend is made of; the view puts it into one transaction, which cannot be part of another."""
    at = stored.points(cluster.db, DAY_S, 160, every_s=15)
    for part in (stored.series, stored.losses, stored.deeds):
        part(cluster.db, at)


QUESTIONS: dict[str, tuple[Callable[[Cluster], object], int]] = {  # with the rows that are needed to answer it
    "the cluster": (the_cluster, 2 * DAY_S // 15),  # for the series, and for losses
    "a worker": (lambda cluster: trends.worker_courses(cluster, ["w9"], DAY_S, 160), DAY_S // 30),
    "40 workers, an hour": (
        lambda cluster: trends.worker_courses(cluster, [f"w{n}" for n in range(1, 41)], 3600, 20),
        40 * 3600 // 30,
    ),
    "an attempt": (lambda cluster: trends.attempt_course(cluster, 7, DAY_S, 160), DAY_S // 300),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_of_a_million_rows_only_those_of_the_span_are_read(month: Cluster, name: str) -> None:
    question, needed = QUESTIONS[name]
    assert 0 < rows_read(month.db, lambda: question(month)) < 1.3 * needed + 100


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_day_costs_postgres_no_more_than_twenty_milliseconds(month: Cluster, name: str) -> None:
    question, _ = QUESTIONS[name]
    question(month)
    spent = cpu_seconds(month.db, lambda: [question(month) for _ in range(TIMES)]) / TIMES
    assert spent < 0.020


def test_to_write_history_nobody_reads_it(month: Cluster) -> None:
    term = leader.take(month.db, leader.observe(month.db), "a leader") or 0
    month.db.run("SELECT set_config('clusterctl.now', (now() + interval '1 h')::text, false)")
    month.db.run("SET enable_seqscan = off")  # as schedd's connection has it
    assert rows_read(month.db, lambda: history.record(month.db, term, 15)) < 20
    month.db.run("SELECT set_config('clusterctl.now', '', false)")
