"""Where the log server listens, and how many it listens to."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
import threading
from contextlib import suppress

from agentd.logs.answers import Answers
from agentd.logs.conversation import Conversation
from agentd.logs.places import Places

MOST_CONNECTIONS = 32
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
PAUSE_S = 1.0  # when there are no more descriptors, or threads

log = logging.getLogger(__name__)


class LogServer:
    """Serves *places* on *host* and *port* (0: any) until it is closed. Raises OSError if it cannot listen there.

    Whoever asks must know ``token``, made anew each time. ``url`` is where others find it.
    """

    def __init__(self, places: Places, host: str, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self._answers = Answers(places, self.token)
        self._listener = listen(host, port)
        self.url = f"http://{advertised(host)}:{self._listener.getsockname()[1]}"
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, name="logs", daemon=True).start()

    def close(self) -> None:
        """Hang up on everybody."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        """Take connections in, each into a thread of its own; one too many is told so."""
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                if not self._closing.is_set():
                    log.warning("cannot serve output: %s", error.strerror)
                    self._closing.wait(PAUSE_S)
                continue
            if not self._free.acquire(blocking=False):
                turn_away(connection)
                continue
            try:
                threading.Thread(target=self._serve, args=(connection,), name="logs of one", daemon=True).start()
            except RuntimeError:  # no more threads
                turn_away(connection)
                self._free.release()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            Conversation(connection, self._answers.answer).run()
        except Exception:  # a bug in here costs a reader its answer, and no job anything
            log.exception("the log server has failed to answer")
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
            self._free.release()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on *host*, a name or an address; of several addresses, on the first."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=MOST_CONNECTIONS)


def advertised(host: str) -> str:
    """How others name *host*; if we listen everywhere, by this machine's name."""
    try:
        address = ipaddress.ip_address(host or "0.0.0.0")  # noqa: S104 - empty means everywhere, as it does for sockets
    except ValueError:
        return host
    if address.is_unspecified:
        return socket.gethostname()
    return f"[{address}]" if address.version == 6 else str(address)


def turn_away(connection: socket.socket) -> None:
    """Say that there is no room; at once, or not at all."""
    with connection, suppress(OSError):
        connection.setblocking(False)
        connection.send(BUSY)
