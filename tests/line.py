"""A line to Postgres that breaks at the worst moment, or says nothing more and stays open."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

READ_BYTES = 1 << 16


class Line:
    """Forwards what is said between a client of ``url`` and the server at *real_url*, through a socket in *directory*.

    Used as a context manager, in whose body it works.
    """

    def __init__(self, real_url: str, directory: Path) -> None:
        parts = urlsplit(real_url)
        words = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._server = f"{words['host']}/.s.PGSQL.{words['port']}"
        self.url = parts._replace(query=urlencode({**words, "host": str(directory)})).geturl()
        self.lost = 0
        self._armed = False
        self._unheard = b""
        self._mute = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{directory}/.s.PGSQL.{words['port']}")
        self._listener.listen()

    def lose_next_commit(self) -> None:
        """The answer to the next COMMIT, which is obeyed, never arrives; the connection is over."""
        self._armed = True

    def lose_next_answer(self, words: bytes) -> None:
        """The next answer in which *words* stand never arrives; the connection is over.

        What was asked is done: of a statement that is its own transaction, a short answer is sent after its commit.
        """
        self._unheard = words

    def fall_silent(self) -> None:
        """Nothing is carried any more, in old connections and new ones, and nobody hangs up."""
        self._mute = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() alone does not
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            while True:
                for speaker in select.select([client, server], [], [])[0]:
                    words = speaker.recv(READ_BYTES)
                    if not words:
                        return
                    if self._mute:
                        continue
                    if speaker is server and self._unheard and self._unheard in words:
                        self._unheard = b""
                        self.lost += 1
                        return
                    (server if speaker is client else client).sendall(words)
                    if speaker is client and self._armed and b"COMMIT" in words:
                        self._armed = False
                        server.recv(READ_BYTES)
                        self.lost += 1
                        return
