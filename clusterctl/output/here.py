"""An output on this machine: the file itself."""

from __future__ import annotations

import os
import stat
import time

from clusterctl.model.errors import Refused
from clusterctl.output.pieces import NOTHING, Piece, read_piece
from clusterctl.output.tail import tail_start

SOONEST, LATEST = 0.02, 0.25  # seconds between two looks into a file that does not grow
NULL_DEVICE = os.makedev(1, 3)  # where output goes that nobody wants: as good as an empty file


class Here:
    """The file at *path*, which may not be there yet. Raises Refused."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._open()

    def read(self, begin: int, wait: float = 0.0) -> Piece:
        """See Reader: looks again and again, at first often."""
        deadline, rest = time.monotonic() + wait, SOONEST
        while True:
            piece = read_piece(self._fd, begin) if self._open() else NOTHING
            left = deadline - time.monotonic()
            if piece.is_news or left <= 0:
                return piece
            time.sleep(min(rest, left))
            rest = min(rest * 1.5, LATEST)

    def tail(self, lines: int) -> int:
        """See Reader."""
        return tail_start(self._fd, lines) if self._open() else 0

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _open(self) -> bool:
        """Whether it is there, now open."""
        if self._fd < 0:
            try:
                self._fd = open_plain(self._path)
            except (FileNotFoundError, NotADirectoryError):
                return False
            except OSError as error:
                raise Refused(f"cannot read {self._path}: {error.strerror}") from None
        return True


def open_plain(path: str, *, follow: bool = True, directory: int | None = None) -> int:
    """A descriptor of the plain file at *path*. Raises Refused for what is none, and OSError.

    Unless *follow*, a link is an error. A pipe would keep us waiting, and take from its readers. *directory* is where
    a relative *path* begins.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    fd = os.open(path, flags if follow else flags | os.O_NOFOLLOW, dir_fd=directory)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) and status.st_rdev != NULL_DEVICE:
        os.close(fd)
        raise Refused(f"{path} is not a plain file: what was written there is not kept")
    return fd
