"""The server's side of the socket: one thread that listens to everybody, and a few that work.

The listener reads, greets, and keeps the pulse; a worker has a whole request or nothing, so whoever says half a line,
or nothing, holds nobody. Who does not take his answer holds a worker for ANSWER_WITHIN. Who has hung up is worked for
no more: he may have done it himself, and others since something else.
"""

from __future__ import annotations

import errno
import logging
import select
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from clusterctl.clock import Bell
from clusterctl.door.frames import LONGEST_REQUEST, PULSE, PULSE_EVERY, Lines, TooLong

WORKERS = 8
MOST_LINES = 128  # connections; who comes then is hung up on, and goes the direct way
SILENT_FOR = 10.0  # seconds without a whole request, after which we hang up
ANSWER_WITHIN = 2.0  # seconds for the other side to take an answer
MOST_HELD = 64 * 1024 * 1024  # bytes of what all have asked so far, half lines and whole ones; who adds more must go
PAUSE = 0.5  # seconds without a new connection, when there is no descriptor left for one
NONE_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
READ_BYTES = 1 << 16
MOST_AT_ONCE = 16  # of those who wait to be let in, before others are heard

log = logging.getLogger(__name__)
Name = Callable[[], str]  # may take its time
# (connection) → the greeting, and how to learn who he is; without that, it is a refusal
Admit = Callable[[socket.socket], tuple[bytes, Name | None]]
Gone = Callable[[], bool]  # whether he who asked has hung up
Work = Callable[[str, bytes, Gone], bytes]  # (who, request) → reply


class Line:
    """One connection."""

    def __init__(self, line: socket.socket, name: Name) -> None:
        self.socket = line
        self.name = name
        self.lines = Lines(LONGEST_REQUEST)
        self.asked: deque[bytes] = deque()
        self.since = time.monotonic()  # he was let in, or had his last answer
        self.worked_on = 0  # bytes of the request that a worker has, or will have
        self.begun = False  # a worker is at it
        self.writing = threading.Lock()  # a pulse must not come in the middle of an answer

    def held(self) -> int:
        """Bytes of him that we keep."""
        return self.lines.kept + self.worked_on + sum(map(len, self.asked))

    def begin(self) -> bool:
        """From now on he has a pulse; False if he has gone, and wants nothing any more."""
        if self.is_gone():
            return False
        self.begun = True
        self.pulse()
        return True

    def is_gone(self) -> bool:
        """Whether he has hung up. Who closed his end before he did something else is seen here, whatever was slow."""
        poll = select.poll()
        poll.register(self.socket, 0)  # a hang-up, or an error, is told unasked
        return bool(poll.poll(0))

    def pulse(self) -> None:
        """Say that we are still at it; not if the answer is on its way, or nobody takes even that."""
        if self.writing.acquire(blocking=False):
            with suppress(OSError):
                self.socket.send(PULSE, socket.MSG_DONTWAIT)
            self.writing.release()

    def tell(self, reply: bytes, within: float) -> None:
        """Send the answer. Raises OSError if he is gone, or has not taken it *within* so many seconds."""
        with self.writing:
            self.begun = False
            self.socket.settimeout(within)
            self.socket.sendall(reply + b"\n")
            self.socket.setblocking(False)


class Server:
    """Lets in at *listener* whom *admit* admits, and has *work* done; *work* runs in WORKERS threads.

    *silent_for* and *answer_within*: seconds, see the constants.
    """

    def __init__(
        self,
        listener: socket.socket,
        admit: Admit,
        work: Work,
        *,
        silent_for: float = SILENT_FOR,
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        self._silent_for = silent_for
        self._answer_within = answer_within
        self._listener = listener
        self._admit = admit
        self._work = work
        self._selector = selectors.DefaultSelector()
        self._bell = Bell()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="door")
        self._idle: set[Line] = set()
        self._busy: set[Line] = set()
        self._done: deque[tuple[Line, bool]] = deque()
        self._pulse_at = 0.0
        self._deaf_until: float | None = None  # for who wants to be let in

    def run(self, leash: int) -> None:
        """Serve until *leash* is readable or hung up; then hang up on everybody, whatever he waits for."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._let_in)
        self._selector.register(self._bell, selectors.EVENT_READ, self._take_back)
        self._selector.register(leash, selectors.EVENT_READ)
        with self._selector:
            self._serve(leash)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for line in (*self._idle, *self._busy):
            line.socket.close()

    def _serve(self, leash: int) -> None:
        while True:
            for key, _ in self._selector.select(self._rest()):
                if key.fd == leash:
                    return
                if isinstance(key.data, Line):
                    self._hear(key.data)
                else:
                    key.data()
            self._keep_time()

    def _let_in(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                line, _ = self._listener.accept()
            except OSError as error:
                if error.errno in NONE_LEFT:  # who waits makes the listener readable: to look again at once is to spin
                    self._selector.unregister(self._listener)
                    self._deaf_until = time.monotonic() + PAUSE
                return
            self._greet(line)

    def _greet(self, line: socket.socket) -> None:
        try:
            line.setblocking(False)
            greeting, name = self._admit(line)
            line.send(greeting + b"\n")
        except OSError:
            name = None
        if name is None or len(self._idle) + len(self._busy) >= MOST_LINES:
            line.close()
        else:
            self._listen_to(Line(line, name))

    def _listen_to(self, line: Line) -> None:
        line.since = time.monotonic()
        self._idle.add(line)
        self._selector.register(line.socket, selectors.EVENT_READ, line)

    def _hear(self, line: Line) -> None:
        try:
            data = line.socket.recv(READ_BYTES)
            line.asked.extend(line.lines.feed(data))
        except BlockingIOError:
            return
        except (OSError, TooLong):
            data = b""
        if not data or sum(each.held() for each in (*self._idle, *self._busy)) > MOST_HELD:
            self._hang_up(line)
        elif line.asked:
            self._begin(line)

    def _begin(self, line: Line) -> None:
        """Have the next request worked on; meanwhile he is not listened to."""
        self._idle.discard(line)
        self._selector.unregister(line.socket)
        self._busy.add(line)
        request = line.asked.popleft()
        line.worked_on = len(request)
        self._pool.submit(self._answer, line, request)

    def _answer(self, line: Line, request: bytes) -> None:
        """In a worker."""
        well = False
        try:
            name = line.name()
            if line.begin():
                line.tell(self._work(name, request, line.is_gone), self._answer_within)
                well = True
        except OSError as error:
            log.debug("an answer was not taken: %s", error)
        finally:
            line.begun = False
            self._done.append((line, well))
            self._bell.ring()

    def _take_back(self) -> None:
        self._bell.clear()
        while self._done:
            line, well = self._done.popleft()
            self._busy.discard(line)
            line.worked_on = 0
            if not well:
                line.socket.close()
                continue
            self._listen_to(line)
            if line.asked:
                self._begin(line)

    def _rest(self) -> float | None:
        """Seconds until time alone asks something of us; None: it does not."""
        if self._busy:
            return max(0.0, self._pulse_at - time.monotonic())
        if self._deaf_until is not None:
            return PAUSE
        return self._silent_for / 10 if self._idle else None

    def _keep_time(self) -> None:
        """A pulse for who waits, and an end for who keeps us waiting."""
        now = time.monotonic()
        if now >= self._pulse_at:
            self._pulse_at = now + PULSE_EVERY
            for line in self._busy:
                if line.begun:
                    line.pulse()
        if self._deaf_until is not None and now >= self._deaf_until:
            self._deaf_until = None
            self._selector.register(self._listener, selectors.EVENT_READ, self._let_in)
        for line in [line for line in self._idle if now - line.since > self._silent_for]:
            self._hang_up(line)

    def _hang_up(self, line: Line) -> None:
        self._idle.discard(line)
        self._selector.unregister(line.socket)
        line.socket.close()
