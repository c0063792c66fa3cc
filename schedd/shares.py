"""What is due to whom: the use of tenants of late is brought up to now, and what operators have ruled is told."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from clusterctl.model.steering import Ruling
from clusterctl.settings import Settings
from clusterctl.store import grants, steering
from clusterctl.store.connection import Database

log = logging.getLogger(__name__)


class Shares:
    """Of one schedd, while it leads."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._told: dict[str, str] = {}

    def keep(self, term: int) -> None:
        """Do it. Raises Moved when the term is over."""
        rulings = steering.read(self._db)
        self._tell(rulings)
        if half_life := steering.applied(self._settings, rulings).fair_half_life:
            grants.age(self._db, term, half_life)

    def _tell(self, rulings: Sequence[Ruling]) -> None:
        """Say what is new."""
        for each in rulings:
            if self._told.get(each.name) == each.value:
                continue
            if not each.readable:
                log.warning(
                    "%s, set by %s, cannot be understood and is ignored: %a", each.name, each.set_by, each.value
                )
            else:
                log.info("%s is %s, set by %s", each.name, each.value, each.set_by)
        now = {each.name: each.value for each in rulings}
        for name in self._told.keys() - now.keys():
            log.info("%s is our own setting again", name)
        self._told = now
