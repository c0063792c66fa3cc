"""What becomes of services at each pulse: rolling restarts go on, and every worker gets the replicas it should have."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from clusterctl.model.services import Rearrangement, rearrange
from clusterctl.store import jobs, service_keeping
from clusterctl.store.connection import Database

log = logging.getLogger("schedd")


def keep(db: Database, term: int, *, wake: Callable[[Sequence[str]], object]) -> None:
    """Do what is due; *wake* is told which workers have to restart something. Raises Moved when deposed."""
    if rolled := service_keeping.roll(db, term):
        for each in rolled:
            log.info("restarting replica %d of service %d on %s", each.job_id, each.service_id, each.worker)
        wake(sorted({each.worker for each in rolled}))
    spread(db, term)


def spread(db: Database, term: int) -> None:
    """Bring workers and the replicas together of services that want one on each."""
    if not service_keeping.is_wanted_anywhere(db):
        return
    service_keeping.pin_placed(db, term)
    due = rearrange(service_keeping.missing(db), service_keeping.spares(db))
    if not (due.pin or due.make or due.cancel):
        return
    with db.transaction():
        service_keeping.lead(db, term)
        carry_out(db, term, due)
    if due.make or due.cancel:
        log.info("services on every worker: %d replicas made, %d cancelled", len(due.make), len(due.cancel))


def carry_out(db: Database, term: int, due: Rearrangement) -> None:
    """Write it, in a transaction of the leader's: what locks jobs first."""
    if due.pin:
        service_keeping.pin(db, term, due.pin)
    if due.cancel:
        jobs.cancel(db, due.cancel, "no worker is there any more that it is for")
    if due.make:
        service_keeping.make(db, due.make)
