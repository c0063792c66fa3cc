"""One throwaway Postgres and Valkey for a whole test run, and a migrated database to clone for each test.

The process that leads the run (pytest alone, or xdist's controller) names a directory; whichever process first needs a
server starts it there, and all others find it: that is what ``clusterctl.embedded`` is for. The leader cleans up.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psycopg

from clusterctl.embedded import identity, postgres, record, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.roster import Roster
from clusterctl.store.migrations import migrate
from tests.until import until

DIRECTORY = "CLUSTERCTL_TEST_SERVERS"
PREFIX = "clusterctl-tests"
TEMPLATE = "clusterctl_template"


class Servers(NamedTuple):
    """Where the run's servers answer. ``database(name)`` is the URL of one of Postgres's databases."""

    admin_url: str
    redis_url: str
    sockets: Path

    def database(self, name: str) -> str:
        """The URL of the database called *name*."""
        return postgres.url(self.sockets, name)


def announce() -> Path:
    """Name the directory of this run's servers, for this process and its children; bury what killed runs left."""
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for leftover in parent.glob(f"{PREFIX}-*"):
        _, pid, since = leftover.name.rsplit("-", 2)
        if not identity.is_running(int(pid), int(since)):
            bury(leftover)
    path = parent / f"{PREFIX}-{os.getpid()}-{identity.started(os.getpid())}"
    os.environ[DIRECTORY] = str(path)
    return path


def bury(path: Path) -> None:
    """Stop the servers in *path*, and remove it. What another user's run left is left to them."""
    with suppress(Exception):
        stack.down(path)
        shutil.rmtree(path)


def servers() -> Servers:
    """This run's servers, started if nobody has needed them so far, with the template database in place."""
    directory = StateDirectory.create(Path(os.environ[DIRECTORY]))
    with directory.locked():
        roster = Roster(directory, record.read(directory) or record.Stack())
        stack.run_servers(roster, connections=400, durable=False)
        found = postgres.find(directory)
        assert found is not None
        answer = Servers(postgres.url(found.sockets, "postgres"), roster.stack.redis_url, found.sockets)
        _make_template(answer)
    return answer


def _look_durable(server: Servers) -> None:
    """Let the doctor find no fault with it: in memory, what is synced at once costs nothing."""
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(psycopg.sql.SQL("ALTER SYSTEM SET {} = on").format(psycopg.sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
        until(lambda: connection.execute("SHOW fsync").fetchone() == ("on",), what="Postgres to read its settings anew")


def _make_template(server: Servers) -> None:
    """Migrated under another name, then renamed: a half-made template is never cloned."""
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            return
        _look_durable(server)
        connection.execute("DROP DATABASE IF EXISTS unfinished WITH (FORCE)")
        connection.execute("CREATE DATABASE unfinished")
        migrate(server.database("unfinished"))
        connection.execute("VACUUM")
        connection.execute(f"ALTER DATABASE unfinished RENAME TO {TEMPLATE}")
