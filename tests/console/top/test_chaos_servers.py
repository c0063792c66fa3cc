"""Postgres and Redis stop, hang and come back under a console that is open: it stays, says so, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from clusterctl.embedded import stack
from clusterctl.embedded.record import Process
from clusterctl.store.connection import Database
from clusterctl.store.migrations import migrate
from tests.console.top.terminal import console
from tests.private_servers import kill, server, started_in
from tests.store.scene import Scene
from tests.until import until


class Servers:
    """A Postgres and a Valkey that a test may treat badly."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.roster = started_in(path)
        self.database_url, self.redis_url = self.roster.stack.database_url, self.roster.stack.redis_url

    def process(self, role: str) -> Process:
        """The one in that role now."""
        return server(started_in(self.path), role)  # type: ignore[arg-type]  # postgres or valkey

    def stop(self, role: str) -> None:
        """As a crash does."""
        kill(self.process(role))

    def start(self) -> None:
        """What is missing."""
        started_in(self.path)

    def freeze(self, role: str, frozen: ExitStack) -> None:
        """It hangs, and closes nothing, until *frozen* is left."""
        parent = psutil.Process(self.process(role).pid)
        parent.suspend()  # first: it forks no more
        for process in (parent, *parent.children(recursive=True)):
            process.suspend()
            frozen.callback(process.resume)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """With a schema, and a worker on record."""
    found = Servers(tmp_path / "servers")
    try:
        migrate(found.database_url)
        with Database(found.database_url, name="test") as db:
            Scene(db).worker("w1")
        yield found
    finally:
        stack.down(found.path)


def test_it_outlives_its_postgres_and_shows_old_data_as_old_until_it_is_back(servers: Servers, tmp_path: Path) -> None:
    with console(
        "--screen", "workers", database_url=servers.database_url, redis_url=servers.redis_url, state_dir=str(tmp_path)
    ) as terminal:
        terminal.shows("LIVE", "w1")
        servers.stop("postgres")
        lines = terminal.shows("STALE", "pg down", "Postgres:", "r retry now", "actions disabled", "w1")
        assert "redis down" not in lines[0]
        servers.start()
        terminal.shows("LIVE", "w1")
        terminal.hides("pg down", "actions disabled")


def test_it_outlives_its_redis_and_says_so_beside_a_live_postgres(servers: Servers, tmp_path: Path) -> None:
    with console(
        "--screen", "workers", database_url=servers.database_url, redis_url=servers.redis_url, state_dir=str(tmp_path)
    ) as terminal:
        terminal.shows("LIVE", "w1")
        servers.stop("valkey")
        terminal.shows("LIVE", "redis down", "w1")
        servers.start()
        terminal.hides("redis down")
        terminal.shows("LIVE")


def test_a_postgres_that_hangs_makes_the_picture_stale_and_keys_still_work(servers: Servers, tmp_path: Path) -> None:
    with (
        ExitStack() as frozen,
        console(
            "--screen", "workers", database_url=servers.database_url, redis_url=servers.redis_url,
            state_dir=str(tmp_path),
        ) as terminal,
    ):  # fmt: skip
        terminal.shows("LIVE", "w1")
        servers.freeze("postgres", frozen)
        terminal.shows("STALE")
        terminal.press("?")
        terminal.shows("Help")
        terminal.press("\x1b")
        terminal.hides("Help")
        before = terminal.cpu_s()
        terminal.shows("pg down")
        assert terminal.cpu_s() - before < 10.0  # it waits for an answer, and does not spin
        frozen.close()
        terminal.shows("LIVE")
        terminal.press("q")
        assert terminal.ends() == 0


def test_it_starts_without_any_server_says_what_to_do_and_finds_the_cluster_of_an_up_that_begins_later(
    tmp_path: Path,
) -> None:
    with console("--screen", "workers", state_dir=str(tmp_path / "state")) as terminal:
        terminal.shows("NOT CONNECTED", "clusterctl up")
        found = Servers(tmp_path / "state")
        try:
            migrate(found.database_url)
            terminal.shows("LIVE")
        finally:
            stack.down(found.path)


def test_a_database_without_our_schema_is_waited_out(tmp_path: Path) -> None:
    found = Servers(tmp_path / "servers")
    try:
        with console(
            database_url=found.database_url, redis_url=found.redis_url, state_dir=str(tmp_path)
        ) as terminal:  # fmt: skip
            terminal.shows("pg refuses", "clusterctl db migrate")
            migrate(found.database_url)
            terminal.shows("LIVE")
    finally:
        stack.down(found.path)


def test_it_is_drawn_in_every_size_and_after_every_change_of_size(servers: Servers, tmp_path: Path) -> None:
    with console(
        "--screen", "workers", size=(160, 48), database_url=servers.database_url, redis_url=servers.redis_url,
        state_dir=str(tmp_path),
    ) as terminal:  # fmt: skip
        terminal.shows("LIVE", "w1", "every 0.5s")
        for columns, rows, words in (
            (60, 16, ["w1"]),
            (40, 10, ["terminal 40x10, needs 60x16"]),
            (160, 48, ["w1"]),
            (80, 24, ["w1"]),
        ):
            terminal.resize(columns, rows)
            lines = terminal.shows(*words, "LIVE" if columns > 40 else "terminal")
            assert len(lines) == rows
        assert until(lambda: terminal.process.poll() is None)
