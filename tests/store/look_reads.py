"""What schedd reads at every look, and when it looks again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusterctl.model.steering import Steering
from clusterctl.store import grants, holdings, loads, snapshot
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory
from tests.store.scene import read_queue


def workers(db: Database) -> list[int]:
    """Their ids."""
    return [id for (id,) in db.rows("SELECT id FROM workers")]


def look_again(db: Database) -> None:
    """As the leader does round after round: at first at everything, then at what has changed."""
    memory = Memory()
    for _ in range(2):
        snapshot.look(db, Steering(), max_starts=50, memory=memory)


CALLS: dict[str, Callable[[Any], object]] = {
    "queue": lambda crowd: read_queue(crowd.db, 64),
    "read_workers": lambda crowd: snapshot.read_workers(crowd.db),
    "what they hold": lambda crowd: holdings.read_shares(crowd.db, workers(crowd.db)),
    "when it ends": lambda crowd: holdings.read_endings(crowd.db, workers(crowd.db)),
    "a look, and another": lambda crowd: look_again(crowd.db),
    "read_loads": lambda crowd: loads.read_loads(crowd.db),
    "read_reports": lambda crowd: loads.read_reports(crowd.db, 120),
    "grants": lambda crowd: grants.of(crowd.db, ["default"]),
}
