"""The line does what its faults are called."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from tests.embedded_server import Servers
from tests.tower.proxy import Line
from tests.until import until


@pytest.fixture
def line(servers: Servers) -> Iterator[Line]:
    """A line to this run's Postgres."""
    with closing(Line("test", servers.sockets / ".s.PGSQL.5432")) as line:
        yield line


def connect(line: Line, database: str) -> psycopg.Connection[tuple[object, ...]]:
    """A session on *database* through *line*."""
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    return psycopg.connect(
        host="127.0.0.1", port=line.port, user="postgres", dbname=name, sslmode="disable", connect_timeout=60
    )


def test_a_whole_line_carries_questions_and_answers(line: Line, database: str) -> None:
    with connect(line, database) as connection:
        answer = connection.execute("SELECT repeat('x', 300000)").fetchone()
    assert answer == ("x" * 300_000,)


def test_a_cut_line_hangs_up_and_lets_nobody_in_until_it_is_healed(line: Line, database: str) -> None:
    connection = connect(line, database)
    line.cut()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        connect(line, database)
    line.heal()
    connect(line, database).close()
    connection.close()


def test_a_lost_commit_was_obeyed(line: Line, database: str) -> None:
    with connect(line, database) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    connection = connect(line, database)
    connection.execute("INSERT INTO kept VALUES (1)")
    line.lose_answer(b"ROLLBACK", b"COMMIT")
    with pytest.raises(psycopg.OperationalError):
        connection.commit()
    with connect(line, database) as again:
        assert again.execute("SELECT number FROM kept").fetchall() == [(1,)]
    assert line.lost_answers == 1
    connection.close()


def test_any_lost_answer_is_lost_once(line: Line, database: str) -> None:
    connection = connect(line, database)
    line.lose_answer()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connect(line, database).close()
    assert line.lost_answers == 1
    connection.close()


def test_a_plugged_line_is_silent_and_carries_all_of_it_later(line: Line, database: str) -> None:
    with closing(connect(line, database)) as connection:
        connection.autocommit = True
        connection.execute("CREATE TABLE heard (number int)")
        line.plug()
        connection.pgconn.send_query(b"INSERT INTO heard VALUES (1)")
        connection.pgconn.flush()
        assert select.select([connection.fileno()], [], [], 0.3)[0] == []  # no answer, and nobody has hung up
        with psycopg.connect(database, autocommit=True) as direct:
            assert direct.execute("SELECT count(*) FROM heard").fetchone() == (0,)
            line.heal()
            until(lambda: direct.execute("SELECT count(*) FROM heard").fetchone() == (1,))


def test_a_server_that_is_down_ends_the_connection(tmp_path: Path) -> None:
    with (
        closing(Line("nowhere", tmp_path / "no.sock")) as line,
        socket.create_connection(("127.0.0.1", line.port), timeout=5) as client,
        suppress(ConnectionError),
    ):
        assert client.recv(1) == b""


def test_a_slow_line_takes_its_time_each_way(line: Line, database: str) -> None:
    with connect(line, database) as connection:
        line.slow_down(0.1)
        began = time.monotonic()
        connection.execute("SELECT 1")
        took = time.monotonic() - began
        line.heal()
    assert took >= 0.2
