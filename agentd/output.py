"""What jobs have written into the spool: deleted when it is old enough, and its attempt reported."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from agentd.records import read_stories
from agentd.spool import Spool
from agentd.supervisor.kernel import punch_hole
from agentd.supervisor.output import HOPELESS
from clusterctl.output import spool as outputs

REST_S = 3600.0  # between two passes over the whole directory

log = logging.getLogger(__name__)


class Pruner:
    """Deletes output in *spool* that nobody has written to for *keep_s* seconds.

    Not that of an attempt which stands in a journal: it may be running, silent for weeks, or its end may still have to
    be reported.
    """

    def __init__(self, spool: Spool, keep_s: float) -> None:
        self._spool = spool
        self._keep_s = keep_s
        self._left: list[str] = []  # directories of this pass, the next one last
        self._next_pass = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether a pass is under way."""
        return bool(self._left)

    def bite(self, now: float) -> int:
        """See to one directory, a thousand jobs, and return how many files are gone. *now* is seconds of the epoch."""
        with suppress(OSError):  # gone, or unreadable: it comes again in the next pass
            if not self._left:
                if 0 < self._next_pass - now <= REST_S:
                    return 0
                self._left, self._next_pass = outputs.directories(self._spool.output), now + REST_S
            if self._left:
                before, name = now - self._keep_s, self._left.pop()
                gone = outputs.prune(self._spool.output, name, before=before, standing=self._standing)
                if gone:
                    log.info("pruned %d outputs of jobs, the first %s", len(gone), gone[0][0])
                return len(gone)
        return 0

    def _standing(self, _asked: Collection[int]) -> set[int]:
        """The jobs that stand in the journals."""
        journals = [self._spool.journal(number) for number in self._spool.numbers()]
        return {story.begin.job_id for journal in journals for story in read_stories(journal).values()}


def can_punch(directory: Path) -> bool:
    """Whether files in *directory* can lose their middle; also if a full disk keeps us from finding out."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            punch_hole(file.fileno(), 0, 1)
    except OSError as error:
        return error.errno not in HOPELESS
    return True
