"""Virtual time: for the database, and for the life of a daemon."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import RowFactory

from agentd.journal import boottime
from clusterctl.clock import Bell, VirtualClock, patience
from clusterctl.daemon import Rest
from clusterctl.model.errors import Moved, Outage
from clusterctl.store.connection import Ask, Database
from clusterctl.store.driver import Connection

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
LOCKED_OUT = "55P03"  # lock_not_available

T = TypeVar("T")


class VirtualTime(VirtualClock):
    """Also remembers which real moment was when: agents tell their supervisors of moments on CLOCK_BOOTTIME."""

    def __init__(self) -> None:
        super().__init__()
        self._real, self._virtual = [boottime()], [0.0]

    def wait(self, bell: Bell, seconds: float, sockets: Sequence[int] = ()) -> None:
        """Be later at once, and remember when that was."""
        super().wait(bell, seconds, sockets)
        self._real.append(boottime())
        self._virtual.append(self.seconds())

    def at(self, moment: float) -> float:
        """What this clock said when CLOCK_BOOTTIME said *moment*."""
        return self._virtual[max(0, bisect.bisect_right(self._real, moment) - 1)]


class Server:
    """What all connections have in common: Postgres's clock, ``ahead`` of ours, and whether it is ``away``.

    Whoever is not within a transaction lets go of its connection, for the next who has something to say: to dial, and
    to plan every statement anew, is what costs time. ``blocked`` is called when somebody waits in vain for a lock.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self.away = False
        self.blocked: Callable[[], None] = lambda: None
        self.said: dict[psycopg.Connection[Any], float] = {}  # which time each connection was told
        self._idle: dict[str, list[Connection]] = defaultdict(list)

    def take(self, options: str) -> Connection | None:
        """One that nobody uses; None if there is none."""
        while idle := self._idle[options]:
            if not (connection := idle.pop()).closed:
                return connection
        return None

    def give_back(self, options: str, connection: Connection) -> None:
        """What was not committed has not happened, from this very moment on."""
        if connection.closed:
            self.said.pop(connection, None)
        elif connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle[options].append(connection)
        else:  # somebody is still within its transaction, and will find out
            connection.pgconn.exec_(b"ROLLBACK")
            connection.close()
            self.said.pop(connection, None)

    def close(self) -> None:
        """Hang up everywhere."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()


class VirtualDatabase(Database):
    """A connection on which ``cluster_time()`` is the virtual clock, plus how much ahead the server has been set.

    With ``cut`` nobody answers. ``hazard`` is called before each statement and each COMMIT is sent, and after each
    commit: what it raises happens there, and what it lets happen meanwhile happens there too.
    """

    def __init__(self, url: str, clock: VirtualTime, server: Server, **options: str) -> None:
        super().__init__(
            url,
            name="virtual",
            answer_within=None,
            lock_timeout="50ms",
            plan_cache_mode="force_generic_plan",
            **options,
        )
        self.cut = False
        self.hazard: Callable[[str], None] | None = None
        self.asked = ""  # the last statement
        self._options = repr((url, sorted(options.items())))
        self._clock = clock
        self._server = server

    def connection(self) -> psycopg.Connection[Any]:
        """Told the time, whenever it has changed; a transaction keeps the time of its beginning."""
        if self.cut or self._server.away:
            self.close()
            raise Outage("postgres", "nobody answers")
        connection = super().connection()
        now = self._clock.seconds() + self._server.ahead
        said = self._server.said
        if said.get(connection) != now and connection.info.transaction_status == TransactionStatus.IDLE:
            moment = BEGINNING + timedelta(seconds=now)
            connection.pgconn.exec_(f"SET clusterctl.now = '{moment.isoformat()}'".encode())  # the driver takes longer
            said[connection] = now
        return connection

    @property
    def in_transaction(self) -> bool:
        """Whether it holds locks that others may want."""
        connection = self._connection
        return (
            connection is not None
            and not connection.closed
            and connection.info.transaction_status != TransactionStatus.IDLE
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As ever, and with hazards at its COMMIT."""
        with super().transaction():
            yield
            self._meet("before COMMIT")
        self.close()
        self._meet("after COMMIT")

    def together(self, *asks: Ask) -> list[list[tuple[Any, ...]]]:
        """One after the other, so that hazards can lie between them: others do get in between in Postgres too."""
        with self.transaction():
            return [self.rows(ask.sql, **ask.named) for ask in asks]

    def close(self) -> None:
        """Hang up; what was not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._server.give_back(self._options, connection)

    def _open(self) -> Connection:
        connection = self._server.take(self._options)
        if connection is None:
            connection = super()._open()
            connection.prepare_threshold = 0  # planned once, for all who will use it
        return connection

    def _execute(
        self, factory: RowFactory[T], sql: LiteralString, parameters: tuple[object, ...] | dict[str, object]
    ) -> psycopg.Cursor[T]:
        self.asked = sql
        self._meet("before")
        try:
            done = super()._execute(factory, sql, parameters)
        except Moved as moved:
            if isinstance(moved.__cause__, psycopg.Error) and moved.__cause__.sqlstate == LOCKED_OUT:
                self._server.blocked()
            raise
        if not self.in_transaction:
            self.close()
            self._meet("after")
        return done

    def _meet(self, place: str) -> None:
        if self.hazard is not None:
            self.hazard(place)


class Life:
    """What ``keep_running`` does, one cycle at a time, so that many daemons share one clock.

    ``stopped``: as by SIGSTOP. ``busy``: within a cycle. ``dead``: killed, though perhaps within a cycle.
    """

    def __init__(self, cycle: Callable[[], Rest], db: VirtualDatabase, clock: VirtualClock, every: float) -> None:
        self.db = db
        self.stopped = self.busy = self.dead = False
        self.wakes_at = clock.seconds()
        self._cycle = cycle
        self._clock = clock
        self._every = every
        self._outages = 0

    @property
    def can_live(self) -> bool:
        """Whether its next cycle may begin."""
        return not (self.stopped or self.busy or self.dead)

    def live(self) -> None:
        """One cycle, and the rest that it asks for."""
        self.busy = True
        try:
            rest = self._cycle()
        except Outage:
            seconds = patience(self._outages)
            self._outages += 1
        else:
            self._outages = 0
            seconds = (0.0 if rest else self._every) if isinstance(rest, bool) else rest
        finally:
            self.busy = False
        self.wakes_at = self._clock.seconds() + max(seconds, 0.001)

    def die(self) -> None:
        """As by kill -9: at once, also in the middle of a cycle."""
        self.dead = True
        self.db.hazard = None
        self.db.close()
