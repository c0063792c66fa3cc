"""Being the one who decides: taking a term, renewing it, losing it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from clusterctl.clock import Clock
from clusterctl.store import leader
from clusterctl.store.connection import Database
from clusterctl.store.leader import Leadership

PATIENCE = 10.0  # seconds that (term, renewals) must stand still, on our own clock, before we take over

log = logging.getLogger(__name__)


class Chair:
    """Whether this schedd leads. ``term`` is None while another does.

    ``is_dead`` tells of a holder that certainly runs no more; there is then no need to wait for it.
    """

    def __init__(self, db: Database, holder: str, clock: Clock, is_dead: Callable[[str], bool]) -> None:
        self.term: int | None = None
        self._db = db
        self._holder = holder
        self._clock = clock
        self._is_dead = is_dead
        self._renewed_at = 0.0
        self._seen: Leadership | None = None
        self._seen_at = 0.0

    def keep(self, rounds: int) -> int | None:
        """Renew the term, or try to begin one; the term, or None. Called at every pulse, from the main loop only."""
        now = self._clock.seconds()  # before the word that others will hear: they count from later
        if self.term is not None and not leader.renew(self._db, self.term, rounds):
            log.warning("term %d is over, another schedd leads", self.term)
            self.term = self._seen = None
        if self.term is None:
            self.term = self._try_to_take()
        if self.term is not None:
            self._renewed_at = now
        return self.term

    def may_decide(self) -> bool:
        """Leads, and has said so lately enough that no other can have begun to think it dead."""
        return self.term is not None and self._clock.seconds() - self._renewed_at < PATIENCE / 2

    def resign(self) -> None:
        """Let the next one begin at once."""
        if self.term is not None:
            leader.resign(self._db, self.term)
            log.info("resigned, term %d is over", self.term)
            self.term = None

    def _try_to_take(self) -> int | None:
        now, found = self._clock.seconds(), leader.observe(self._db)
        if found != self._seen:
            self._seen, self._seen_at = found, now
        # Ourselves: we took it, and the answer was lost.
        vacant = found.holder in ("", self._holder) or self._is_dead(found.holder)
        if not vacant and now - self._seen_at < PATIENCE:
            return None
        term = leader.take(self._db, found, self._holder)
        if term is not None:
            log.info("leader of term %d", term)
        return term
