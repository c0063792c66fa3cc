"""One held connection to Postgres, and the border at which driver errors become our own.

The driver is imported when a connection is first opened: it takes longer than a command that asks through the door.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, Self, TypeVar

from clusterctl.model.errors import Moved, Outage, Refused, SchemaMismatch, Slow, Superseded

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import RowFactory

    from clusterctl.store.driver import Connection

T = TypeVar("T")

CONNECT_TIMEOUT = 3  # seconds; the command line promises an answer within five
PROBE_TIMEOUT = 2  # seconds, the least that libpq takes
PREPARE_AFTER = 2  # daemons repeat few statements: plan each once
# For a statement that is its own transaction and reads FROM it: its commit does not wait for the disk. Cheaper than a
# setting of the session, and what the same session commits otherwise stays durable.
LAZILY: LiteralString = "commit AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"

# The world moved: refused by a law of 0002, or by another's lock. Nothing was done, and looking again helps.
OLD_INCARNATION = "CC004"
OUTDATED = {"CC002", "CC003", "CC005", "40001", "40P01", "55P03"}
OVER_QUOTA = "CC007"
MANY_WAIT = "`clusterctl jobs --state pending` lists what waits"
OVERBOOKED = "_not_oversubscribed"  # how the CHECKs are called that keep a worker from being promised twice
# The server answered, but not with the tables that we know.
UNKNOWN_SCHEMA = {"42P01", "42703", "42883", "3F000"}
GIVEN_UP = "57014"  # our statement_timeout, or somebody's pg_cancel_backend: the answer of a server that lives
SEE_WHY = "pg_stat_activity shows what it is busy with, and who waits for whose lock"


class Ask(NamedTuple):
    """A statement that has yet to be sent, with what it names."""

    sql: LiteralString
    named: dict[str, object]


class Database:
    """A connection that is opened when first used, and again after an outage.

    Every statement is its own transaction unless inside ``transaction()``. Not for several threads at once. With
    *listen*, what is notified on that channel makes its socket readable, or, while statements run, ``rang`` true.
    A server that has said nothing for *answer_within* seconds is away (Outage); without it, the server is away when it
    does not let another connection in either, so a statement may take as long as it takes.
    """

    def __init__(
        self, url: str, *, name: str = "", listen: str = "", answer_within: float | None = None, **options: str
    ) -> None:
        self.url = url
        self._answer_within = answer_within
        self.rang = False  # since ``silence`` was last called
        self.before_commit: Callable[[], object] = lambda: None  # raises what keeps a transaction from being committed
        self._channel = listen
        self._arguments: dict[str, Any] = {
            "autocommit": True,
            "prepare_threshold": PREPARE_AFTER,
            "connect_timeout": CONNECT_TIMEOUT,
            "application_name": f"clusterctl {name}".strip(),
            "options": " ".join(f"-c {key}={value}" for key, value in options.items()),
            "tcp_user_timeout": 5000,
            "keepalives_idle": 5,
        }
        self._connection: Connection | None = None

    def rows(self, sql: LiteralString, *args: object, **named: object) -> list[tuple[Any, ...]]:
        """All rows, as tuples."""
        return self._tuples(sql, args or named).fetchall()

    def row(self, sql: LiteralString, *args: object, **named: object) -> tuple[Any, ...] | None:
        """The first row, or None."""
        return self._tuples(sql, args or named).fetchone()

    def value(self, sql: LiteralString, *args: object, **named: object) -> Any:
        """The first column of the first row, or None."""
        from psycopg.rows import scalar_row  # noqa: PLC0415 - see above

        return self._execute(scalar_row, sql, args or named).fetchone()

    def nouns(self, noun: type[T], sql: LiteralString, *args: object, **named: object) -> list[T]:
        """All rows, each as a *noun* whose fields are the columns."""
        from psycopg.rows import class_row  # noqa: PLC0415 - see above

        return self._execute(class_row(noun), sql, args or named).fetchall()

    def run(self, sql: LiteralString, *args: object, **named: object) -> int:
        """For its effect; how many rows it touched."""
        return self._tuples(sql, args or named).rowcount

    def script(self, sql: str) -> None:
        """Several statements at once, as they stand in a migration's file."""
        with self._told():
            self.connection().execute(sql.encode())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A COMMIT whose answer is lost is an Outage: repeat, every transition is safe to repeat."""
        with self._told(), self.connection().transaction():
            yield
            self.before_commit()

    def together(self, *asks: Ask) -> list[list[tuple[Any, ...]]]:
        """The rows of each, in one transaction and one round trip (the *pipeline mode* of libpq). Not in a transaction.

        All or nothing, as by ``transaction``; and as Postgres waits for no further word of ours to commit, a process
        that is stopped or cut off on the way keeps no locks.
        """
        with self._told():
            connection = self.connection()
            try:
                with connection.pipeline():
                    try:
                        cursors = [connection.execute(ask.sql, ask.named) for ask in asks]
                    except BaseException:
                        self.close()  # else leaving would commit what is on its way already
                        raise
            except BaseException:
                self.close()  # what was to be planned behind an error was not, and the driver would believe it was
                raise
            return [cursor.fetchall() for cursor in cursors]

    @contextmanager
    def one_moment(self) -> Iterator[float]:
        """Let several reads see the same: all is as it was at this moment, in seconds by ``cluster_time()``.

        Only to read, and not within a transaction. It locks nothing, and nothing that writes waits for it.
        """
        with self.transaction():
            self.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield float(self.value("SELECT extract(epoch FROM cluster_time())::float8"))

    def connection(self) -> psycopg.Connection[Any]:
        """The open connection; raises Outage if Postgres does not let us in."""
        import psycopg  # noqa: PLC0415 - see above

        if self._connection is None or self._connection.closed:
            try:
                self._connection = self._open()
            except psycopg.ProgrammingError as error:
                raise Outage("postgres", one_line(error), "database_url cannot be read") from error
            except psycopg.Error as error:
                raise Outage("postgres", one_line(error), "is it up? `clusterctl up`, or see database_url") from error
        return self._connection

    def sockets(self) -> tuple[int, ...]:
        """The descriptor that is readable when something was notified; none while not connected."""
        connection = self._connection
        return () if connection is None or connection.closed else (connection.fileno(),)

    def silence(self) -> None:
        """Forget what was notified so far: one is about to look. Call it outside of any transaction."""
        with self._told():
            connection = self.connection().pgconn
            connection.consume_input()
            while connection.notifies():
                pass
        self.rang = False

    def forget_if_cut(self) -> None:
        """Let go of a connection that stood unused, if the server has hung up meanwhile; costs no round trip.

        Whatever comes unasked counts as that. Not for one that listens, nor inside of a transaction.
        """
        for socket in self.sockets():
            poll = select.poll()
            poll.register(socket, select.POLLIN)
            if poll.poll(0):
                self.close()

    def close(self) -> None:
        """Let go of the connection; the next use opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _is_cut(self) -> bool:
        """Whether the server has hung up, whatever it called that: idle in a transaction for too long, say."""
        return self._connection is not None and self._connection.closed

    def _open(self) -> Connection:
        from psycopg import sql  # noqa: PLC0415 - see above

        from clusterctl.store.driver import Connection  # noqa: PLC0415 - see above

        connection = Connection.connect(self.url, **self._arguments)
        if self._answer_within is None:
            connection.is_hopeless = self._is_away
        else:
            connection.patience = self._answer_within
        if self._channel:
            connection.add_notify_handler(self._note_ring)
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
        return connection

    def _is_away(self) -> bool:
        """Whether the server lets nobody in."""
        import psycopg  # noqa: PLC0415 - see above

        from clusterctl.store.driver import Connection  # noqa: PLC0415 - see above

        try:
            Connection.connect(self.url, **{**self._arguments, "connect_timeout": PROBE_TIMEOUT}).close()
        except psycopg.Error:
            return True
        return False

    def _note_ring(self, _: object) -> None:
        self.rang = True

    def _tuples(
        self, sql: LiteralString, parameters: tuple[object, ...] | dict[str, object]
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        from psycopg.rows import tuple_row  # noqa: PLC0415 - see above

        return self._execute(tuple_row, sql, parameters)

    def _execute(
        self, factory: RowFactory[T], sql: LiteralString, parameters: tuple[object, ...] | dict[str, object]
    ) -> psycopg.Cursor[T]:
        with self._told():
            return self.connection().cursor(row_factory=factory).execute(sql, parameters or None)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say driver errors in our words. What is neither outage nor old picture is a bug, and stays as it is."""
        import psycopg  # noqa: PLC0415 - see above

        try:
            yield
        except psycopg.Error as error:
            if error.sqlstate == OLD_INCARNATION:
                raise Superseded(one_line(error)) from error
            if error.sqlstate in OUTDATED or (error.diag.constraint_name or "").endswith(OVERBOOKED):
                raise Moved(one_line(error)) from error
            if error.sqlstate == OVER_QUOTA:
                raise Refused(one_line(error), MANY_WAIT) from error
            if error.sqlstate in UNKNOWN_SCHEMA:
                raise SchemaMismatch(one_line(error), "run `clusterctl db migrate`") from error
            if error.sqlstate == GIVEN_UP:
                raise Slow("postgres", one_line(error), SEE_WHY) from error
            if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or self._is_cut():
                self.close()
                raise Outage("postgres", one_line(error)) from error
            raise


def one_line(error: Exception) -> str:
    """The first line of what the server or driver said."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
