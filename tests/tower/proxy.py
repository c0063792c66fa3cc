"""A line between a daemon and its server that can be cut, slowed, plugged, or lose one answer."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

READ_BYTES = 1 << 16
READY_FOR_QUERY = b"Z\x00\x00\x00\x05"  # the last words of each of Postgres's answers (its "Message Formats")
HANG_UP_HARD = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s: the other end gets a reset


class Line:
    """Listens on ``port`` of 127.0.0.1, and carries what is said there to the Unix socket *server*, and back.

    All its faults are set from any thread, and hold for the connections that there are and for new ones.
    """

    def __init__(self, name: str, server: Path) -> None:
        self.name = name
        self.lost_answers = 0
        self._server = server
        self._delay = 0.0  # seconds that every word takes
        self._is_cut = False
        self._open = threading.Event()  # clear while the line is plugged
        self._open.set()
        self._doomed: tuple[bytes, ...] = ()  # the answer to the next words that hold one of these is lost
        self._connections: set[_Connection] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name=f"line {name}", daemon=True).start()

    def cut(self) -> None:
        """Hang up on everybody, and refuse whoever calls, until ``heal``."""
        self._is_cut = True
        self.hang_up()

    def hang_up(self) -> None:
        """Break the connections that there are; new ones are welcome."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.break_off()

    def plug(self) -> None:
        """Let nothing through, in silence, until ``heal``: not even the end of a connection."""
        self._open.clear()

    def slow_down(self, seconds: float) -> None:
        """Hold up all that is said by so much."""
        self._delay = seconds

    def lose_answer(self, *to: bytes) -> None:
        """Once: pass the next words on that hold one of *to*, wait until they are obeyed, and break off then.

        Without any, that is the next words of all.
        """
        self._doomed = to or (b"",)

    def heal(self) -> None:
        """Be a good line again. What was held back is carried on, late, as a network would."""
        self._is_cut = False
        self._delay = 0.0
        self._doomed = ()
        self._open.set()

    def close(self) -> None:
        """Hang up for good."""
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() alone does not
        self._listener.close()
        self.cut()
        self._open.set()

    def hold(self) -> None:
        """Wait for as long as the line takes to carry a word now."""
        self._open.wait()
        if delay := self._delay:
            self._closed.wait(delay)

    def is_doomed(self, words: bytes) -> bool:
        """Whether the answer to *words* is the one that is to be lost."""
        if not any(doomed in words for doomed in self._doomed):
            return False
        self._doomed = ()
        return True

    def forget(self, connection: _Connection) -> None:
        """It is over."""
        with self._lock:
            self._connections.discard(connection)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_cut:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HANG_UP_HARD)
                client.close()
                continue
            connection = _Connection(self, client)
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=connection.carry, args=(self._server,), daemon=True).start()


class _Connection:
    """One client's. Two threads, one for each direction."""

    def __init__(self, line: Line, client: socket.socket) -> None:
        self._line = line
        self._client = client
        self._server = socket.socket(socket.AF_UNIX)
        self._answer_is_doomed = threading.Event()

    def carry(self, server: Path) -> None:
        """Until one end has hung up."""
        self._line.hold()
        try:
            self._server.connect(str(server))
        except OSError:  # it is down
            self._end()
            return
        threading.Thread(target=self._carry_answers, daemon=True).start()
        self._carry_questions()

    def break_off(self) -> None:
        """End it now, both ways."""
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _carry_questions(self) -> None:
        with suppress(OSError):
            while words := self._client.recv(READ_BYTES):
                self._line.hold()
                if self._line.is_doomed(words):
                    self._answer_is_doomed.set()
                self._server.sendall(words)
            self._line.hold()  # that the client has left is news too
        self.break_off()

    def _carry_answers(self) -> None:
        with suppress(OSError):
            while words := self._server.recv(READ_BYTES):
                if self._answer_is_doomed.is_set():
                    if READY_FOR_QUERY in words:
                        self._line.lost_answers += 1
                        break
                    continue
                self._line.hold()
                self._client.sendall(words)
            self._line.hold()
        self._end()

    def _end(self) -> None:
        self.break_off()
        self._client.close()
        self._server.close()
        self._line.forget(self)
