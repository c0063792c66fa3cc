"""One supervisor as agentd sees it: a connection, while it lives, and the journal that it leaves."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import msgspec

from agentd.journal import is_held
from agentd.records import AnyRecord, decode_record

READ_BYTES = 1 << 16
LARGEST_MESSAGE = 1 << 16  # bytes; the socket buffer of an idle supervisor always has room for it


class Gone(Exception):  # not an error: supervisors come and go
    """There is nobody at the other end any more."""


class Link:
    """Supervisor *number*, whose journal is at *journal*; *connection* is None if it does not live.

    ``standing`` are the allocations that stand in its journal, ``open`` those whose end has not been heard, and
    ``unacknowledged`` those whose end has been heard and not acknowledged.
    """

    def __init__(self, number: int, journal: Path, connection: socket.socket | None) -> None:
        self.number = number
        self.journal = journal
        self.connection = connection
        self.pid = 0  # until it has said hello
        self.standing: set[int] = set()
        self.open: set[int] = set()
        self.unacknowledged: set[int] = set()
        self.since = 0.0  # when it was asked for, or became idle, on the loop's clock
        self.first_words: list[AnyRecord] = []  # what it said together with its hello, when adopted
        self._received = b""
        if connection:
            connection.setblocking(False)

    @property
    def is_settled(self) -> bool:
        """Whether all that stands in the journal has ended and been acknowledged: it may be cut."""
        return not self.open and not self.unacknowledged

    @property
    def is_held(self) -> bool:
        """Whether the supervisor lives."""
        return is_held(self.journal)

    def send(self, message: bytes) -> None:
        """Say *message*, a line of JSON. Raises Gone if nobody listens, or nobody has for too long."""
        try:
            sent = self.connection.send(message) if self.connection else 0
        except OSError:
            raise Gone from None
        if sent < len(message):
            raise Gone

    def say(self, **message: object) -> None:
        """Send *message*; if nobody is there, nobody needs it."""
        try:
            self.send(msgspec.json.encode(message) + b"\n")
        except Gone:
            return

    def receive(self) -> list[AnyRecord]:
        """What has been said meanwhile. Raises Gone when it is over and everything has been heard."""
        if self.connection is None:
            raise Gone
        try:
            data = self.connection.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        *lines, self._received = (self._received + data).split(b"\n")
        return [record for line in lines if (record := decode_record(line))]

    def hang_up(self) -> None:
        """Close the connection."""
        if self.connection:
            self.connection.close()
            self.connection = None

    def remove(self) -> None:
        """Delete what the supervisor has left."""
        self.journal.unlink(missing_ok=True)
        self.journal.with_suffix(".sock").unlink(missing_ok=True)


def reach(number: int, journal: Path) -> Link:
    """A link to supervisor *number* of an earlier agentd; without a connection if it is gone."""
    if not is_held(journal):
        return Link(number, journal, None)
    directory = os.open(journal.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{number}.sock")
    except OSError:  # it is about to end
        connection.close()
        return Link(number, journal, None)
    finally:
        os.close(directory)
    link = Link(number, journal, connection)
    link.pid = peer(connection)
    return link


def peer(connection: socket.socket) -> int:
    """The pid of whoever listens at the other end of *connection*, even if it is deaf."""
    size = struct.calcsize("3i")  # struct ucred: pid, uid, gid
    pid: int = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]
    return pid
