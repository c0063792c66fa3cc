"""Servers at Redis's address that are no Redis: mute, babbling, endless."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

READ_BYTES = 1 << 16
PIECE = b"x" * READ_BYTES

Manner = Callable[["Stranger", socket.socket], None]


class Stranger:
    """Listens at ``url`` for as long as it is a context, and treats each connection in *manner*, which may block."""

    def __init__(self, manner: Manner) -> None:
        self.visits = 0
        self.over = threading.Event()
        self._manner = manner
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() alone does not
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.visits += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            self._manner(self, client)


def mute(here: Stranger, _: socket.socket) -> None:
    """Never says a word."""
    here.over.wait()


def saying(answer: bytes) -> Manner:
    """Answers everything with *answer*."""

    def talk(_: Stranger, client: socket.socket) -> None:
        while client.recv(READ_BYTES):
            client.sendall(answer)

    return talk


def hang_up(_: Stranger, client: socket.socket) -> None:
    """Lets one in, hears one out, and leaves."""
    client.recv(READ_BYTES)


def dripping(pause: float) -> Manner:
    """Begins a large answer, and goes on with one byte each *pause* seconds."""

    def drip(here: Stranger, client: socket.socket) -> None:
        client.recv(READ_BYTES)
        client.sendall(b"$1000000\r\n")
        while not here.over.wait(pause):
            client.sendall(b"x")

    return drip


def pour(here: Stranger, client: socket.socket) -> None:
    """Gives an answer of a terabyte, as fast as it is taken."""
    client.recv(READ_BYTES)
    client.sendall(b"$1000000000000\r\n")
    while not here.over.is_set():
        client.sendall(PIECE)


MANNERS: Mapping[str, Manner] = {
    "mute": mute,
    "hangs up": hang_up,
    "garbage": saying(b"\x00\xff\r\n?\r\n"),
    "http": saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "agrees to all": saying(b"+OK\r\n" * 20),
    "numbers that are none": saying(b":abc\r\n" * 20),
    "numbers beyond all": saying(b":" + b"9" * 4000 + b"\r\n"),
    "an endless list": saying(b"*1000000000\r\n"),
    "a deep nest": saying(b"*1\r\n" * 50_000),
    "an endless line": saying(b"+" + PIECE),
    "a byte a second": dripping(1.0),
    "drips": dripping(0.02),
    "pours": pour,
}
