"""Our side of the door. Without a driver, in plain blocking calls: nothing here takes longer than it must."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from clusterctl import __version__
from clusterctl.door.frames import LONGEST_REPLY, PROTOCOL, Greeting, Lines, Reply, TooLong
from clusterctl.door.troubles import MISUNDERSTOOD, TOO_LONG, unpack
from clusterctl.door.where import address, door_path
from clusterctl.settings import Settings
from clusterctl.text import masked

PATIENCE = 1.0  # seconds: for the whole greeting; and of silence, while pulses should come
LONGEST_CALL = 600.0  # seconds, however steady the pulse
LONGEST_TALK = 5.0  # seconds for a reply, from its first byte to its last
READ_BYTES = 1 << 18


class Shut(Exception):
    """Nobody is behind the door who could do this for us: go the direct way. ``asked``: he had been asked by then."""

    asked = False


class Untold(Shut):
    """It was done, or may have been, and what became of it cannot be told through this door, nor another time."""

    asked = True


class Door:
    """The way through the socket at *path*; ``expected``: what must be said of the cluster behind it, by field.

    It is opened when first asked, and again when the other side hung up between two questions.
    """

    def __init__(self, path: Path, expected: Mapping[str, str]) -> None:
        self.path = path
        self._expected = expected
        self._socket: socket.socket | None = None
        self._lines = Lines(LONGEST_REPLY)
        self._waiting: list[bytes] = []
        self._asked = False

    def ask(self, call: str, arguments: Mapping[str, object], answer: Any) -> Any:
        """What *call* answers, as the type *answer*. Raises the ClusterError that it raises, and Shut."""
        line = msgspec.json.encode({"call": call, "arguments": arguments}) + b"\n"
        self._asked = False
        reply = self._exchange(line)
        try:
            found = msgspec.json.decode(reply, type=Reply)
            if found.trouble is None and isinstance(found.answer, msgspec.Raw):
                return msgspec.json.decode(found.answer, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._shut(f"does not answer as we do: {error}", Untold) from None
        if found.trouble is None:
            raise self._shut("says nothing", Untold)
        if found.trouble.kind == MISUNDERSTOOD:
            self._asked = False  # it says itself that nothing was called
            raise self._shut(found.trouble.message)
        if found.trouble.kind == TOO_LONG:
            raise self._shut(found.trouble.message, Untold)
        raise unpack(found.trouble)

    def close(self) -> None:
        """Hang up: nothing that was asked here and is not done yet will be, even if a child of ours has the socket."""
        line, self._socket = self._socket, None
        self._lines, self._waiting = Lines(LONGEST_REPLY), []
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _exchange(self, line: bytes) -> bytes:
        if self._socket is None or is_over(self._socket):  # it may have hung up while we had nothing to ask
            self._open()
        return self._send_and_hear(line)

    def _send_and_hear(self, line: bytes) -> bytes:
        try:
            way = self._line()
            way.settimeout(PATIENCE)
            self._asked = True
            way.sendall(line)
            return self._next_line(time.monotonic() + LONGEST_CALL)
        except OSError as error:
            raise self._shut(reason(error)) from None

    def _open(self) -> None:
        """Connect, and see who is there; all of that within PATIENCE. Raises Shut."""
        begun = time.monotonic()
        self.close()
        line = self._socket = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        try:
            with address(self.path) as place:
                line.connect(place)
            check_owner(line, self.path)
            self._check(self._next_line(begun + PATIENCE))
        except OSError as error:
            raise self._shut(reason(error)) from None

    def _check(self, line: bytes) -> None:
        try:
            greeting = msgspec.json.decode(line, type=Greeting)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._shut("greets us in no language of ours") from None
        if greeting.refusal:
            raise self._shut(f"refuses us: {greeting.refusal}")
        if (greeting.clusterctl, greeting.protocol) != (__version__, PROTOCOL):
            raise self._shut(f"is of version {greeting.clusterctl}, we are of {__version__}")
        for name, wanted in self._expected.items():
            if (there := without_password(getattr(greeting, name))) != wanted:
                raise self._shut(f"is that of another {name}: {there}, not {wanted}")

    def _next_line(self, until: float) -> bytes:
        """The next that is not empty. Raises OSError, TimeoutError among them, and Shut.

        A sign of life is a whole line, empty or not; and any bytes of a long one, for LONGEST_TALK.
        """
        line_until = until
        while not self._waiting:
            now = time.monotonic()
            self._line().settimeout(min(PATIENCE, max(0.001, min(until, line_until) - now)))
            data = self._line().recv(READ_BYTES)
            if not data:
                raise self._shut("hung up")
            if time.monotonic() > min(until, line_until):
                raise self._shut("has no answer in time")
            was_torn, ended = self._lines.kept > 0, self._lines.ended
            try:
                self._waiting = self._lines.feed(data)
            except TooLong:
                raise self._shut("does not stop talking") from None
            if not self._lines.kept:
                line_until = until
            elif not was_torn or self._lines.ended > ended:
                line_until = now + LONGEST_TALK
        return self._waiting.pop(0)

    def _line(self) -> socket.socket:
        if self._socket is None:
            raise self._shut("is not open")
        return self._socket

    def _shut(self, why: str, kind: type[Shut] = Shut) -> Shut:
        self.close()
        shut = kind(f"the door at {self.path} {why}")
        shut.asked = self._asked
        return shut


def is_over(line: socket.socket) -> bool:
    """Whether the other side has hung up."""
    poll = select.poll()
    poll.register(line, select.POLLRDHUP)
    return bool(poll.poll(0))


def check_owner(line: socket.socket, path: Path) -> None:
    """Only root, we ourselves, and whose directory it is may answer us. Raises OSError."""
    _, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))  # struct ucred
    if uid not in (0, os.geteuid()) and uid != os.stat(path.parent).st_uid:
        raise PermissionError(errno.EPERM, f"is that of a stranger, uid {uid}")


def find_door(settings: Settings) -> Door | None:
    """The door of these settings; None if there is none, and nobody says that there should be."""
    path = door_path(settings)
    if path is None or not (settings.door or os.path.exists(path)):
        return None
    return Door(path, expected(settings))


def expected(settings: Settings) -> dict[str, str]:
    """What the cluster behind the door must be called, where these settings name another than the default."""
    plain = Settings(state_dir=settings.state_dir)
    names = {"database": "database_url", "redis": "redis_url", "redis_prefix": "redis_prefix"}
    said = {field: getattr(settings, name) for field, name in names.items()}
    return {field: without_password(said[field]) for field in names if said[field] != getattr(plain, names[field])}


def without_password(url: str) -> str:
    """*url*, the same whether or not the password stands in it: two users may each have their own way to tell it."""
    return masked(url).replace(":***@", "@")


def reason(error: OSError) -> str:
    """Why a call failed, in a few words."""
    if isinstance(error, BlockingIOError):
        return "has no room for one more who waits"
    if isinstance(error, TimeoutError):
        return f"says nothing for {PATIENCE:g} s"
    return f"does not open: {error.strerror or error}"
