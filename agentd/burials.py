"""Attempts that nobody looks after any more: their trees are killed, and their ends told once nothing is left.

What is stuck in the kernel dies when it comes out, perhaps in hours. So nobody waits for it: one look, and another
after a pause that grows.
"""

from __future__ import annotations

import logging
import math
import signal
from collections.abc import Collection, Iterable

import msgspec
from msgspec.structs import replace

from agentd.attempts import ended
from agentd.journal import boottime
from agentd.lost import Look
from agentd.records import Ended, Story
from agentd.supervisor.tree import Process, send_signals
from clusterctl.clock import Clock
from clusterctl.model.states import Outcome

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 5.0

log = logging.getLogger(__name__)


class Burial(msgspec.Struct, kw_only=True):
    """One of them. ``end`` is what is told; ``untraced``, if there is one, instead of it if nothing was ever found."""

    story: Story
    end: Ended
    untraced: Ended | None = None
    look_at: float = 0.0  # on the loop's clock
    pause: float = FIRST_PAUSE_S
    was_found: bool = False

    @property
    def true_end(self) -> Ended:
        """What is told, now that nothing of it is left."""
        end = self.untraced if self.untraced and not self.was_found else self.end
        return replace(end, at=boottime())


class Burials:
    """Those that are not over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[tuple[int, str], Burial] = {}  # by allocation and token

    def __contains__(self, attempt: tuple[int, str]) -> bool:
        return attempt in self._open

    def add(self, story: Story) -> None:
        """See to the attempt of which a journal tells *story*."""
        begin = story.begin
        detail = f"its supervisor, process {begin.supervisor_pid}, was lost"
        end = ended(begin.allocation_id, begin.token, Outcome.SUPERVISOR_LOST, detail)
        self._open.setdefault((begin.allocation_id, begin.token), Burial(story=story, end=end))

    def seek(self, story: Story, untraced: Ended) -> None:
        """See to *story*'s attempt, of which no journal tells; if no trace of it is found, its end is *untraced*."""
        begin = story.begin
        detail = "it ran, and its supervisor and its journal are gone"
        end = ended(begin.allocation_id, begin.token, Outcome.SUPERVISOR_LOST, detail)
        self._open.setdefault((begin.allocation_id, begin.token), Burial(story=story, end=end, untraced=untraced))

    def look(self, *, untraced_too: bool = True) -> list[Ended]:
        """Kill what is left of those that are due; the ends of those of which nothing is, in two looks in a row.

        Without *untraced_too* those that may turn out never to have begun are left for later: somebody may still
        begin them.
        """
        if not self._open:
            return []
        now = self._clock.seconds()
        due = [burial for burial in self._sought(untraced_too) if burial.look_at <= now]
        empty = self._kill(self._kill(due))
        for burial in empty:
            del self._open[(burial.story.begin.allocation_id, burial.story.begin.token)]
        return [burial.true_end for burial in empty]

    def due(self, *, untraced_too: bool = True) -> float:
        """When there is something to look at, on the loop's clock; infinity if there is nothing."""
        return min((burial.look_at for burial in self._sought(untraced_too)), default=math.inf)

    def _sought(self, untraced_too: bool) -> list[Burial]:
        return [burial for burial in self._open.values() if untraced_too or not burial.untraced]

    def _kill(self, burials: Collection[Burial]) -> list[Burial]:
        """Kill what one look finds of *burials*; those of which it finds nothing."""
        if not burials:
            return []
        look, empty = Look(), []
        for burial in burials:
            if found := look.tree(burial.story):
                send_signals(found, signal.SIGKILL)
                self._put_off(burial, found)
            else:
                empty.append(burial)
        return empty

    def _put_off(self, burial: Burial, found: Iterable[Process]) -> None:
        burial.was_found = True
        burial.look_at = self._clock.seconds() + burial.pause
        if burial.pause < LONGEST_PAUSE_S <= 2 * burial.pause:
            stuck = ", ".join(f"{process.pid} ({process.state.decode()})" for process in found)
            log.warning("allocation %d is killed and does not die: %s", burial.story.begin.allocation_id, stuck)
        burial.pause = min(2 * burial.pause, LONGEST_PAUSE_S)
