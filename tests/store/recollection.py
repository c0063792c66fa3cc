"""A look with a memory, held against one without."""

from __future__ import annotations

from typing import Any

import msgspec

from clusterctl.model.snapshot import Snapshot
from clusterctl.model.steering import Steering
from clusterctl.store import snapshot
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory

# Every part of a look is looked at: what each tenant and each replica holds, and what ends when.
CURIOUS = Steering(service_placement="slo", batch_placement="slo", starve_after=0.0)


def differences(db: Database, memory: Memory, steering: Steering = CURIOUS) -> dict[str, tuple[Any, Any]]:
    """Fields of the snapshot that are others with *memory* than without: as they are remembered, and as they are."""
    remembered = snapshot.look(db, steering, max_starts=10, grace_s=30.0, memory=memory)
    fresh = snapshot.look(db, steering, max_starts=10, grace_s=30.0)
    fields = (name for name in Snapshot.__struct_fields__ if name != "at")
    pairs = {name: (in_order(name, remembered), in_order(name, fresh)) for name in fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def in_order(field: str, seen: Snapshot) -> Any:
    """That part of it; of ends in the same moment, none comes before another."""
    return sorted(seen.endings, key=msgspec.json.encode) if field == "endings" else getattr(seen, field)
