"""What the page on running it for real tells people to type does what it says: roles, Redis's user, a restore."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis as driver
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from clusterctl.live import Connection, WorkerBeat, bell, cache, heartbeats
from clusterctl.store.migrations import migrate
from tests.embedded_server import Servers
from tests.processes.console import CHECKOUT, Console
from tests.processes.place import Place, is_alive, open_gate
from tests.until import until

HOWTO = CHECKOUT / "docs" / "howto"


def told(page: str, language: str) -> list[str]:
    """The blocks of that language on a page."""
    text = (HOWTO / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def as_told(servers: Servers) -> Iterator[str]:
    """A database made as the page says, in the name of the role that daemons use."""
    roles, grants = told("run-it-for-real.md", "sql")
    name = "as_told"  # the page's own is there already: `up` calls it so
    assert roles.count("DATABASE clusterctl ") == 1
    roles = roles.replace("DATABASE clusterctl ", f"DATABASE {name} ")
    owner = make_conninfo(servers.database(name), user="clusterctl_owner")
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        for statement in filter(str.strip, roles.split(";")):
            admin.execute(statement.encode())
        try:
            migrate(owner)
            with psycopg.connect(owner) as session:
                session.execute(grants.encode())
            yield make_conninfo(owner, user="clusterctl")
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            admin.execute("DROP ROLE clusterctl_owner, clusterctl, clusterctl_reader")


def test_daemons_and_people_need_no_more_than_the_roles_that_the_page_gives_them(
    as_told: str, tmp_path: Path, redis_url: str, redis_prefix: str
) -> None:
    with closing(Place(tmp_path, as_told, redis_url, redis_prefix)) as place:
        schedd = place.schedd(statistics_every="1s")
        agent = place.agentd(sample_every="1s", sample_to_postgres_every="1s", beat_every="1s")
        jobs = place.submit("true", 10, retries=1)
        place.await_end(*jobs)
        console = Console(tmp_path / "home", CLUSTERCTL_DATABASE_URL=as_told, CLUSTERCTL_REDIS_URL=redis_url)
        for words in ("submit --wait true", "drain w1 --reason try", "resume w1 --reason done", "jobs", "cancel 1-3"):
            done = console.run(*words.split())
            assert "permission denied" not in done.stderr, words
        assert set(place.states(*jobs)) == {"completed"}
        schedd.tells("statistics:")
        until(lambda: place.cluster.db.value("SELECT count(*) FROM samples"), what="a sample")
        for daemon in (schedd, agent):
            assert "permission denied" not in daemon.text()
        with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(as_told) as session:
            session.execute("DROP TABLE claims")
        reader = make_conninfo(as_told, user="clusterctl_reader")
        with psycopg.connect(reader) as session:
            for view in ("v_queue", "v_workers", "v_usage"):
                session.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(view)))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("SELECT spec FROM submissions")


def test_the_user_that_the_page_makes_in_redis_may_do_all_that_we_do_and_nothing_else(redis_url: str) -> None:
    (rule,) = told("run-it-for-real.md", "redis")
    with driver.Redis.from_url(redis_url, protocol=2) as admin:
        assert admin.execute_command(*rule.split())
        try:
            redis = Connection(redis_url.replace("unix://", "unix://clusterctl:CHANGE-ME@"), "cc:")
            assert heartbeats.write(redis, WorkerBeat(name="w1", incarnation=1, at=1.0), ttl=60), redis.trouble
            assert heartbeats.read_all(redis).keys() == {"w1"}, redis.trouble
            assert heartbeats.ttls(redis, ["w1"]), redis.trouble
            assert heartbeats.forget_old(redis), redis.trouble
            assert cache.read(redis) is None
            assert heartbeats.remove(redis, "w1"), redis.trouble
            assert bell.wake(redis, bell.worker("w1")), redis.trouble
            assert redis.ping() > 0
            with driver.Redis.from_url(redis_url, protocol=2, username="clusterctl", password="CHANGE-ME") as client:
                for words in (("GET", "another"), ("FLUSHALL",), ("CONFIG", "GET", "*"), ("PUBLISH", "another", "x")):
                    with pytest.raises(driver.exceptions.NoPermissionError):
                        client.execute_command(*words)
            redis.close()
        finally:
            admin.execute_command("ACL", "DELUSER", "clusterctl")


def restored(database: str, admin_url: str, name: str) -> str:
    """The URL of a copy of *database* as it is now: what a dump of this moment will be restored to."""
    source = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{source}" ALLOW_CONNECTIONS false'.encode())
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [source])
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"'.encode())
        admin.execute(f'ALTER DATABASE "{source}" ALLOW_CONNECTIONS true'.encode())
    return make_conninfo(database, dbname=name)


AT_A_GATE = "echo $$ > pid-{0}; read line < gate-{0}; echo {0} >> ledger"


def starts(place: Place, name: str) -> int:
    """A job that writes its name into the ledger when its gate is opened; it is running."""
    gate = place.directory / f"gate-{name}"
    os.mkfifo(gate)
    (job,) = place.submit(AT_A_GATE.format(name))
    place.await_state("running", job)
    until((place.directory / f"pid-{name}").exists, what=f"the process of {name}")
    return job


def test_after_a_restore_jobs_end_as_the_page_says(place: Place, servers: Servers) -> None:
    daemons = [place.schedd(), place.agentd(beat_every="1s")]
    still_runs, has_ended = starts(place, "still-runs"), starts(place, "has-ended")
    url = restored(place.cluster.settings.database_url, servers.admin_url, f"restored_{os.getpid()}")
    place.cluster.close()
    open_gate(place.directory / "gate-has-ended")
    place.await_end(has_ended)
    started_since = starts(place, "started-since")
    stranger = int((place.directory / "pid-started-since").read_text())
    for daemon in daemons:
        daemon.kill()
    (jump,) = told("back-up.md", "sql")
    settings = place.cluster.settings
    try:
        with closing(Place(place.directory, url, settings.redis_url, settings.redis_prefix)) as after:
            after.cluster.db.script(jump)
            after.schedd(beat_every="1s", silent_after="3s")
            after.agentd(beat_every="1s", silent_after="3s")
            until(lambda: not is_alive(stranger), what="the job that nobody knows to be stopped")
            open_gate(place.directory / "gate-still-runs")
            after.await_end(still_runs)
            until(lambda: goes_through(place.directory / "gate-has-ended"), what="the second run")
            after.await_end(has_ended)
            assert after.states(still_runs, has_ended) == ["completed", "completed"]
            assert after.run("true") > started_since + 999_000
            ledger = (place.directory / "ledger").read_text().split()
            assert sorted(ledger) == ["has-ended", "has-ended", "still-runs"]
    finally:
        with psycopg.connect(servers.admin_url, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE restored_{os.getpid()} WITH (FORCE)")


def goes_through(gate: Path) -> bool:
    """Let whoever waits at *gate* through; False if nobody does."""
    try:
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
