"""The spool: the directory in which an agentd keeps everything that must outlive it.

``lock`` (one agentd at a time), ``warm`` (one warm process at a time), ``synced`` (when the cluster last heard us),
``supervisors/`` (journals and sockets), ``output/`` (what jobs wrote), ``scripts/`` (what they run), ``orders/`` (those
too large for a socket).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from agentd.journal import boot_id
from clusterctl.model.errors import Refused

SYNCED_BYTES = 8  # a native double; behind it stands the boot id that it belongs to


class Spool:
    """Takes the directory *path* for this process; it is made if it is missing. Raises Refused if it is in use."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        for directory in (self.path, self.supervisors, self.output, self.scripts, self.orders):
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

    def journal(self, number: int) -> Path:
        """The journal of supervisor *number*."""
        return self.supervisors / f"{number}.journal"

    def numbers(self) -> list[int]:
        """Of all supervisors that have left a journal, in order."""
        return sorted(int(path.stem) for path in self.supervisors.glob("*.journal") if path.stem.isdecimal())

    def leavings(self, allocation_id: int) -> Iterator[Path]:
        """The files that are of no use once the end of *allocation_id* is acknowledged."""
        yield self.scripts / str(allocation_id)
        yield self.orders / str(allocation_id)

    def written_for(self) -> set[int]:
        """The allocations that have such files."""
        paths = (*self.scripts.iterdir(), *self.orders.iterdir())
        return {int(path.name) for path in paths if path.name.isdecimal()}

    @property
    def synced(self) -> float:
        """The BOOTTIME of the sending of the last successful sync; 0 if there was none since boot."""
        (moment,) = struct.unpack_from("d", self._synced)
        return float(moment)

    def renew(self, moment: float) -> None:
        """Move ``synced`` on; never back."""
        if moment > self.synced:
            struct.pack_into("d", self._synced, 0, moment)  # one aligned word: a reader sees the old or the new

    def close(self) -> None:
        """Leave the directory to another."""
        self._synced.close()
        os.close(self._lock)

    def _open_synced(self) -> mmap.mmap:
        """Map the file, and start it from 0 if what it says is of another boot, whose clock said something else."""
        boot = boot_id().encode()
        fd = os.open(self.path / "synced", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.pread(fd, len(boot), SYNCED_BYTES) != boot:
                os.pwrite(fd, bytes(SYNCED_BYTES) + boot, 0)
            return mmap.mmap(fd, SYNCED_BYTES)
        finally:
            os.close(fd)
