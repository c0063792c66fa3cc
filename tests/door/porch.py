"""A place in front of a door: a socket at which a test decides what stands behind it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from inspect import signature
from pathlib import Path
from typing import Any, Self

import msgspec

from clusterctl import __version__
from clusterctl.door.client import Door
from clusterctl.door.frames import PROTOCOL, Greeting, Lines
from clusterctl.door.server import Server
from clusterctl.door.where import address

READ_BYTES = 1 << 16
GREETING = msgspec.json.encode(Greeting(clusterctl=__version__, protocol=PROTOCOL)) + b"\n"
Manner = Callable[["Impostor", socket.socket], None]


class Impostor:
    """Listens at *path* for as long as it is a context, and treats each connection in *manner*, which may block.

    With *backlog* 0 and no *manner* it lets nobody in at all.
    """

    def __init__(self, path: Path, manner: Manner | None, backlog: int = 64) -> None:
        self.visits = 0
        self.heard: list[bytes] = []
        self.over = threading.Event()
        self._manner = manner
        self._listener = listen(path, backlog)

    def hear(self, client: socket.socket) -> None:
        """Wait for a request, and keep it."""
        self.heard.append(client.recv(READ_BYTES))

    def __enter__(self) -> Self:
        if self._manner is not None:
            threading.Thread(target=self._accept, args=(self._manner,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() alone does not
        self._listener.close()

    def _accept(self, manner: Manner) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.visits += 1
                threading.Thread(target=self._serve, args=(manner, client), daemon=True).start()

    def _serve(self, manner: Manner, client: socket.socket) -> None:
        with client, suppress(OSError):
            manner(self, client)


def hanging_up(_: Impostor, __: socket.socket) -> None:
    """At once."""


def saying(words: bytes, then: bytes = b"") -> Manner:
    """Greets with *words*, answers with *then*, and hangs up."""

    def talk(here: Impostor, client: socket.socket) -> None:
        client.sendall(words)
        if then:
            here.hear(client)
            client.sendall(then)

    return talk


def listen(path: Path, backlog: int = 64) -> socket.socket:
    """A socket that listens at *path*, however long that is."""
    listener = socket.socket(socket.AF_UNIX)
    with address(path) as place:
        listener.bind(place)
    listener.listen(backlog)
    return listener


@contextmanager
def served_at(path: Path, work: Callable[..., bytes], caller: str = "me", **patience: Any) -> Iterator[None]:
    """A real server at *path* that does *work* for everybody, as *caller*; told of who has gone if it wants to know."""
    leash, hand = os.pipe()
    with listen(path) as listener:
        knows = len(signature(work).parameters) > 2
        all_work = work if knows else lambda caller, request, _: work(caller, request)
        server = Server(listener, lambda _: (GREETING.rstrip(), lambda: caller), all_work, **patience)
        thread = threading.Thread(target=server.run, args=(leash,))
        thread.start()
        try:
            yield
        finally:
            os.close(hand)
            thread.join(10)
            os.close(leash)
    assert not thread.is_alive()


def dial(path: Path, seconds: float = 20.0) -> socket.socket:
    """A connection to *path*, the greeting heard; a test fails if nothing comes for so many *seconds*."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(seconds)
    with address(path) as place:
        line.connect(place)
    assert line.recv(READ_BYTES).endswith(b"\n")
    return line


def hear_line(line: socket.socket) -> bytes:
    """What comes up to the end of the first line that is not empty; b"" if the other side hangs up before."""
    lines, found = Lines(1 << 30), list[bytes]()
    while not found:
        data = line.recv(READ_BYTES)
        if not data:
            return b""
        found = lines.feed(data)
    return found[0]


def door(path: Path) -> Door:
    """The way through *path*, whatever cluster is behind it."""
    return Door(path, {})
