"""Forgetting what is old, in bites so small that no round waits for one: history never slows the present."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from clusterctl.clock import Clock
from clusterctl.settings import Settings
from clusterctl.store import history, rounds, services
from clusterctl.store.connection import Database

BITE_S = 0.02  # that one bite should take: the next of its kind is smaller, or larger
LEAST, MOST = 100, 5000  # rows of a bite
PASSES = 100  # over all retried jobs, in the time for which their attempts are kept
SHORTEST_S, LONGEST_S = 0.05, 0.25  # for all bites of one go: the longer we lag behind, the more

UNTOLD = "rounds"  # of them a fixed number is kept: that the oldest go is no news

log = logging.getLogger(__name__)


class Bite(NamedTuple):
    """What came of one: rows that are gone, and whether there is more."""

    gone: int
    more: bool


Kind = Callable[[int], Bite]  # forgets at most so many rows


class Pruner:
    """Of one schedd. A disk may be a hundred times slower than another, so how much is a bite is found by trying."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._allowed_s = SHORTEST_S
        self._kinds = kinds(db, settings, clock)
        self._sizes = dict.fromkeys(self._kinds, LEAST)
        self._left: list[str] = []  # kinds of which there may be more, the next one first
        self._gone: Counter[str] = Counter()  # since the last time that nothing was left

    def go(self) -> bool:
        """Forget, for a moment; True if there is more, so that we should soon be called again."""
        until = self._clock.seconds() + self._allowed_s
        self._left = self._left or list(self._kinds)
        while self._left:
            kind = self._left.pop(0)
            if self._bite(kind):
                self._left.append(kind)
            if self._clock.seconds() >= until:
                break
        self._allowed_s = min(1.05 * self._allowed_s, LONGEST_S) if self._left else SHORTEST_S
        if not self._left:
            self._tell()
        return bool(self._left)

    def _bite(self, kind: str) -> bool:
        """Whether there is more."""
        size, begun = self._sizes[kind], self._clock.seconds()
        self._sizes[kind] = max(LEAST, size // 2)  # for the next time, should this one be given up
        gone, more = self._kinds[kind](size)
        took = self._clock.seconds() - begun
        if took <= BITE_S:
            self._sizes[kind] = min(2 * size, MOST) if more and took < BITE_S / 2 else size
        self._gone[kind] += gone
        return more

    def _tell(self) -> None:
        if gone := [f"{count} {kind}" for kind, count in self._gone.items() if count and kind != UNTOLD]:
            log.info("pruned %s", ", ".join(gone))
        self._gone.clear()


class Attempts:
    """Of retried jobs. There may be many of which nothing is left to forget: a pass over them is made now and then."""

    def __init__(self, db: Database, keep_s: float, clock: Clock) -> None:
        self._db = db
        self._keep_s = keep_s
        self._clock = clock
        self._above = 0  # up to this job the pass has come; 0: none is under way
        self._next_pass = clock.seconds()

    def bite(self, most: int) -> Bite:
        """Of so many jobs."""
        now = self._clock.seconds()
        if not self._above:
            if now < self._next_pass:
                return Bite(0, more=False)
            self._next_pass = now + self._keep_s / PASSES
        gone, self._above = history.prune_attempts(self._db, self._keep_s, self._above, most)
        return Bite(gone, more=self._above > 0)


def kinds(db: Database, settings: Settings, clock: Clock) -> dict[str, Kind]:
    """What is forgotten, and how."""

    def plain(prune: Callable[[Database, float, int], int], keep_s: float) -> Kind:
        def bite(most: int) -> Bite:
            gone = prune(db, keep_s, most)
            return Bite(gone, more=gone >= most)

        return bite

    return {
        "jobs": plain(history.prune_jobs, settings.keep_jobs),
        "allocations": Attempts(db, settings.keep_allocations, clock).bite,
        "claims": plain(history.prune_claims, settings.keep_claims),
        "samples": plain(history.prune_samples, settings.keep_samples),
        "moments of history": plain(history.prune_history, settings.keep_history),
        "services": plain(services.prune, settings.keep_jobs),
        "audit entries": plain(history.prune_audit, settings.keep_audit),
        UNTOLD: plain(rounds.prune, settings.keep_claims),
    }
