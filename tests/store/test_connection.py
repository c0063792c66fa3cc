"""The border: what the driver says becomes what the product says, and a lost connection is opened again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from clusterctl.model.errors import Moved, Outage, Slow
from clusterctl.store.connection import CONNECT_TIMEOUT, Database
from tests.line import Line
from tests.store.conftest import Connect
from tests.store.scene import Scene


@contextmanager
def server_that_says(answer: bytes) -> Iterator[int]:
    """A TCP server that takes one connection after another, says *answer* to each, and hangs up; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.recv(1024)
                    client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1:1/x",
        "postgresql://postgres@/x?host=/nowhere",
        "postgresql://no.such.host.invalid/x",
        "postgresql://127.0.0.1:99999/x",
        "postgresql://[half",
        "nonsense",
        "dbname=x host=/nowhere port=",
    ],
)
def test_a_server_that_cannot_be_reached_is_an_outage(url: str) -> None:
    with pytest.raises(Outage) as caught:
        Database(url).value("SELECT 1")
    assert caught.value.what == "postgres"
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 64, b"E\xff\xff\xff\xff", b"N\xfe\xff", b"SSH-2.0-x\r\n"],
)
def test_a_server_that_is_no_postgres_is_an_outage(answer: bytes) -> None:
    with server_that_says(answer) as port, pytest.raises(Outage):
        Database(f"postgresql://127.0.0.1:{port}/x").value("SELECT 1")


def test_a_server_that_says_nothing_is_given_up_within_the_timeout() -> None:
    assert CONNECT_TIMEOUT < 5  # the command line answers within five seconds
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Outage, match="time"):
        Database(f"postgresql://127.0.0.1:{mute.getsockname()[1]}/x?connect_timeout=2").value("SELECT 1")


def test_a_database_that_is_not_there_is_an_outage(database: str) -> None:
    with pytest.raises(Outage, match="does not exist"):
        Database(database.replace("/t_", "/gone_")).value("SELECT 1")


def test_a_connection_that_was_cut_is_an_outage_once_and_then_opened_again(db: Database, connect: Connect) -> None:
    killer = connect()
    for _ in range(2):
        pid = db.value("SELECT pg_backend_pid()")
        killer.run("SELECT pg_terminate_backend(%s, 5000)", pid)
        with pytest.raises(Outage):
            db.value("SELECT 1")
        assert db.value("SELECT pg_backend_pid()") != pid


def test_a_transaction_that_was_cut_is_an_outage_and_nothing_of_it_stays(scene: Scene, connect: Connect) -> None:
    cut = connect()
    with pytest.raises(Outage), cut.transaction():  # noqa: PT012  # all of it is the transaction
        cut.run("UPDATE leader SET holder = 'half'")
        scene.db.run("SELECT pg_terminate_backend(%s, 5000)", cut.connection().info.backend_pid)
        cut.run("UPDATE leader SET holder = 'whole'")
    assert cut.value("SELECT holder FROM leader") == "scene"


def test_a_transaction_that_is_cut_before_its_commit_is_an_outage(scene: Scene, connect: Connect) -> None:
    cut = connect()
    with pytest.raises(Outage), cut.transaction():  # noqa: PT012  # all of it is the transaction
        cut.run("UPDATE leader SET holder = 'half'")
        scene.db.run("SELECT pg_terminate_backend(%s, 5000)", cut.connection().info.backend_pid)
    assert cut.value("SELECT holder FROM leader") == "scene"


def test_anothers_lock_is_waited_for_only_so_long_and_then_the_world_has_moved(db: Database, connect: Connect) -> None:
    holder, hasty = connect(), connect(lock_timeout="50")
    with holder.transaction():
        holder.run("UPDATE leader SET holder = 'me'")
        with pytest.raises(Moved):
            hasty.run("UPDATE leader SET holder = 'you'")
        with pytest.raises(Moved), hasty.transaction():
            hasty.run("UPDATE leader SET holder = 'you'")
    assert hasty.run("UPDATE leader SET holder = 'you'") == 1


def test_a_statement_that_takes_too_long_says_that_the_server_is_up_but_slow(connect: Connect) -> None:
    hasty = connect(statement_timeout="50")
    pid = hasty.value("SELECT pg_backend_pid()")
    with pytest.raises(Slow, match="postgres is up, but slow: canceling statement"):
        hasty.value("SELECT pg_sleep(5)")
    with pytest.raises(Slow), hasty.transaction():
        hasty.value("SELECT pg_sleep(5)")
    assert hasty.value("SELECT pg_backend_pid()") == pid  # to dial again would make it slower still


def test_a_bug_stays_a_bug(db: Database) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        db.value("SELECT 1 / 0")
    assert db.value("SELECT 1") == 1


def test_a_closed_connection_opens_when_it_is_used(db: Database) -> None:
    assert db.value("SELECT 1") == 1
    db.close()
    db.close()
    assert db.value("SELECT 1") == 1


def test_connecting_is_put_off_until_it_is_needed(tmp_path: Path) -> None:
    with Database(f"postgresql://postgres@/x?host={tmp_path}"):
        pass


def test_a_server_that_says_nothing_is_an_outage_and_is_asked_anew(db: Database) -> None:
    hasty = Database(db.url, answer_within=2.0)
    with pytest.raises(Outage, match="no answer"):
        hasty.run("SELECT pg_sleep(60)")
    assert hasty.value("SELECT 1") == 1
    hasty.close()


def test_an_answer_may_take_long_while_the_server_lets_others_in(db: Database) -> None:
    assert db.value("SELECT pg_sleep(3), 'done'") == ""
    assert db.value("SELECT 1") == 1


def test_a_server_that_hangs_is_an_outage_though_nobody_hung_up(db: Database, tmp_path: Path) -> None:
    with Line(db.url, tmp_path) as line, Database(line.url) as hanging:
        assert hanging.value("SELECT 1") == 1
        line.fall_silent()
        with pytest.raises(Outage, match="no answer"):
            hanging.value("SELECT 1")


def test_all_that_is_read_at_one_moment_is_of_that_moment(scene: Scene, connect: Connect) -> None:
    other = connect()
    before = scene.db.value("SELECT extract(epoch FROM cluster_time())::float8")
    with scene.db.one_moment() as now:
        assert before <= now
        Scene(other).jobs(3)
        assert scene.db.value("SELECT count(*) FROM jobs") == 0
    assert scene.db.value("SELECT count(*) FROM jobs") == 3
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), scene.db.one_moment():
        scene.jobs()
