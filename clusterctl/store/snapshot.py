"""The leader's look: workers, the heads of the queue, and what the rules of placement want to know besides."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.steering import Steering
from clusterctl.store import grants, loads
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory
from clusterctl.store.queue import could_start, read_fronts, read_heads

NONE = (Resources(), 0)  # what is held, and by how many


def look(
    db: Database,
    steering: Steering,
    *,
    max_starts: int,
    grace_s: float = 0.0,
    also: Sequence[QueueGroup] = (),
    memory: Memory | None = None,
) -> Snapshot:
    """A snapshot; nothing is locked. Its cost grows with workers, shapes and what can start, not with the queue.

    What only some rules look at is read only when they have something to place. *also*: groups that do not stand in the
    queue, and of which one wants to know what would become of them. *grace_s*: what jobs have beyond their limits.
    *memory*: of looks before. What has not changed since is not read again, and the snapshot is the same as without.
    """
    memory = memory or Memory()
    at = read_time(db)
    muster, holdings = memory.muster, memory.holdings
    muster.refresh(db)
    fronts = read_fronts(db, memory.groups)
    memory.groups = {group.shape: group for group in fronts}
    names = {group.tenant for group in (*fronts, *also)}
    granted = grants.of(db, names) if names else {}
    bounds = {name: each.quota for name, each in granted.items() if each.quota is not None}
    used = holdings.used(db, muster.digests) if len(names) > 1 or bounds else {}
    quotas = {name: replace(quota, holds=used[name][1] if name in used else 0) for name, quota in bounds.items()}
    numbers = {
        group.shape: min(max_starts, most + 1)
        for group in fronts
        if (most := could_start(group, muster.room, quotas.get(group.tenant), used.get(group.tenant, NONE)[0]))
    }
    queue = read_heads(db, fronts, numbers)
    groups = (*queue, *also)
    workers = muster.workers
    if any(at - group.submitted[0] >= steering.starve_after for group in groups):
        workers = muster.with_enduring(holdings.enduring(db, muster.digests))
    easy = steering.backfill == "easy" and bool(groups)
    return Snapshot(
        at=at,
        workers=loads.loaded(db, workers, steering, {group.kind for group in groups}, memory),
        queue=queue,
        used={name: held for name, (held, _) in used.items()},
        recent={name: each.recent for name, each in granted.items()} if steering.fair_half_life else {},
        weights={name: each.weight for name, each in granted.items()},
        quotas=quotas,
        endings=holdings.endings(db, muster.digests) if easy else (),
        grace_s=grace_s,
        steering=steering,
        max_starts=max_starts,
    )


def read_time(db: Database) -> float:
    """The database's clock, seconds since the epoch."""
    return float(db.value("SELECT extract(epoch FROM cluster_time())::float8"))


def read_workers(db: Database) -> tuple[float, tuple[WorkerPicture, ...]]:
    """The database's time, and every worker that is not forgotten."""
    at, muster = read_time(db), Memory().muster
    muster.refresh(db)
    return at, muster.workers
