"""Forgetting what is old, a bounded bite at a time, so that history never slows the present."""

from __future__ import annotations

import logging

from clusterctl.settings import Settings
from clusterctl.store import history, rounds, services
from clusterctl.store.connection import Database

log = logging.getLogger(__name__)


def prune(db: Database, settings: Settings) -> bool:
    """One bite of everything that may be forgotten; True if there was so much that there may be more."""
    bites = {
        "jobs": (history.prune_jobs(db, settings.keep_jobs, 5000), 5000),
        "allocations": (history.prune_allocations(db, settings.keep_allocations, 5000), 5000),
        "claims": (history.prune_claims(db, settings.keep_claims, 5000), 5000),
        "samples": (history.prune_samples(db, settings.keep_samples, 20000), 20000),
        "moments of history": (history.prune_history(db, settings.keep_history, 20000), 20000),
        "services": (services.prune(db, settings.keep_jobs, 5000), 5000),
        "audit entries": (history.prune_audit(db, settings.keep_audit, 5000), 5000),
    }
    rounds.prune(db, settings.keep_claims)  # of a fixed number it is no news that the oldest go
    gone = [f"{count} {what}" for what, (count, _) in bites.items() if count]
    if gone:
        log.info("pruned %s", ", ".join(gone))
    return any(count >= most for count, most in bites.values())
