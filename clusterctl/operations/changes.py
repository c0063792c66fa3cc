"""How a change is made: again, while the world moves under it; and then those whom it concerns are woken."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clusterctl.cluster import Cluster
from clusterctl.model.errors import Moved

T = TypeVar("T")
TRIES = 5  # how often a change is tried against a world that keeps moving


def again(change: Callable[[], T]) -> T:
    """Make a guarded change, looking again while the world moves under it."""
    for _ in range(TRIES - 1):
        try:
            return change()
        except Moved:
            continue
    return change()


def wake_workers(cluster: Cluster, names: set[str]) -> None:
    """These workers have orders or stops."""
    from clusterctl import live  # noqa: PLC0415 - see Cluster.redis

    live.bell.wake(cluster.redis, *(live.bell.worker(name) for name in sorted(names)))
