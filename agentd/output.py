"""What jobs have written into the spool: deleted when it is old enough, and its attempt reported."""

from __future__ import annotations

import logging
import math
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from agentd.records import read_stories
from agentd.spool import Spool
from agentd.supervisor.kernel import punch_hole
from agentd.supervisor.output import HOPELESS
from clusterctl.clock import Clock, SystemClock
from clusterctl.output import spool as outputs

LONGEST_REST_S, SHORTEST_REST_S = 3600.0, 10.0  # between two passes over the whole directory
PASSES = 10  # in the time for which output is kept, if that gives no longer or shorter rest
REST_S, RESTS = 0.05, 8  # between two bites at least, and as many times as long as the last one took
MOST = 200  # files that go in one bite: some milliseconds, in which agentd hears nothing

log = logging.getLogger(__name__)


class Pruner:
    """Deletes output in *spool* that nobody has written to for *keep_s* seconds.

    Not that of an attempt which stands in a journal: it may be running, silent for weeks, or its end may still have to
    be reported. The journals are read once in a pass: what an attempt writes that begins later is young.
    """

    def __init__(self, spool: Spool, keep_s: float, clock: Clock | None = None) -> None:
        self._spool = spool
        self._clock = clock or SystemClock()
        self._rests_until = 0.0  # by our clock, while a pass is under way
        self._keep_s = keep_s
        self._rest_s = min(LONGEST_REST_S, max(SHORTEST_REST_S, keep_s / PASSES))
        self._left: list[str] = []  # directories of this pass, the next one last
        self._before = 0.0  # what is older goes in this pass
        self._spared: frozenset[int] | None = None  # jobs that stand in journals; None: not yet read
        self._next_pass = 0.0
        self._gone = 0  # files in this pass

    @property
    def has_begun(self) -> bool:
        """Whether a pass is under way."""
        return bool(self._left)

    def due(self) -> float:
        """When to ``go_on``, by our clock."""
        return self._rests_until if self._left else math.inf

    def go_on(self) -> None:
        """Work, if a pass is under way, and there was rest."""
        if self._clock.seconds() >= self.due():
            self.work()

    def work(self) -> None:
        """Take a bite, and rest for much longer: nobody shall notice."""
        begun = self._clock.seconds()
        self.bite(time.time())
        now = self._clock.seconds()
        self._rests_until = now + max(REST_S, RESTS * (now - begun))

    def bite(self, now: float) -> int:
        """See to one directory, or some of it, and return how many files are gone. *now* is seconds of the epoch."""
        if now < self._before + self._keep_s:  # the clock was set back: what is written now may look old to this pass
            self._left = []
        if not self._left and not self._begin(now):
            return 0
        gone = self._see_to(self._left[-1])
        if gone < MOST:
            self._left.pop()
        self._gone += gone
        if self._gone and not self._left:
            log.info("pruned %d outputs of jobs", self._gone)
        return gone

    def _begin(self, now: float) -> bool:
        """Whether there is something to see to, and time for it. A clock that was set back does not stop us."""
        if 0 < self._next_pass - now <= self._rest_s:
            return False
        self._next_pass, self._before, self._spared, self._gone = now + self._rest_s, now - self._keep_s, None, 0
        with suppress(OSError):  # unreadable: the next pass tries again
            self._left = outputs.directories(self._spool.output)
        return bool(self._left)

    def _see_to(self, name: str) -> int:
        with suppress(OSError):  # gone, or unreadable: it comes again in the next pass
            return len(outputs.prune(self._spool.output, name, before=self._before, standing=self._standing, most=MOST))
        return 0

    def _standing(self, _asked: Collection[int]) -> frozenset[int]:
        """The jobs that stand in the journals."""
        if self._spared is None:
            journals = [self._spool.journal(number) for number in self._spool.numbers()]
            self._spared = frozenset(
                story.begin.job_id for journal in journals for story in read_stories(journal).values()
            )
        return self._spared


def can_punch(directory: Path) -> bool:
    """Whether files in *directory* can lose their middle; also if a full disk keeps us from finding out."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            punch_hole(file.fileno(), 0, 1)
    except OSError as error:
        return error.errno not in HOPELESS
    return True
