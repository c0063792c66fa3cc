"""Outputs as they are by now, read through the absences of the agents that have them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from clusterctl.cli.display.narration import tell
from clusterctl.model.errors import NotFound, Outage
from clusterctl.wording import outputs
from clusterctl.wording.outputs import ended

if TYPE_CHECKING:
    from clusterctl.cli.display.writing import Sink
    from clusterctl.cluster import Cluster
    from clusterctl.model.output import OutputPicture
    from clusterctl.output.pieces import Piece
    from clusterctl.output.reader import Readers

AWAY_S = 3.0  # seconds for which an agent may be away while nothing more will be written
SOONEST_S, LATEST_S = 0.1, 2.0  # between two tries

T = TypeVar("T")


class Wanted(NamedTuple):
    """What is wanted of a job's output. ``attempt``: None for the newest; ``every``: from the first one on."""

    attempt: int | None = None
    every: bool = False
    tail: int | None = None  # only the last lines of an attempt
    stderr: bool = False


class Reading:
    """Reads what *look* finds, by *readers*. Each time that its agent fails to answer it is looked for anew.

    An agent that is started anew listens elsewhere, and only Postgres knows where. While the attempt runs and we
    *follow* it, that is waited for; else not for longer than AWAY_S. Then, and of a worker that is lost, ``read`` and
    ``tail`` raise Outage, which says where the output lies.
    """

    def __init__(self, look: Callable[[], OutputPicture], readers: Readers, *, follow: bool = False) -> None:
        self._look = look
        self._readers = readers
        self._follow = follow
        self.found = look()
        self._reader = readers.open(self.found)

    def read(self, begin: int, wait: float = 0.0) -> Piece:
        """See Reader. Raises Outage and Refused."""
        return self._insist(lambda: self._reader.read(begin, wait))

    def tail(self, lines: int) -> int:
        """See Reader. Raises Outage and Refused."""
        return self._insist(lambda: self._reader.tail(lines))

    def look(self) -> OutputPicture:
        """How it is by now."""
        self.found = self._look()
        return self.found

    def close(self) -> None:
        """Let go of it."""
        self._reader.close()

    def _insist(self, act: Callable[[], T]) -> T:
        """*act*, through an absence of the agent."""
        since, failures = time.monotonic(), 0
        while True:
            try:
                return act()
            except Outage as outage:
                self._meet_again()
                if self._is_in_vain(time.monotonic() - since):
                    raise
                if self._follow and failures == 1:  # once is what a restart costs
                    tell(f"{outage}; still waiting")
                time.sleep(min(SOONEST_S * 2 ** min(failures, 10), LATEST_S))
                failures += 1

    def _meet_again(self) -> None:
        """Find the agent where it is now."""
        self._reader.close()
        self._reader = self._readers.open(self.look())

    def _is_in_vain(self, away_s: float) -> bool:
        found = self.found
        if found.live_state == "lost":
            return True
        if self._follow and not found.ended:
            return False
        return away_s > AWAY_S or (found.live_reason == "stopped" and not self._follow)


def show_job(cluster: Cluster, job_id: int, wanted: Wanted, sink: Sink) -> int:
    """What is wanted of a job's output, as it is by now, into *sink*; how much that was.

    Raises NotFound, Outage and Refused.
    """
    from clusterctl import views
    from clusterctl.output.reader import Readers

    total = 0
    numbers: list[int | None] = [wanted.attempt]
    story = views.job(cluster, job_id)
    if wanted.every:
        numbers = [*sorted(each.attempt for each in story.attempts if each.allocated_at)] or numbers
    with Readers() as readers:
        for number in numbers:
            look = partial(views.output, cluster, job_id, attempt=number, stderr=wanted.stderr)
            with closing(Reading(look, readers)) as reading:
                total += show(reading, sink, wanted.tail)
                if wanted.every and reading.found.ended:
                    tell(ended(story, reading.found.attempt))
    return total


def show(reading: Reading, sink: Sink, tail: int | None) -> int:
    """Copy what there is by now, or its last *tail* lines, into *sink*; how much that was. Raises NotFound."""
    begin = shown = 0 if tail is None else reading.tail(tail)
    while (piece := reading.read(begin)).end > begin:
        sink.write(piece)
        begin = piece.end
    if piece.size is None and reading.found.ended:
        raise gone(reading.found)
    return begin - shown


def gone(found: OutputPicture) -> NotFound:
    """Of an attempt that has ended and has no output."""
    return NotFound(outputs.gone(found), f"`clusterctl job {found.job_id}` tells how it ended")
