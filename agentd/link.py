"""One supervisor as agentd sees it: a connection, while it lives, and the journal that it leaves."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

import msgspec

from agentd.journal import is_held
from agentd.records import AnyRecord, Begin, Story, decode_record, read_records, tell_stories
from agentd.supervisor.tree import read_process, start_time

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
        self.pid, self.start = 0, 0  # until it has said hello; a pid means nothing without its start
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
    def lives(self) -> bool:
        """Whether the supervisor does: its journal is locked, or that was deleted and its process is still there."""
        if is_held(self.journal):
            return True
        process = read_process(self.pid) if self.pid else None
        return process is not None and process.start == self.start and not process.is_zombie

    def meet(self, pid: int) -> None:
        """Its process is *pid*, and lives."""
        self.pid, self.start = pid, start_time(pid)

    def identify(self) -> None:
        """Take who it is from its journal, if it has never said it itself."""
        begin = next((record for record in read_records(self.journal) if isinstance(record, Begin)), None)
        if begin and not self.pid:
            self.pid, self.start = begin.supervisor_pid, begin.supervisor_start

    def stories(self) -> dict[int, Story]:
        """What it said of its attempt when it was adopted, whatever its journal is by then, and what that tells."""
        return tell_stories([*self.first_words, *read_records(self.journal)])

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
        """Delete what the supervisor has left. What is no file of ours stays where it is."""
        for path in (self.journal, self.journal.with_suffix(".sock")):
            with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                path.unlink()


def reach(number: int, journal: Path) -> Link:
    """A link to supervisor *number* of an earlier agentd; without a connection if it is gone.

    Its socket tells, not its journal: somebody may have deleted that, and it runs its job all the same.
    """
    directory = os.open(journal.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)  # of one that is stopped, the queue may be full
    try:
        connection.connect(f"/proc/self/fd/{directory}/{number}.sock")
    except OSError:  # nobody is there, or about to end
        connection.close()
        return Link(number, journal, None)
    finally:
        os.close(directory)
    link = Link(number, journal, connection)
    link.meet(peer(connection))
    return link


def peer(connection: socket.socket) -> int:
    """The pid of whoever listens at the other end of *connection*, even if it is deaf."""
    size = struct.calcsize("3i")  # struct ucred: pid, uid, gid
    pid: int = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]
    return pid
