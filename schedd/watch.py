"""Listening for the workers: who is silent, and who has been silent for so long that what it held is lost."""

from __future__ import annotations

import logging
from collections import Counter

from clusterctl.clock import Clock
from clusterctl.model.liveness import Verdict
from clusterctl.model.states import LiveState
from clusterctl.scheduling.liveness import judge
from clusterctl.settings import Settings
from clusterctl.store import administration, releases, workers
from clusterctl.store.connection import Database
from clusterctl.units import format_duration
from schedd.silence import Silence

MOST_AT_ONCE = 500  # allocations lost in one transaction

log = logging.getLogger("schedd")


class Watch:
    """Adds up silence, and draws the conclusions. Only a leader may ``keep`` it; it begins to lead with none."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        self._db = db
        self._settings = settings
        self._clock = clock
        self._withheld: tuple[str, ...] = ()
        self._silent: set[int] = set()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all silence: another has listened meanwhile. That only delays."""
        self._silence = Silence(longest_step=2 * self._settings.round_every)

    def note_outage(self) -> None:
        """Nobody could be heard for a while. Who was silent before still is."""
        self._silence.forgive(self._silent)

    def keep(self, term: int) -> bool:
        """Listen, and act; True if more was lost than goes into one transaction. Raises Moved when deposed."""
        theirs, pulses = workers.pulses(self._db)
        beats = {pulse.worker_id: pulse.beat for pulse in pulses}
        self._silence.hear(beats, ours=self._clock.seconds(), theirs=theirs)
        self._silent = {pulse.worker_id for pulse in pulses if pulse.live_state is LiveState.SILENT}
        settings = self._settings
        verdict = judge(
            pulses,
            self._silence.seconds,
            silent_after=silent_after(settings),
            lost_after=settings.term_grace + settings.lease_margin,
        )
        if verdict.silent:
            for name in workers.silence(self._db, term, verdict.silent):
                log.warning("worker silent: %s, it gets no new work", name)
        self._tell_withheld(verdict)
        if any(pulse.overstays for pulse in pulses):
            self._end_drains(term)
        holders = {pulse.worker_id for pulse in pulses if pulse.holds}
        return self._lose(term, verdict, holders)

    def _lose(self, term: int, verdict: Verdict, holders: set[int]) -> bool:
        """Take from the overdue among *holders* what is lost, and declare the others lost themselves."""
        overdue = verdict.overdue
        ended = []
        if holding := {worker: standing for worker, standing in overdue.items() if worker in holders}:
            ended = releases.lose(self._db, term, holding, MOST_AT_ONCE)
        if ended:
            fates = Counter(each.state.value for each in ended)
            told = ", ".join(f"{count} {state}" for state, count in sorted(fates.items()))
            log.warning("lost %d attempts with their workers, their jobs are now: %s", len(ended), told)
        settings = self._settings
        fence = settings.lease + settings.term_grace + settings.lease_margin
        if any(standing.seconds > fence for worker, standing in overdue.items() if worker not in holders):
            for name in releases.declare_lost(self._db, term, overdue, fence):
                log.warning("worker lost: %s, not heard for %s", name, format_duration(round(fence)))
        return len(ended) == MOST_AT_ONCE

    def _end_drains(self, term: int) -> None:
        """What has not ended by the deadline of a drain runs elsewhere."""
        releases.release_undrained(self._db, term)
        for name in administration.end_drains(self._db, term):
            log.warning("worker %s should have drained by now: what runs there is stopped, and runs elsewhere", name)

    def _tell_withheld(self, verdict: Verdict) -> None:
        """Raise the alarm when so many are silent that nobody is declared lost, and say when that is over."""
        if verdict.withheld and not self._withheld:
            log.error(
                "more than half of the workers are silent at once: nobody is declared lost, not even %s; "
                "mend the network, or confirm each that is dead: clusterctl worker NAME --confirm-dead",
                ", ".join(verdict.withheld[:8]),
            )
        if self._withheld and not verdict.withheld:
            log.info("loss is declared again: enough workers are heard")
        self._withheld = verdict.withheld


def silent_after(settings: Settings) -> float:
    """Seconds of silence, as they are added up, after which a worker gets no new work.

    Its last beat may have come a pulse before it was heard, and the next look is a pulse away: so two less than what is
    promised. But one lost beat is not silence, nor if the next comes half a beat late: ``silent_after`` is three beats.
    """
    return max(settings.silent_after - 2 * settings.round_every, settings.silent_after * 5 / 6)
