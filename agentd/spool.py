"""The spool: the directory in which an agentd keeps everything that must outlive it.

``lock`` (one agentd at a time), ``warm`` (one warm process at a time), ``origin`` (which directory this is), ``synced``
(when the cluster last heard us), ``supervisors/`` (journals and sockets), ``output/`` (what jobs wrote, or notes of
where they did), ``scripts/`` (what they run), ``orders/`` (those too large for a socket), ``reports/`` (what services
say of themselves).
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agentd.journal import SYNCED_BYTES, boot_id, read_synced
from agentd.reports import APART
from clusterctl.model.errors import Refused

PLAIN_NUMBER = re.compile("[1-9][0-9]{0,17}")


class Spool:
    """Takes the directory *path* for this process; it is made if it is missing. Raises Refused if it is in use."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        for directory in (self.path, self.supervisors, self.output, self.scripts, self.orders, self.reports):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise Refused(
                f"another agentd uses the spool {self.path}", hint="give each worker a --spool of its own"
            ) from None
        self._boot = boot_id().encode()
        self._refuse_copy()
        self._synced = self._open_synced()

    @property
    def supervisors(self) -> Path:
        """Journals and sockets."""
        return self.path / "supervisors"

    @property
    def output(self) -> Path:
        """What jobs write when they do not say where."""
        return self.path / "output"

    @property
    def scripts(self) -> Path:
        """Scripts, by allocation id."""
        return self.path / "scripts"

    @property
    def orders(self) -> Path:
        """Large orders, by allocation id."""
        return self.path / "orders"

    @property
    def reports(self) -> Path:
        """What services report, by allocation id."""
        return self.path / "reports"

    def journal(self, number: int) -> Path:
        """The journal of supervisor *number*."""
        return self.supervisors / f"{number}.journal"

    def numbers(self) -> list[int]:
        """Of all supervisors that have left a journal or, if that was deleted, a socket; in order."""
        return sorted({number for path in self.supervisors.iterdir() if (number := number_of(path))})

    def leavings(self, allocation_id: int) -> Iterator[Path]:
        """The files that are of no use once the end of *allocation_id* is acknowledged."""
        yield self.scripts / str(allocation_id)
        yield self.orders / str(allocation_id)
        yield self.reports / str(allocation_id)
        yield self.reports / f"{allocation_id}{APART}"

    def written_for(self) -> set[int]:
        """The allocations that have such files."""
        paths = (*self.scripts.iterdir(), *self.orders.iterdir(), *self.reports.iterdir())
        return {int(path.name) for path in paths if PLAIN_NUMBER.fullmatch(path.name)}

    @property
    def synced(self) -> float:
        """The BOOTTIME of the sending of the last successful sync; 0 if there was none since boot."""
        return read_synced(self._synced) or 0.0

    def renew(self, moment: float) -> None:
        """Move ``synced`` on; never back. If the disk has no room even for that, the leases run out."""
        if moment > self.synced:
            with suppress(OSError):
                os.pwrite(self._synced, struct.pack("d", moment) + self._boot, 0)

    def close(self) -> None:
        """Leave the directory to another."""
        os.close(self._synced)
        os.close(self._lock)

    def _refuse_copy(self) -> None:
        """A copy tells of supervisors that hold the journals of the original: taking them for dead would kill jobs.

        The file ``origin`` says since which boot this very directory is a spool. Of another boot nothing runs.
        """
        place = os.stat(self.path)
        here, file = f"{boot_id()} {place.st_dev}:{place.st_ino}\n", self.path / "origin"
        said = file.read_text(errors="replace") if file.exists() else ""
        if said.startswith(boot_id()) and said != here:
            os.close(self._lock)
            raise Refused(
                f"the spool {self.path} is a copy of one that was used since this machine started",
                hint=f"use the original; if nothing that it started runs any more, delete {file}",
            )
        if said != here:
            with suppress(OSError):  # a full disk: then it is not known, and no worse than before
                file.write_text(here)

    def _open_synced(self) -> int:
        """Open the file, and start it from 0 if what it says is of another boot, whose clock said something else."""
        fd = os.open(self.path / "synced", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.pread(fd, len(self._boot), SYNCED_BYTES) != self._boot:
            os.pwrite(fd, bytes(SYNCED_BYTES) + self._boot, 0)
        return fd


def number_of(path: Path) -> int:
    """The supervisor whose file *path* is; 0 if it is nobody's. Only what we would call so ourselves is ours."""
    if path.suffix not in (".journal", ".sock") or not PLAIN_NUMBER.fullmatch(path.stem):
        return 0
    return int(path.stem)
