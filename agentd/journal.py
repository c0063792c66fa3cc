"""The journal of a supervisor: what it began, what ran and how it ended, in lines that outlive it.

One file ``N.journal`` per supervisor, which alone appends to it and holds a lock on it while it lives: a lock that
is free means that the supervisor is gone. One JSON object a line, told apart by ``kind``: ``begin`` before a process
exists, ``spawned`` once it does, ``end`` when its whole tree is gone. Nothing is synced to disk: a reboot ends every
process anyway, and Postgres keeps the ends.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Mapping

_encode = json.JSONEncoder(separators=(",", ":")).encode


def boottime() -> float:
    """Seconds since this machine started, sleep included: the clock of leases, limits and journals."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Which start of this machine it is: every process of another boot is gone."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def encode_line(record: Mapping[str, object]) -> bytes:
    """*record* as it stands in a journal and goes over a socket: one line of JSON."""
    return _encode(record).encode() + b"\n"


class Journal:
    """The writing end, in the supervisor. Taking it takes the lock, until this process ends."""

    def __init__(self, name: str, *, directory: int) -> None:
        self._fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600, dir_fd=directory)
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def append(self, line: bytes) -> None:
        """Add *line*, wholly or not at all. Raises OSError: a full disk, most likely."""
        if (written := os.write(self._fd, line)) < len(line):
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def cut(self) -> None:
        """Forget everything: all of it has been acknowledged."""
        os.ftruncate(self._fd, 0)


def read_lines(path: str | os.PathLike[str]) -> list[bytes]:
    """The lines of a journal, the last perhaps cut in the middle. A journal that is gone has none."""
    try:
        with open(path, "rb") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def is_held(path: str | os.PathLike[str]) -> bool:
    """Whether the process that locked the file at *path* lives. A file that is gone is nobody's."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
