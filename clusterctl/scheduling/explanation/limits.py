"""What the limits of jobs promise in a replay: by when each lets go of its worker, and where a job has room first.

The replay ends jobs when they are expected to end; a worker is kept by when they must (``backfill``), grace and all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from clusterctl.model.circumstances import Holding
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Ending, QueueGroup
from clusterctl.scheduling import backfill

Key = int  # of what is held, as the replay counts


class Limits:
    """The endings of what is held, worker by worker, as time passes."""

    def __init__(self, now: float, grace_s: float, holdings: Iterable[Holding]) -> None:
        self._grace_s = grace_s
        self._of: dict[int, dict[Key, Ending]] = defaultdict(dict)
        self._moments: dict[int, float] = {}  # when the head fits on each worker; what has changed is left out
        self._head: str | None = None
        for number, held in enumerate(holdings):
            self.begin(
                number, held.worker_id, held.request, held.time_limit_s, now if held.since is None else held.since
            )

    def begin(self, key: Key, worker_id: int, request: Resources, limit_s: int | None, since: float) -> None:
        """Somebody holds *request* since then."""
        if limit_s is not None:
            self._of[worker_id][key] = Ending(worker_id=worker_id, request=request, at=since + limit_s + self._grace_s)
        self._moments.pop(worker_id, None)

    def end(self, key: Key, worker_id: int) -> None:
        """That is over."""
        self._of[worker_id].pop(key, None)
        self._moments.pop(worker_id, None)

    def of(self, workers: Iterable[int]) -> Iterator[Ending]:
        """The endings on these workers."""
        for worker_id in workers:
            yield from self._of[worker_id].values()

    def first_room(self, head: QueueGroup, free: Mapping[int, Resources]) -> int | None:
        """On which of the workers whose *free* is given *head* fits first, of equals the first given; None: unknown."""
        if self._head != head.shape:
            self._head, self._moments = head.shape, {}
        for worker_id, room in free.items():
            if worker_id not in self._moments:
                endings = [backfill.Ending(each.at, each.request) for each in self._of[worker_id].values()]
                self._moments[worker_id] = backfill.once_enough(head.request, room, endings).at
        first = min(free, key=lambda worker_id: self._moments[worker_id], default=None)
        return None if first is None or math.isinf(self._moments[first]) else first
