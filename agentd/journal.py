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
import math
import os
import stat
import struct
import time
from collections.abc import Iterator, Mapping
from typing import BinaryIO

SYNCED_BYTES = 8  # a native double; behind it stands the boot id that it belongs to
MOST_READ_BYTES = 4 << 20  # at each end of a journal
LONGEST_LINE_BYTES = 1 << 16
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


def read_synced(fd: int) -> float | None:
    """The BOOTTIME of the sending of the last successful sync; None if somebody has cut or spoilt the file.

    Read and not mapped: to touch a mapped file that was cut ends a process, and the supervisors of all jobs would.
    """
    data = os.pread(fd, SYNCED_BYTES, 0)
    moment = float(struct.unpack("d", data)[0]) if len(data) == SYNCED_BYTES else math.nan
    return moment if 0 <= moment <= boottime() else None


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

    @property
    def size(self) -> int:
        """Bytes."""
        return os.fstat(self._fd).st_size

    def cut_back(self, size: int) -> None:
        """Forget all but the first *size* bytes."""
        os.ftruncate(self._fd, size)

    def cut(self) -> None:
        """Forget everything: all of it has been acknowledged."""
        os.ftruncate(self._fd, 0)


def read_lines(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """The lines of a journal, the last perhaps cut in the middle; none, if what stands at *path* is no journal.

    A journal is a few KiB. Of a file beyond all measure both ends are read, and no line longer than any of ours.
    """
    fd = open_plain(path)
    if fd is None:
        return
    with open(fd, "rb") as file:
        size = os.fstat(fd).st_size
        yield from short_lines(file, MOST_READ_BYTES)
        if size > MOST_READ_BYTES:
            file.seek(max(MOST_READ_BYTES, size - MOST_READ_BYTES))
            yield from short_lines(file, MOST_READ_BYTES)


def short_lines(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines in the next *size* bytes of *file*, in pieces where they are longer than any of ours."""
    while size > 0 and (line := file.readline(min(size, LONGEST_LINE_BYTES))):
        size -= len(line)
        yield line


def is_held(path: str | os.PathLike[str]) -> bool:
    """Whether the process that locked the file at *path* lives. What is gone, or is no plain file, is nobody's."""
    fd = open_plain(path)
    if fd is None:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def open_plain(path: str | os.PathLike[str]) -> int | None:
    """A descriptor to read the plain file at *path*; None if there is none.

    Opening a pipe would wait for ever for who writes into it, and a link may lead anywhere.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            return None
        raise
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    return None
