"""Postgres itself: how safe it is, who keeps it busy, and what it should have forgotten."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from clusterctl import views
from clusterctl.cluster import Cluster
from clusterctl.doctor.clock_skew import ClockSkew
from clusterctl.doctor.long_transaction import LongTransaction
from clusterctl.model.findings import Finding
from clusterctl.settings import Settings
from clusterctl.store import server
from clusterctl.store.connection import Database
from tests import private_servers
from tests.doctor.ward import Ward


@pytest.fixture(scope="module")
def throwaway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Postgres that syncs nothing, lets twenty in, and has no schema of ours."""
    roster = private_servers.started_in(tmp_path_factory.mktemp("own"))
    try:
        yield roster.stack.database_url
    finally:
        for role in ("postgres", "valkey"):
            private_servers.kill(private_servers.server(roster, role))


def look(url: str, *codes: str) -> list[Finding]:
    """What is wrong there, of *codes*."""
    with Cluster(Settings(database_url=url, redis_url="none")) as cluster:
        return list(views.findings(cluster, codes).findings)


def test_a_server_that_syncs_nothing_can_lose_what_it_has_acknowledged(throwaway: str) -> None:
    (finding,) = look(throwaway, "durability_off")
    assert (finding.subject, finding.severity) == ("cluster", "critical")
    assert finding.evidence == {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    assert "with fsync, full_page_writes, synchronous_commit off" in finding.sentence
    with psycopg.connect(throwaway, autocommit=True) as connection:
        for part in finding.fix.command.split(";"):
            if part.strip():
                connection.execute(part.encode())
    assert look(throwaway, "durability_off") == [], "by what it says one should type"


def test_commits_that_are_not_waited_for_are_found_where_only_our_database_has_them(ward: Ward) -> None:
    name = ward.db.value("SELECT current_database()")
    ward.db.script(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    ward.db.close()
    finding = ward.sole("durability_off")
    assert finding.severity == "critical"
    assert "can forget jobs whose submit was answered" in finding.sentence


def test_what_one_commit_alone_does_not_wait_for_is_no_fault(ward: Ward) -> None:
    ward.db.run("SET synchronous_commit = off")
    ward.healthy()


def test_a_server_that_will_soon_let_nobody_in_is_named_with_who_holds_it(throwaway: str) -> None:
    with Database(throwaway) as db, ExitStack() as others:
        most = server.crowd(db).most
        assert most == 17, "twenty, of which three are for superusers"
        for _ in range(13):
            others.enter_context(psycopg.connect(throwaway, application_name="theirs"))
        assert look(throwaway, "connections_low") == [], "fifteen, with us and who asked first"
        others.enter_context(psycopg.connect(throwaway, application_name="theirs"))
        (finding,) = look(throwaway, "connections_low")
    assert (finding.severity, finding.evidence["most"]) == ("warning", 17)
    assert finding.evidence["by_application"]["theirs"] == 14
    assert "14 of theirs" in finding.sentence


def test_a_transaction_that_somebody_forgot_is_named_with_his_last_words(ward: Ward) -> None:
    with psycopg.connect(ward.db.url, application_name="\x1b[31mforgetful") as other:
        other.execute("SELECT 'the last word'")
        assert server.long_transactions(ward.db, 300) == []
        (found,) = server.long_transactions(ward.db, 0)
        assert (found.pid, found.statement) == (other.info.backend_pid, "SELECT 'the last word'")
        assert found.state == "idle in transaction"
        other.rollback()
        assert server.long_transactions(ward.db, 0) == [], "without a transaction nobody is in the way"


def test_it_is_a_finding_once_it_has_lasted(ward: Ward) -> None:
    with psycopg.connect(ward.db.url, application_name="forgetful") as other:
        other.execute("SELECT 1")
        (finding,) = LongTransaction(patience=0).look(ward.cluster)
        assert isinstance(finding, Finding)
        assert "forgetful (pid " in finding.sentence
        assert finding.fix.command == f"psql -c 'SELECT pg_terminate_backend({other.info.backend_pid})'"
        assert ward.findings("long_transaction") == []


def test_sessions_that_we_may_not_look_into_are_said(ward: Ward) -> None:
    name = f"poor_{ward.db.value('SELECT current_database()')}"
    ward.db.script(f'CREATE ROLE "{name}" LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{name}"')
    try:
        url = ward.db.url.replace("//postgres@", f"//{name}@")
        with Cluster(Settings(database_url=url, redis_url="none")) as cluster:
            notes = views.findings(cluster, ["long_transaction"]).notes
        assert any("sessions of other roles in Postgres were not looked at" in note for note in notes)
    finally:
        ward.db.script(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


def test_what_should_have_been_pruned_is_counted_by_kind(ward: Ward) -> None:
    worker = ward.worker()
    ward.finish(worker, ward.jobs()[0])
    ward.db.run("INSERT INTO audit (actor, verb, subject) VALUES ('ann', 'drain', 'worker:w1')")
    ward.db.run("INSERT INTO samples (worker_id, used_milli, memory_mb) VALUES (1, 1, 1), (1, 1, 1)")
    ward.later(8 * 86_400 - 60)
    ward.decide()
    assert ward.findings("retention_behind") == [], "the pruner has a day"
    ward.later(120)
    (finding,) = ward.findings("retention_behind")
    assert finding.evidence["samples"]["rows"] == 2
    assert "jobs" not in finding.evidence, "they are kept for 30 days"
    ward.later(25 * 86_400)
    (finding,) = ward.findings("retention_behind")
    assert finding.evidence["jobs"]["rows"] == 1
    assert finding.fix.command.startswith("clusterctl prune --")
    assert {"--jobs", "--samples"} <= set(finding.fix.command.split())
    ward.later(60 * 86_400)
    (finding,) = ward.findings("retention_behind")
    assert finding.evidence["audit"]["rows"] == 1
    assert "should have been pruned a day ago and more" in finding.sentence


def test_only_attempts_that_are_not_their_jobs_last_should_be_gone(ward: Ward) -> None:
    worker = ward.worker()
    (job,) = ward.jobs(retries=1)
    ward.finish(worker, job, code=1)
    ward.db.run("UPDATE jobs SET not_before = NULL")
    ward.finish(worker, job)
    ward.later(9 * 86_400)
    (finding,) = ward.findings("retention_behind")
    assert finding.evidence["allocations"]["rows"] == 1


def test_the_clock_of_this_machine_is_compared_with_the_servers_own(ward: Ward) -> None:
    ward.later(3600)
    assert ward.findings("clock_skew") == [], "what a test calls the time is no clock"


def test_a_machine_whose_clock_is_wrong_is_named(ward: Ward) -> None:
    (finding,) = ClockSkew(lambda: 1e9).look(ward.cluster)
    assert isinstance(finding, Finding)
    assert (finding.subject, finding.severity) == ("cluster", "warning")
    assert f"the clock of this machine ({socket.gethostname()}) is" in finding.sentence
    assert "behind Postgres's" in finding.sentence
    assert finding.evidence["ahead_s"] < -5e8
    (finding,) = ClockSkew(lambda: 4e9).look(ward.cluster)
    assert isinstance(finding, Finding)
    assert "ahead of Postgres's" in finding.sentence
