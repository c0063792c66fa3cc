"""The life of a supervisor: one attempt after the other, whether or not an agentd is there to listen."""

from __future__ import annotations

import json
import math
import os
import select
import signal
import socket
from typing import Any, NamedTuple

from agentd.journal import Journal, boottime, encode_line
from agentd.supervisor.attempt import Attempt, Surroundings
from agentd.supervisor.kernel import (
    adopt_orphans,
    name_process,
    read_signals,
    set_timer,
    signal_descriptor,
    timer_descriptor,
)
from agentd.supervisor.replica import Replica
from agentd.supervisor.tree import start_time

TELL_AFTER_S = 0.05  # most short jobs have ended by then, and one message does for both
WRITE_AGAIN_S = 5.0  # after a full disk
READ_BYTES = 1 << 16
BACKLOG = 128  # agentds that may come and go while we are stopped: the next would wait for us for ever


class Inheritance(NamedTuple):
    """What the warm process has ready for every supervisor that it forks."""

    directory: int  # open on ``spool/supervisors``
    synced: int  # see ``read_synced``
    null: int
    boot: str


class Supervisor:
    """Number *number* of its worker. Holds the lock of ``N.journal``, listens on ``N.sock``.

    *connection* leads to the agentd that asked for it. When that is gone it runs its attempt to the end, writes the
    end down, and leaves, unless another agentd has connected.
    """

    def __init__(self, number: int, connection: socket.socket, inherited: Inheritance) -> None:
        adopt_orphans()
        name_process(f"supervisor {number}")
        journal = Journal(f"{number}.journal", directory=inherited.directory)
        self._listener = listen(f"{number}.sock", inherited.directory)
        pid = os.getpid()
        self._around = Surroundings(journal, inherited.synced, inherited.null, inherited.boot, pid, start_time(pid))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # the warm process ignores it
        self._signals = signal_descriptor([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        self._timer, self._timer_at = timer_descriptor(), math.inf
        self._attempt: Attempt | None = None
        self._tell_at = math.inf
        self._leaving = False
        self._poll = select.poll()
        self._poll.register(self._signals, select.POLLIN)
        self._poll.register(self._timer, select.POLLIN)
        self._poll.register(self._listener, select.POLLIN)
        self._connection: socket.socket | None = None
        self._received = b""
        self._connect(connection)

    def live(self) -> None:
        """Until told to leave, or alone with nothing to do."""
        ready: set[int] = set()
        while self._attempt or (self._connection and not self._leaving):
            self._wind(self._timer in ready)
            ready = {fd for fd, _ in self._poll.poll()}
            # In this order: an order of the old agentd comes before the greeting of a new one, so what a new one is
            # told holds.
            if self._connection and self._connection.fileno() in ready:
                self._listen_to_agentd(self._connection)
            if self._signals in ready:
                self._heed_signals()
            if self._listener.fileno() in ready:
                self._connect(self._listener.accept()[0])
            self._look_at_time()

    def _wind(self, has_rung: bool) -> None:
        """See that the timer rings at the next moment, or before: most jobs have ended before it would be set later."""
        attempt, moment = self._attempt, math.inf
        if attempt is not None:
            moment = boottime() + WRITE_AGAIN_S if attempt.end else min(attempt.moment(), self._tell_at)
        if has_rung or moment < self._timer_at:
            set_timer(self._timer, moment)
            self._timer_at = moment

    def _look_at_time(self) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        if attempt.end is None:
            now = boottime()
            if now >= attempt.moment():
                attempt.look()
            if attempt.has_news or (now >= self._tell_at and attempt.spawned):
                self._tell((attempt.spawned or b"") + attempt.condition)
                self._tell_at, attempt.has_news = math.inf, False
        attempt.write_end()
        self._tell_end(attempt)

    def _heed_signals(self) -> None:
        caught = read_signals(self._signals)
        if signal.SIGTERM in caught:  # the machine, or somebody, ends everything
            self._leaving = True
            if self._attempt and self._attempt.end is None:
                # Perhaps it was the job itself. As ``worker_stopped``, which is free, it would run again for ever.
                self._attempt.stop("supervisor_lost", self._attempt.grace_s, "its supervisor was told to end")
        if signal.SIGCHLD in caught and self._attempt and self._attempt.end is None:
            self._attempt.reap()
            self._tell_end(self._attempt)

    def _listen_to_agentd(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._disconnect()
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, message: dict[str, Any]) -> None:
        attempt = self._attempt
        match message["op"]:
            case "start":
                self._begin(message)
            case "stop" if attempt and attempt.end is None and attempt.allocation_id == message["allocation_id"]:
                attempt.stop(message["outcome"], message["grace_s"], message["detail"])
            case "restart" if attempt and attempt.end is None and attempt.allocation_id == message["allocation_id"]:
                attempt.restart(message["generation"], message["grace_s"])
            case "cut" if attempt is None or attempt.end:
                self._cut()
            case "leave":
                self._leaving = True

    def _begin(self, message: dict[str, Any]) -> None:
        if "file" in message:  # too large for a socket's buffer
            with open(message["file"], encoding="utf-8") as file:
                message = json.load(file)
            os.unlink(file.name)
        if message["cut"]:
            self._cut()
        kind = Replica if message["service"] else Attempt
        attempt = kind(message, self._around)  # type: ignore[arg-type]  # agentd's own Start
        if self._attempt:  # still has an end to write: nothing new before that
            attempt.refuse("the worker's journal cannot be written")
            self._tell(attempt.end or b"")
            return
        self._attempt = attempt
        attempt.begin()
        self._tell_at = boottime() + TELL_AFTER_S
        self._tell_end(attempt)

    def _cut(self) -> None:
        """Everything was acknowledged, even an end that found no room."""
        self._around.journal.cut()
        self._attempt = None

    def _tell_end(self, attempt: Attempt) -> None:
        """Say how it ended, if it has. It was written down before: what is said is never forgotten."""
        if attempt.end is None:
            return
        if not attempt.end_is_told:
            attempt.end_is_told = True
            self._tell(attempt.end)
            if self._leaving:  # at once, so that nothing more is ordered
                self._disconnect()
        if attempt.end_is_written:
            self._attempt = None

    def _tell(self, line: bytes) -> None:
        if self._connection:
            try:
                self._connection.sendall(line)
            except OSError:
                self._disconnect()

    def _connect(self, connection: socket.socket) -> None:
        """Belong to the agentd at the other end from now on."""
        self._disconnect()
        self._connection, self._received = connection, b""
        self._poll.register(connection, select.POLLIN)
        # What it runs, in one piece with the greeting: the journal may be gone, or have had no room for the end.
        story = self._attempt.story if self._attempt else b""
        self._tell(encode_line({"kind": "hello", "pid": self._around.pid}) + story)

    def _disconnect(self) -> None:
        if self._connection:
            self._poll.unregister(self._connection)
            self._connection.close()
            self._connection = None


def listen(name: str, directory: int) -> socket.socket:
    """A socket *name* in *directory*, however long the path to it: the kernel takes 107 bytes."""
    path = f"/proc/self/fd/{directory}/{name}"
    if os.path.lexists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(BACKLOG)
    return listener
