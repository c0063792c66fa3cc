"""What cannot be looked at is said, and the rest is looked at; what a mend cannot write, it says too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, cast

import psycopg
import pytest
import redis

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.doctor import examination
from clusterctl.doctor.registry import BY_CODE, CHECKS
from clusterctl.model.errors import BadInput, SchemaMismatch
from clusterctl.model.findings import FindingCounts, Server
from clusterctl.settings import Settings
from clusterctl.store import bell
from clusterctl.store.connection import Database
from tests.doctor.ward import Ward
from tests.embedded_server import Servers
from tests.until import until


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Somebody holds *table* for himself."""
    with psycopg.connect(url) as other:
        other.execute(psycopg.sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(psycopg.sql.Identifier(table)))
        yield


def test_a_table_that_somebody_holds_costs_only_the_checks_that_read_it(ward: Ward, database: str) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.later(70)
    ward.db.run("SET lock_timeout = '100ms'")
    with locked(database, "samples"):
        found = views.findings(ward.cluster)
    assert [finding.code for finding in found.findings] == ["reserved_expired"]
    assert [each.code for each in found.unchecked] == ["schema_drift", "allocated_no_process", "retention_behind"]


def test_a_mend_that_meets_a_lock_is_refused_and_changes_nothing(ward: Ward, database: str) -> None:
    ward.reserve(ward.worker(), ward.jobs())
    ward.later(70)
    finding = ward.sole("reserved_expired")
    ward.db.run("SET lock_timeout = '100ms'")
    with locked(database, "jobs"):
        (mended,) = operations.mend(ward.cluster, [finding], reason="")
    assert mended.fate == "changed"
    assert ward.state(1) == "scheduled"
    assert ward.db.value("SELECT count(*) FROM audit") == 0


def test_postgres_that_goes_away_during_a_mend_is_said_of_each(ward: Ward, servers: Servers) -> None:
    ward.reserve(ward.worker(), ward.jobs(2))
    ward.later(70)
    found = ward.findings()
    name = psycopg.conninfo.conninfo_to_dict(ward.db.url)["dbname"]
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
        outcomes = operations.mend(ward.cluster, found, reason="")
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert [mended.fate for mended in outcomes] == ["refused", "refused"]
    assert all("postgres unreachable" in mended.sentence for mended in outcomes)


def test_without_postgres_every_check_is_named_in_time() -> None:
    with Cluster(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing", redis_url="none")) as cluster:
        found = views.findings(cluster)
    expected = [check.code for check in CHECKS if "redis" not in check.needs]
    assert [each.code for each in found.unchecked] == expected


def test_with_another_schema_only_what_reads_no_rows_is_looked_at(database: str) -> None:
    with Cluster(Settings(database_url=database, redis_url="none")) as cluster:
        cluster.db.run("DELETE FROM schema_migrations")
        found = views.findings(cluster)
        assert [finding.code for finding in found.findings] == ["schema_behind"]
        expected = [check.code for check in CHECKS if check.reads_rows and "redis" not in check.needs]
        assert [each.code for each in found.unchecked] == expected
        assert {each.reason for each in found.unchecked} == {
            "the database's schema is at version 0, this program needs 3"
        }
        with pytest.raises(SchemaMismatch):
            views.status(cluster)


def test_a_table_that_is_gone_costs_only_the_checks_that_read_it(ward: Ward) -> None:
    ward.db.script("DROP TABLE samples")
    found = views.findings(ward.cluster)
    (finding,) = found.findings
    assert (finding.code, finding.evidence["missing"][-1]) == ("schema_drift", "table samples")
    assert [each.code for each in found.unchecked] == ["allocated_no_process", "retention_behind"]
    assert all("samples" in each.reason for each in found.unchecked)


def test_what_is_cheap_is_counted_as_it_is_found(ward: Ward) -> None:
    ward.reserve(ward.worker("w1"), ward.jobs())
    ward.later(70)
    ward.run(ward.worker("w2"), ward.jobs())
    ward.by_hand("UPDATE workers SET allocated_milli = 5000 WHERE name = 'w1'")
    assert examination.count(ward.cluster) == FindingCounts(critical=1, warning=1)


def test_two_doctors_at_once_mend_each_thing_once(ward: Ward) -> None:
    ward.reserve(ward.worker(), ward.jobs(8))
    ward.db.run("UPDATE leader SET decided_at = now() + interval '1 h', renewed_at = now() + interval '1 h'")
    ward.by_hand("UPDATE allocations SET start_by = now() - interval '1 min'")
    found = ward.findings()
    fates: list[list[str]] = []

    def doctor() -> None:
        with Cluster(ward.cluster.settings) as cluster:
            outcomes = operations.mend(cluster, found, reason="")
            fates.append([mended.fate for mended in outcomes])

    threads = [threading.Thread(target=doctor) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert until(lambda: len(fates) == 3)
    for each in zip(*fates, strict=True):
        assert sorted(each) == ["changed", "changed", "done"]
    assert ward.db.value("SELECT count(*) FROM audit") == 8
    ward.check()


def test_whom_a_mend_concerns_is_woken(ward: Ward, redis_url: str) -> None:
    worker = ward.worker()
    ward.run(worker, ward.jobs())
    ward.by_hand("UPDATE jobs SET state = 'failed', allocation_id = NULL, finished_at = now(), reason = 'by hand'")
    with (
        closing(redis.Redis.from_url(redis_url)) as client,
        closing(cast(Any, client).pubsub()) as line,
        Database(ward.db.url, listen=bell.SCHEDD) as schedd,
    ):
        line.subscribe(ward.cluster.redis.key("wake:worker:w1"))
        assert until(lambda: line.get_message(timeout=1.0), what="to be subscribed")["type"] == "subscribe"
        schedd.silence()
        assert ward.mend(ward.sole("alloc_on_terminal_job")).fate == "done"
        assert until(lambda: line.get_message(timeout=1.0), what="the agent to be woken")["type"] == "message"
        until(lambda: schedd.value("SELECT 1") and schedd.rang, what="schedd to be woken")


def test_a_finding_that_cannot_be_mended_says_so_when_asked(ward: Ward) -> None:
    ward.run(ward.worker(), ward.jobs())
    ward.silence(20)
    mended = ward.mend(ward.sole("dead_worker_jobs"))
    assert mended.fate == "refused"
    assert ward.db.value("SELECT count(*) FROM audit") == 0


def test_a_database_full_of_contradictions_is_shown_in_part(ward: Ward) -> None:
    ward.jobs(600)
    ward.by_hand("UPDATE jobs SET submission_id = 99")
    found = views.findings(ward.cluster, ["invariant_broken"])
    assert len(found.findings) == 500
    assert found.notes == ("100 more rows contradict a promise, and are not shown",)


@pytest.mark.parametrize("word", ["job", "job:-1", "jobs:1", "job:1 ", "allocation:x", "worker:", "everything", ""])
def test_a_word_that_means_nothing_is_refused(ward: Ward, word: str) -> None:
    with pytest.raises(BadInput):
        views.findings(ward.cluster, [word])


def test_every_check_says_what_it_means_and_what_it_needs() -> None:
    servers: set[Server] = {"postgres", "redis", "this machine"}
    for check in CHECKS:
        assert check.meaning.endswith(".")
        assert set(check.needs) <= servers
        assert (type(check).mend is not type(CHECKS[-1]).mend) == bool(check.cure), check.code
    assert len(BY_CODE) == len(CHECKS) == 36
