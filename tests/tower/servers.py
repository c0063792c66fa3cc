"""The tower's own Postgres, which must not forget, and its own Valkey, which may."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import redis

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.embedded import identity, postgres, valkey
from clusterctl.embedded.directory import StateDirectory
from clusterctl.model.states import AdminState
from clusterctl.settings import Settings
from clusterctl.store.migrations import migrate
from tests.tower.daemons import signal_all

CONNECTIONS = 100
CLOCK = """
CREATE OR REPLACE FUNCTION cluster_time() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('clusterctl.now', true), '')::timestamptz, now() + interval '{} s')
$$
"""


class Servers:
    """Both servers in *directory*, started and migrated. Not proxied: these are the tower's own hands and eyes."""

    def __init__(self, directory: Path, prefix: str) -> None:
        self.prefix = prefix
        self._directory = StateDirectory.create(directory)
        self.start_postgres()
        self.start_valkey()
        migrate(self.url)

    @property
    def url(self) -> str:
        """Of Postgres."""
        return postgres.url(self._directory.sockets())

    @property
    def postgres_socket(self) -> Path:
        """Where lines to Postgres end."""
        return self._directory.sockets() / f".s.PGSQL.{postgres.PORT}"

    @property
    def valkey_socket(self) -> Path:
        """Where lines to Valkey end."""
        return self._directory.sockets() / valkey.SOCKET

    def start_postgres(self) -> None:
        """Start it if it does not run; it replays its journal first."""
        postgres.start(self._directory, connections=CONNECTIONS, durable=True)

    def start_valkey(self) -> None:
        """Start it if it does not run."""
        valkey.start(self._directory)

    def crash_postgres(self, number: signal.Signals) -> None:
        """SIGQUIT is its "immediate" stop; SIGKILL ends the postmaster alone, and the others notice."""
        self._end(postgres.living(self._directory), number)

    def kill_backend(self, name: str) -> None:
        """SIGKILL one backend of a client called like *name*: Postgres throws everybody out and recovers."""
        pids = self.ask("SELECT pid FROM pg_stat_activity WHERE application_name LIKE %s", f"%{name}")
        signal_all([pid for (pid,) in pids[:1]], signal.SIGKILL)

    def kill_valkey(self) -> None:
        """SIGKILL."""
        self._end(valkey.living(self._directory), signal.SIGKILL)

    def signal_valkey(self, number: signal.Signals) -> None:
        """Stop it, or let it go on."""
        if pid := valkey.living(self._directory):
            os.kill(pid, number)

    def move_clock(self, seconds: float) -> None:
        """Make the cluster's one clock differ from Postgres's own by *seconds*, from now on."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(CLOCK.format(round(seconds, 3)).encode())

    def resume_drained(self) -> list[str]:
        """Let workers work again that have drained themselves, as an operator would; their names."""
        drained = [name for (name,) in self.ask("SELECT name FROM workers WHERE admin_state = 'draining'")]
        if drained:
            with Cluster(Settings(database_url=self.url, redis_url="none"), caller="tower") as cluster:
                operations.administer(cluster, drained, AdminState.OPEN, reason="the fault is over")
        return drained

    def redis(self) -> redis.Redis:
        """A connection to Valkey; close it."""
        return redis.Redis(unix_socket_path=str(self.valkey_socket), socket_timeout=5)

    def ask(self, question: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
        """Postgres's answer. Raises psycopg.Error."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(question, parameters or None).fetchall()

    def look(self, question: LiteralString) -> Any:
        """The first column of Postgres's answer; None if it gives none now."""
        with suppress(psycopg.Error):
            return self.ask(question)[0][0]
        return None

    def close(self) -> None:
        """Stop both."""
        self.signal_valkey(signal.SIGCONT)
        self.kill_valkey()
        self._end(postgres.living(self._directory), signal.SIGINT)
        for leftover in self._directory.sockets().iterdir():  # of those that were killed
            leftover.unlink()
        self._directory.leave_sockets()

    def _end(self, pid: int | None, number: signal.Signals) -> None:
        since = identity.started(pid) if pid else None
        if pid and since is not None:
            identity.send(pid, since, number)
            identity.await_ends([(pid, since)], 30)
