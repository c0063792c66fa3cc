"""Readers of outputs: of a file on this machine, or of one that an agent serves."""

from __future__ import annotations

import os
import socket
import threading
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit

from clusterctl.model.errors import Refused
from clusterctl.output.here import Here
from clusterctl.output.pieces import Piece

if TYPE_CHECKING:
    import httpx

    from clusterctl.model.output import OutputPicture

MACHINE_ID = Path("/etc/machine-id")


class Reader(Protocol):
    """One output. Raises Outage if it cannot be reached now, Refused if what is there is no output."""

    def read(self, begin: int, wait: float = 0.0) -> Piece:
        """What there is from *begin* on; if that is nothing, what has come after *wait* seconds at most."""

    def tail(self, lines: int) -> int:
        """Where its last *lines* lines begin; 0 if it is not there yet."""

    def close(self) -> None:
        """Let go of it."""


class Readers:
    """Opens outputs. What is read from other machines shares a few connections."""

    def __init__(self) -> None:
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()  # several may follow at once

    def open(self, found: OutputPicture) -> Reader:
        """A reader of *found*: of the file if it is here and ours to read, else through its agent. Raises Refused."""
        on_this_machine = found.hostname == socket.gethostname() and found.machine_id == machine_id()
        if on_this_machine and (is_ours(found) or not found.logs_url):
            return Here(found.path)
        if not found.logs_url:
            sentence = f"the output of job {found.job_id} is on {found.hostname}, and its agent does not serve it"
            raise Refused(sentence, f"its log says why; there it is {found.path}")
        if not on_this_machine and is_loopback(found.logs_url):
            sentence = f"worker {found.worker} serves its output to {found.hostname} only, its own machine"
            raise Refused(sentence, f"set logs_host there, or read it there: {found.path}")
        from clusterctl.output import there  # noqa: PLC0415 - httpx takes 150 ms to import

        with self._lock:
            self._client = self._client or there.new_client()
        return there.There(found, self._client)

    def close(self) -> None:
        """Hang up."""
        if self._client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def is_ours(found: OutputPicture) -> bool:
    """Whether we see *found* on this machine and may read it. A container may see other files, a user not all."""
    if not os.access(found.spool, os.X_OK):
        return False
    try:
        os.stat(found.path)
    except FileNotFoundError:  # not yet
        return True
    except OSError:
        return False
    return os.access(found.path, os.R_OK)


def is_loopback(url: str) -> bool:
    """Whether *url* leads back to whatever machine asks: then the worker's token would go to a stranger."""
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


@cache
def machine_id() -> str:
    """Of this machine, as agents register it."""
    return MACHINE_ID.read_text().strip() if MACHINE_ID.exists() else ""
