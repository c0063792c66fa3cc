"""``claims -f`` and ``audit -f`` as real processes: what is new, until somebody has seen enough."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from clusterctl.store import audit, claims
from clusterctl.store.connection import Database
from tests.processes.console import CHECKOUT, PROGRAM, Console
from tests.until import until

PATIENCE = 60.0  # seconds

# Whoever follows claims, and rests after a look, is cut off. Postgres shows no more than the beginning of a query.
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'clusterctl cli' AND state = 'idle'
       AND query LIKE '%replicas AS MATERIALIZED%' AND state_change < clock_timestamp() - interval '0.1 s'
"""


class Follower:
    """A command that goes on, and the lines that it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = Thread(target=self._read)
        self._reader.start()

    def says(self, count: int) -> list[str]:
        """Its first lines, once there are so many."""
        until(lambda: len(self.lines) >= count, PATIENCE, f"line {count} of what follows")
        return self.lines[:count]

    def end(self, with_signal: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Stop it; its exit code, and what it said on stderr."""
        self.process.send_signal(with_signal)
        code = self.process.wait(PATIENCE)
        self._reader.join()
        assert self.process.stderr
        return code, self.process.stderr.read()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    """A connection."""
    with Database(database, name="test") as db:
        yield db


@pytest.fixture
def console(database: str, tmp_path: Path) -> Console:
    """A user of that database."""
    more = {"CLUSTERCTL_DATABASE_URL": database, "CLUSTERCTL_REDIS_URL": "none", "CLUSTERCTL_DOOR": "none"}
    return Console(tmp_path / "home", **more)


@contextmanager
def started(console: Console, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command whose output is a pipe; killed in the end, if it still lives."""
    with subprocess.Popen(
        [*PROGRAM, *words],
        env=console.env,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_claims_are_told_as_they_come_until_ctrl_c(console: Console, db: Database) -> None:
    claims.log_conflicts(db, 1, [(1, 1)])
    with started(console, "claims", "-f", "-o", "jsonl") as process:
        follower = Follower(process)
        follower.says(1)
        claims.log_conflicts(db, 2, [(2, 1), (3, 1)])
        assert [json.loads(line)["job_id"] for line in follower.says(3)] == [1, 2, 3]
        assert follower.end() == (130, "")


def test_on_a_pipe_the_header_stands_once(console: Console, db: Database) -> None:
    with started(console, "audit", "--follow") as process:
        follower = Follower(process)
        follower.says(1)
        for number in (1, 2):
            audit.note(db, "ada", "cancel", [f"job:{number}"], "")
        header, *rows = follower.says(3)
        assert header.startswith("id\tat\tactor")
        assert [row.split("\t")[4] for row in rows] == ["job:1", "job:2"]
        assert follower.end(signal.SIGTERM) == (143, "")


def test_a_reader_that_has_seen_enough_is_not_followed_any_longer(console: Console, db: Database) -> None:
    claims.log_conflicts(db, 1, [(1, 1)])
    with started(console, "claims", "-f", "-o", "ids") as process:
        assert process.stdout
        assert process.stdout.readline() == "1\n"
        process.stdout.close()  # as `head -1` does; nothing new will come
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_what_was_written_during_an_outage_is_told_after_it(console: Console, db: Database) -> None:
    with started(console, "claims", "-f", "-o", "ids") as process:
        follower = Follower(process)
        until(lambda: db.rows(CUT), PATIENCE, "the command to follow, and be cut off")
        claims.log_conflicts(db, 1, [(1, 1), (2, 1)])
        assert follower.says(2) == ["1", "2"]
        code, said = follower.end()
        assert code == 130
        assert "still waiting" in said
