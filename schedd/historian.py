"""What becomes history: how the cluster fares, now and then."""

from __future__ import annotations

from clusterctl.daemon import Agenda
from clusterctl.settings import Settings
from clusterctl.store import history
from clusterctl.store.connection import Database


class Historian:
    """Of one schedd. Who leads next goes on where it has ended: the last row says until when all is told."""

    def __init__(self, db: Database, settings: Settings, due: Agenda) -> None:
        self._db = db
        self._every = settings.history_every
        self._due = due

    def keep(self, term: int) -> None:
        """Write a row, if that is due. Raises Moved when the term is over."""
        if self._due.is_due("history", self._every):
            history.record(self._db, term, self._every)
