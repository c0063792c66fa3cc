"""Keeping the door open: the socket, the process behind it, and another one when that dies."""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from clusterctl.clock import Clock, patience
from clusterctl.door.where import address, door_path, group_id
from clusterctl.launch import import_path
from clusterctl.model.errors import Refused
from clusterctl.settings import Settings

CALM = 60.0  # seconds after a start, after which the next failure counts as the first
GOES_WITHIN = 2.0  # seconds, once its leash is cut
PROGRAM = (sys.executable, "-P", "-m", "schedd.door")
BACKLOG = 64  # connections that wait while a new process starts

log = logging.getLogger(__name__)


class Doorkeeper:
    """Opens the door of these settings, if they want one. Troubles with it are told, and never stop a schedd."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._path = door_path(settings)
        self._lock: int | None = None
        self._listener: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._death: int | None = None  # readable when the process has ended
        self._leash: int | None = None
        self._failures = 0
        self._tried = 0.0
        self._told = ""

    def look(self) -> None:
        """Open what should be open, if its time has come. Waits for nothing."""
        if self._path is None or (self._process is not None and self._process.poll() is None):
            return
        now = self._clock.seconds()
        if self._failures and now - self._tried < patience(self._failures - 1):
            return
        self._failures = self._failures + 1 if now - self._tried < CALM else 1
        self._tried = now
        try:
            self._open(self._path)
        except (OSError, Refused) as error:
            self._complain(f"no door at {self._path}: {getattr(error, 'strerror', None) or error}")

    def sockets(self) -> tuple[int, ...]:
        """What is readable when there is something to look at."""
        dead = self._process is None or self._process.returncode is not None
        return () if self._death is None or dead else (self._death,)

    def close(self) -> None:
        """Close the door, and see the process gone."""
        if self._listener is not None and self._path is not None:
            with suppress(OSError):
                self._path.unlink()  # nobody should come in any more, or wait for us to
            self._listener.close()
        self._cut_leash()
        if self._process is not None:
            try:
                self._process.wait(GOES_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._lock is not None:
            os.close(self._lock)
        self._lock = self._listener = self._process = None

    def _open(self, path: Path) -> None:
        """Raises OSError and Refused."""
        if self._listener is None:
            self._lock = self._lock if self._lock is not None else take_lock(path, self._settings)
            self._listener = bind(path, group_id(self._settings))
            log.info("door open at %s", path)
        elif self._process is not None:
            log.warning("the door's process ended (%s), starting another", self._process.returncode)
        self._told = ""
        self._start(self._listener)

    def _start(self, listener: socket.socket) -> None:
        self._cut_leash()
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(
                [*PROGRAM, str(listener.fileno())],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                pass_fds=(listener.fileno(),),
                env={**os.environ, **import_path()},
                start_new_session=True,  # a Ctrl-C is ours to heed
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._leash = ours
        self._death = os.pidfd_open(self._process.pid)

    def _cut_leash(self) -> None:
        for fd in (self._leash, self._death):
            if fd is not None:
                os.close(fd)
        self._leash = self._death = None

    def _complain(self, sentence: str) -> None:
        """Once for each sentence: we try again and again."""
        if sentence != self._told:
            log.warning("%s; commands ask Postgres themselves", sentence)
            self._told = sentence


def take_lock(path: Path, settings: Settings) -> int:
    """The lock beside the socket, held as long as we live: of several schedds the first has the door.

    Raises Refused if another has it, and OSError.
    """
    if not settings.door:  # somebody who named a place has made it, with the rights that he wants
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused("another schedd has it") from None
    except OSError:
        os.close(lock)
        raise
    return lock


def bind(path: Path, group: int | None) -> socket.socket:
    """A socket that listens at *path*, in place of a dead one's; never there with more rights than it should have.

    Raises Refused if something else is in its place, or we may not give it to *group*, and OSError.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise Refused("something is there that is no socket")
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        new.unlink()
    listener = socket.socket(socket.AF_UNIX)
    try:
        with address(new) as place:
            listener.bind(place)
        os.chmod(new, 0o600)
        if group is not None:
            give(new, group)
        listener.listen(BACKLOG)
        new.rename(path)
    except BaseException:
        listener.close()
        new.unlink(missing_ok=True)
        raise
    return listener


def give(path: Path, group: int) -> None:
    """Let *group* use the socket. Raises Refused if we may not, and OSError."""
    try:
        os.chown(path, -1, group)
    except PermissionError:
        raise Refused(f"the user of this schedd is not in group {group}, so may not give it to that") from None
    os.chmod(path, 0o660)
