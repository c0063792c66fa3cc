"""Virtual time: for the database, and for the life of a daemon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from clusterctl.clock import VirtualClock
from clusterctl.daemon import Rest, patience
from clusterctl.model.errors import Outage
from clusterctl.store.connection import Database

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualDatabase(Database):
    """A connection on which ``cluster_time()`` is the virtual clock, plus how much ``ahead`` it has been set."""

    def __init__(self, url: str, clock: VirtualClock, **options: str) -> None:
        super().__init__(url, name="virtual", **options)
        self.ahead = 0.0
        self._clock = clock
        self._said: tuple[object, float] | None = None

    def connection(self) -> psycopg.Connection[Any]:
        """Told the time, whenever it has changed; a transaction keeps the time of its beginning."""
        connection = super().connection()
        now = (connection, self._clock.seconds() + self.ahead)
        if now != self._said and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            moment = BEGINNING + timedelta(seconds=now[1])
            connection.execute("SELECT set_config('clusterctl.now', %s, false)", [moment.isoformat()])
            self._said = now
        return connection


class Life:
    """What ``keep_running`` does, one cycle at a time, so that many daemons share one clock."""

    def __init__(self, cycle: Callable[[], Rest], db: VirtualDatabase, clock: VirtualClock, every: float) -> None:
        self.db = db
        self.stopped = False  # as by SIGSTOP
        self.wakes_at = clock.seconds()
        self._cycle = cycle
        self._clock = clock
        self._every = every
        self._outages = 0

    def live(self) -> None:
        """One cycle, and the rest that it asks for."""
        try:
            rest = self._cycle()
        except Outage:
            seconds = patience(self._outages)
            self._outages += 1
        else:
            self._outages = 0
            seconds = (0.0 if rest else self._every) if isinstance(rest, bool) else rest
        self.wakes_at = self._clock.seconds() + max(seconds, 0.001)
