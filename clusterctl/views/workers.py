"""Workers as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound
from clusterctl.model.pictures import WorkerPicture, WorkerStory
from clusterctl.model.selection import Limit

if TYPE_CHECKING:
    from clusterctl.store import steering, worker_rows
else:  # whoever asks through the door needs none of it
    steering, worker_rows = later("clusterctl.store", "steering worker_rows")


class WorkerList(msgspec.Struct, frozen=True, kw_only=True):
    """The first workers by name, and how many more there are."""

    workers: tuple[WorkerPicture, ...]
    more: int


@served
def worker_page(cluster: Cluster, limit: Limit = 500) -> WorkerList:
    """The first workers by name, as ``worker_list`` tells them; what is not shown is not read."""
    within = steering.in_force(cluster.db, cluster.settings).measure_ttl
    found = worker_rows.read(cluster.db, reported_within_s=within, most=limit + 1)
    more = worker_rows.count(cluster.db) - limit if len(found) > limit else 0
    return WorkerList(workers=tuple(with_ttls(cluster, found[:limit])), more=max(more, 0))


@served
def worker_list(cluster: Cluster, name: str | None = None) -> list[WorkerPicture]:
    """All workers, or the one, with the life left in their Redis keys. Raises NotFound for an unknown name."""
    found = workers_on_record(cluster, name)
    if name is not None and not found:
        raise NotFound(f"no worker {name!r}", "`clusterctl workers` lists them")
    return with_ttls(cluster, found)


def with_ttls(cluster: Cluster, found: Sequence[WorkerPicture]) -> list[WorkerPicture]:
    """The same, each with the life that is left in its key."""
    from clusterctl.live import heartbeats  # noqa: PLC0415 - see Cluster.redis

    ttls = heartbeats.ttls(cluster.redis, [worker.name for worker in found])
    return [msgspec.structs.replace(worker, heartbeat_ttl_s=ttls.get(worker.name)) for worker in found]


@served
def worker(cluster: Cluster, name: str) -> WorkerStory:
    """One worker and what it holds. Raises NotFound."""
    (found,) = worker_list(cluster, name)
    return WorkerStory(worker=found, holds=tuple(worker_rows.holdings(cluster.db, name)))


@served
def workers_on_record(cluster: Cluster, name: str | None = None) -> list[WorkerPicture]:
    """The same as Postgres knows them, Redis unasked."""
    within = steering.in_force(cluster.db, cluster.settings).measure_ttl
    return worker_rows.read(cluster.db, name, reported_within_s=within)
