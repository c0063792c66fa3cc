"""The files that a job writes to, and how much of each may stay on the disk.

Nobody stands between a job and its output, so nobody can hold it back. Instead its supervisor looks at the size of the
files, seldom while they are quiet and often while they grow, and takes the middle out of one that is too large: the
beginning says what was tried, the end how it went. What is taken becomes a hole (fallocate(2)), and the hole itself is
the record of it: readers find it with SEEK_HOLE, whoever's file it is. The descriptors are those that the job was
given, so a file that it removes, cuts or puts something else in the place of is still the one that is looked at.

A burst can go beyond the cap until the next look, and an output that a supervisor cannot see grow (it is stopped, or
dead) grows.
"""

from __future__ import annotations

import errno
import math
import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from agentd.supervisor.kernel import punch_hole

FIRST_S = 0.5  # until the first look
SOONEST_S, QUIET_S, LATEST_S = 0.05, 2.0, 60.0  # between two looks, if it grows; if it is quiet; at most
FASTEST = 4 << 30  # bytes a second: what a disk may swallow before anybody looks again
UNBOUNDED = 1 << 62  # bytes of a file system that does not know how large it is: one in memory
BLOCK = 1 << 16  # bytes; holes begin and end at multiples: no part of a disk block is cleared and kept
MOST_PIECES = 1000  # between holes; a job can make millions, and nobody counts them
HOPELESS = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.ESTALE, errno.ENODEV)


class Output:
    """The outputs of one attempt; each may hold *cap* bytes of the disk, 0 for any number.

    *opened* are their descriptors, each with what fstat(2) told before there was a process that could write: whoever
    asks afterwards may find that it has written megabytes. The descriptors are closed by ``close``, or at once if they
    are no plain files: a pipe that we held open would never end. Call ``look`` when ``moment`` (BOOTTIME) has come.
    """

    def __init__(self, opened: Iterable[tuple[int, os.stat_result]], cap: int, now: float) -> None:
        self._cap = cap
        self._streams: list[Stream] = []
        known: set[tuple[int, int]] = set()
        for fd, status in opened:
            if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) in known:
                os.close(fd)
                continue
            known.add((status.st_dev, status.st_ino))
            self._streams.append(Stream(fd, status, now))
        self.dropped = 0  # bytes; known once it is closed
        self.moment = now + FIRST_S if cap and self._streams else math.inf

    def look(self, now: float) -> None:
        """Take the middle out of what has grown too large, and decide when to look again."""
        if now >= self.moment:
            self.moment = now + min(stream.look(self._cap, now) for stream in self._streams)

    def is_out_of_room(self) -> bool:
        """Whether the disk of one of them is full."""
        with suppress(OSError):
            return any(stream.room() == 0 for stream in self._streams)
        return False

    def close(self) -> None:
        """Look for the last time, and let go of the files."""
        for stream in self._streams:
            if self._cap:
                with suppress(OSError):
                    stream.trim(self._cap)
            self.dropped += stream.dropped
            os.close(stream.fd)
        self._streams, self.moment = [], math.inf


class Stream:
    """A plain file, open as *fd*, that looked like *status* when the attempt began."""

    def __init__(self, fd: int, status: os.stat_result, now: float) -> None:
        self.fd = fd
        self.dropped = 0
        self._first = status.st_size  # what lies before it is of an earlier attempt, or the user's own
        self._before = held(status)
        self._seen, self._seen_at = status.st_size, now
        self._pause = FIRST_S

    def look(self, cap: int, now: float) -> float:
        """Trim it; seconds until the next look.

        A file that grows is looked at again when, at its rate of late, half of what it may still hold is filled. One
        that is quiet is left in peace twice as long each time, but not so long that it could fill half of what its
        disk has left. What cannot be trimmed is left alone.
        """
        try:
            status = self.trim(cap)
            room = self.room()
        except OSError as error:
            return math.inf if error.errno in HOPELESS else LATEST_S
        rate = max(0, status.st_size - self._seen) / max(now - self._seen_at, SOONEST_S)
        self._seen, self._seen_at = status.st_size, now
        # Not below an eighth: a file system that gives nothing back must not keep us busy.
        free = max(cap - held(status) + self._before, cap // 8)
        soon = max(SOONEST_S, free / (2 * rate)) if rate else math.inf
        self._pause = min(soon, 2 * self._pause, LATEST_S, max(QUIET_S, room / (2 * FASTEST)))
        return self._pause

    def trim(self, cap: int) -> os.stat_result:
        """Take the middle out, if more than *cap* bytes of the disk are held. Raises OSError.

        The first half of *cap* is kept, and a quarter of what came last: the rest is free until the next time. What is
        taken depends on the size alone, not on earlier holes: the job may have cut its file meanwhile. To take again
        what has been taken costs next to nothing.
        """
        status = os.fstat(self.fd)
        self._first, self._before = min(self._first, status.st_size), min(self._before, held(status))
        if not self.holds_more_than(cap, status):
            return status
        begin = -(-(self._first + cap // 2) // BLOCK) * BLOCK
        end = (status.st_size - cap // 4) // BLOCK * BLOCK
        if begin < end:
            punch_hole(self.fd, begin, end)
            self.dropped = end - begin
        return os.fstat(self.fd)

    def holds_more_than(self, cap: int, status: os.stat_result) -> bool:
        """Whether the attempt has more than *cap* bytes in it. Most outputs are small, and their size alone tells.

        What stat(2) tells of a file may be megabytes too little while the kernel writes it back: ext4 counts what
        waits for its place on the disk, and what has one, one after the other. So a "no" is checked.
        """
        if status.st_size - self._first <= cap:
            return False
        return held(status) - self._before > cap or stored(self.fd, self._first, cap) > cap

    def room(self) -> int:
        """Bytes that may still be written where the file is. Raises OSError."""
        disk = os.fstatvfs(self.fd)
        return disk.f_bavail * disk.f_frsize if disk.f_blocks else UNBOUNDED


def held(status: os.stat_result) -> int:
    """Bytes of the disk that a file holds: holes, the job's own too, hold none."""
    return status.st_blocks * 512  # stat(2): whatever the size of a block is


def stored(fd: int, begin: int, enough: int) -> int:
    """Bytes of a file from *begin* on that are in no hole, or some number above *enough*. 0 if it cannot be opened.

    Through a descriptor of our own: the job shares the other one's place in the file. What comes after
    ``MOST_PIECES`` is not counted.
    """
    total = 0
    with suppress(OSError):  # ENXIO at the end; or the job has forbidden its file to everybody
        own = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            for _ in range(MOST_PIECES):
                begin = os.lseek(own, begin, os.SEEK_DATA)
                end = os.lseek(own, begin, os.SEEK_HOLE)
                total, begin = total + end - begin, end
                if total > enough:
                    break
        finally:
            os.close(own)
    return total


NO_OUTPUT = Output((), 0, 0.0)  # of an attempt that has not begun
