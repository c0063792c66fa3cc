"""A cluster that cannot be reached, or speaks another language, is told apart, within five seconds."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.store import jobs
from tests.console.conftest import Run
from tests.console.test_acting import aside, meanwhile
from tests.console.test_bad_input import assert_told
from tests.held_up import HeldUp
from tests.store.scene import Scene
from tests.until import until

LIMIT = 5.0  # seconds
COMMANDS = ["submit true", "jobs", "job 1", "cancel 1", "wait 1", "logs 1", "workers", "db status", "db migrate"]

# Whoever rests after a statement like that one is cut off.
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'clusterctl cli' AND state = 'idle' AND query LIKE %s
"""


@contextmanager
def listener(answer: bytes | None = None) -> Iterator[int]:
    """A port of this machine at which somebody listens who is no Postgres: silent, or with an answer."""
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            kept = []
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                kept.append(connection)
                if answer is not None:
                    connection.sendall(answer)
            for connection in kept:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("line", COMMANDS)
def test_nobody_at_the_port_is_an_outage(run: Run, line: str) -> None:
    said = run(*line.split())
    assert said.code == ExitCode.UNREACHABLE
    assert_told(said, "postgres unreachable")


@pytest.mark.parametrize("answer", [None, b"-ERR unknown command\r\n"], ids=["silent", "redis"])
def test_the_wrong_thing_at_the_port_is_an_outage_in_time(run: Run, answer: bytes | None) -> None:
    with listener(answer) as port:
        lost, began = HeldUp(), time.monotonic()
        said = run("--database-url", f"postgresql://me:s3cret@localhost:{port}/x", "submit", "true")
        took = time.monotonic() - began - lost.seconds
    assert said.code == ExitCode.UNREACHABLE
    assert_told(said, "postgres unreachable")
    assert took < LIMIT
    assert "s3cret" not in said.err


def test_status_tells_what_it_cannot_reach_and_ends_with_3(run: Run) -> None:
    said = run("status")
    assert said.code == ExitCode.UNREACHABLE
    assert "postgres unreachable" in said.out
    assert "clusterctl up" in said.err


def test_a_submit_without_redis_succeeds(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERCTL_REDIS_URL", "redis://127.0.0.1:1/0")
    said = run("submit", "true")
    assert (said.code, said.out) == (0, "Submitted job 1\n")
    assert run("status").code == ExitCode.UNREACHABLE


def test_an_empty_database_asks_for_a_migration(run: Run, scene: Scene) -> None:
    scene.db.script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    for line in ("submit true", "jobs", "db status", "status"):
        said = run(*line.split())
        assert said.code == ExitCode.SCHEMA, line
        assert "clusterctl db migrate" in said.err
    assert run("db", "migrate", "--dry-run").err.startswith("would apply 0001")
    migrated = run("db", "migrate")
    assert (migrated.code, migrated.out) == (0, "")
    assert migrated.err.startswith("applied 0001")
    assert run("db", "status").code == 0


def test_a_newer_database_asks_for_a_newer_program(run: Run, scene: Scene) -> None:
    scene.db.run("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, '9999_future', 'x')")
    said = run("submit", "true")
    assert said.code == ExitCode.SCHEMA
    assert_told(said, "9999")
    assert scene.db.value("SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize(
    "words, look", [(("wait",), "%GROUP BY%"), (("logs", "-f"), "%release_reason%")], ids=["wait", "logs"]
)
def test_what_waits_anyway_waits_an_outage_out(
    run: Run, scene: Scene, database: str, words: tuple[str, ...], look: str
) -> None:
    (job,) = scene.jobs()

    def cut_and_cancel() -> None:
        with aside(scene, database) as other:
            until(lambda: other.db.rows(CUT, look), what="the command to stand by, and be cut off")
            jobs.cancel(other.db, [job])

    thread = meanwhile(cut_and_cancel)
    said = run(*words, str(job))
    thread.join()
    assert "postgres unreachable" in said.err
    assert "still waiting" in said.err
    assert said.code != ExitCode.UNREACHABLE
