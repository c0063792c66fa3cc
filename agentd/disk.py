"""Whether the disk under the spool has room for the output of more jobs."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from clusterctl.units import about_memory

MB = 1 << 20
LEAST_SHARE, LEAST_MB = 0.05, 200  # almost full: less than both the share and the amount are free
RELIEF = 1.5  # so much more must be free again: what is deleted to make room is soon written anew

log = logging.getLogger(__name__)


class Disk:
    """The disk under *spool*; remembers whether it was almost full."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._is_low = False

    def trouble(self) -> str:
        """Why there should be no more work for now; empty if nothing speaks against it. A change is logged."""
        try:
            disk = os.statvfs(self._spool)
        except OSError as error:
            return self._tell(f"the spool {self._spool} is out of reach: {error.strerror}")
        free, total = disk.f_bavail * disk.f_frsize / MB, disk.f_blocks * disk.f_frsize / MB
        if not is_low(free, total, was_low=self._is_low):
            return self._tell("")
        return self._tell(
            f"disk almost full: {about_memory(free)} free of {about_memory(total)} in {self._spool}",
        )

    def _tell(self, trouble: str) -> str:
        if trouble and not self._is_low:
            log.warning("%s: no new jobs until there is room", trouble)
        elif self._is_low and not trouble:
            log.info("the disk under %s has room again", self._spool)
        self._is_low = bool(trouble)
        return trouble


def is_low(free_mb: float, total_mb: float, *, was_low: bool) -> bool:
    """Whether so little is free that no more jobs should come; once it was, it takes more to end it."""
    least = min(total_mb * LEAST_SHARE, LEAST_MB)
    return free_mb < (least * RELIEF if was_low else least)
