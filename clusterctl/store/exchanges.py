"""What an agent asks and tells while it is busy, as one transaction in one round trip."""

from __future__ import annotations

from clusterctl.model.orders import Order
from clusterctl.store.allocations import read_order
from clusterctl.store.connection import Ask, Database
from clusterctl.store.releases import Ended, read_ends


def start_and_end(db: Database, start: Ask, end: Ask) -> tuple[list[Order], list[Ended]]:
    """*start* of ``allocations.starting``, then *end* of ``releases.ending``.

    In this order: ends lock the worker, and jobs must be locked before it.
    """
    started, ended = db.together(start, end)
    return [read_order(row) for row in started], read_ends(ended)
