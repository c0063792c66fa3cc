"""Waking schedd: it listens where the truth is, and needs no Redis to be quick.

A hint, like every bell: whoever misses it looks at the next pulse. Rung in a statement of its own, after the commit
that it tells of: a transaction that notifies holds a lock of the whole server while it is flushed to disk.
"""

from __future__ import annotations

from contextlib import suppress

from clusterctl.model.errors import Moved, Outage
from clusterctl.store.connection import Database

SCHEDD = "clusterctl_schedd"


def ring(db: Database) -> None:
    """There is something to decide. Fails nobody: the change that this tells of is made already."""
    with suppress(Outage, Moved):  # Moved: others that notify held the lock for too long
        db.run("SELECT pg_notify(%s, '')", SCHEDD)
