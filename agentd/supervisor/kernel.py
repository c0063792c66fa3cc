"""What Linux offers and Python 3.11 has no name for."""

from __future__ import annotations

import ctypes
import fcntl
import math
import os
import signal
import struct
import time
from collections.abc import Iterable

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 15, 36
SIGSET_BYTES = 128
TFD_NONBLOCK, TFD_CLOEXEC, TFD_TIMER_ABSTIME = os.O_NONBLOCK, os.O_CLOEXEC, 1
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_TOPDIR_FL = 0x80086601, 0x40086602, 0x00020000  # linux/fs.h, on 64 bits


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends (a *subreaper*, prctl(2))."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def name_process(name: str) -> None:
    """What ``ps`` and ``top`` call this process; 15 bytes at most."""
    LIBC.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def signal_descriptor(signals: Iterable[signal.Signals]) -> int:
    """Block *signals*, and return a descriptor that is readable while one of them waits (signalfd(2)).

    Cheaper than a handler and ``set_wakeup_fd``: no system call is interrupted, and nothing runs in between.
    """
    wanted = set(signals)
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    mask = sum(1 << (number - 1) for number in wanted).to_bytes(SIGSET_BYTES, "little")
    fd: int = LIBC.signalfd(-1, mask, os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "signalfd")
    return fd


def read_signals(fd: int) -> set[int]:
    """The signals that wait at *fd*; each is taken once."""
    record = 128  # bytes of a struct signalfd_siginfo; its first word is the signal's number
    try:
        data = os.read(fd, 8 * record)
    except BlockingIOError:
        return set()
    return {int.from_bytes(data[start : start + 4], "little") for start in range(0, len(data), record)}


def timer_descriptor() -> int:
    """A descriptor that becomes readable at a moment of CLOCK_BOOTTIME, see ``set_timer`` (timerfd_create(2)).

    The patience of poll(2) is counted on CLOCK_MONOTONIC, which stands still while the machine is suspended.
    """
    fd: int = LIBC.timerfd_create(time.CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    return fd


def set_timer(fd: int, moment: float) -> None:
    """Make *fd* readable at *moment*, at once if that is over, never if it is infinity; and not readable before."""
    # A time of 0 would disarm it; 2**62 ns are 146 years.
    nanoseconds = 0 if moment == math.inf else max(1, min(int(moment * 1e9), 1 << 62))
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    if LIBC.timerfd_settime(fd, TFD_TIMER_ABSTIME, struct.pack("4l", 0, 0, seconds, rest), None) < 0:
        raise OSError(ctypes.get_errno(), "timerfd_settime")


def punch_hole(fd: int, begin: int, end: int) -> None:
    """Give the bytes from *begin* to *end* of a file back to its disk; they read as zeros from then on (fallocate(2)).

    The size stays. Raises OSError, with EOPNOTSUPP where the file system cannot do it.
    """
    mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    if LIBC.fallocate(fd, mode, ctypes.c_longlong(begin), ctypes.c_longlong(end - begin)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def spread_children(path: str) -> None:
    """Have ext4 lay directories in the directory *path* far apart, as if they had nothing to do with each other.

    Without it the directories of a spool share a few groups of inodes, where ext4 without a journal passes over each
    file that was deleted in the last minutes, at each that is made: up to a millisecond. Raises OSError, mostly where
    the file system is another one. Source: ioctl_iflags(2), FS_TOPDIR_FL.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(8)))
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("l", flags | FS_TOPDIR_FL))
    finally:
        os.close(fd)
