"""EASY backfilling: one worker is kept for the first job that waits for room, so that none behind it can delay it.

(Lifka, "The ANL/IBM SP Scheduling System", 1995; here with named workers and several kinds of resources.) That job, the
*head*, is promised the worker on which it fits first if all limits are true. Until then others may use what is free
there, if they end before; and beyond that moment what the head leaves. So whatever starts behind it, it fits there at
the moment that it was promised, or before.

Where nothing tells when anything ends, there is no such moment. Then nothing is kept, for ``starve_after``; but a job
that has waited so long is given the worker that lacks least, and what comes free there waits for it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from clusterctl.model.plan import Shadow
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.scheduling.roster import Members, Roster, each

TRIES = 4  # jobs for which a worker to keep is looked for in vain: each look goes over many workers


class Ending(NamedTuple):
    """A moment, and how much comes free then, or is."""

    at: float
    freed: Resources


class Promise(NamedTuple):
    """Where the head fits, and when (seconds since the epoch; None: nobody knows), and what it leaves there then."""

    position: int
    at: float | None
    extra: Resources


class Keeper:
    """Finds the worker to keep, and knows who would be in its way."""

    def __init__(self, snapshot: Snapshot, roster: Roster) -> None:
        self._snapshot = snapshot
        self._roster = roster
        self._tries = TRIES if snapshot.steering.backfill == "easy" else 0
        self._started: list[tuple[QueueGroup, int]] = []
        self.shadow: Shadow | None = None

    def note(self, group: QueueGroup, at: int) -> None:
        """A job of *group* has started on the worker at that position."""
        if group.time_limit_s is not None and self.shadow is None:
            self._started.append((group, at))

    def ends_in_time(self, group: QueueGroup) -> bool:
        """Whether a job of *group* that starts now is over before the head needs its worker."""
        if self.shadow is None or self.shadow.at is None or group.time_limit_s is None:
            return False
        return self._end(group) <= self.shadow.at

    def look(self, group: QueueGroup, taken: int, members: Members, free: Sequence[Resources]) -> int | None:
        """Keep one of *members* for the job of *group* whose turn it is; where it stands, None if none is kept.

        *members*: all that could hold it if they were empty.
        """
        if not self._tries or self.shadow is not None or group.kind == "service" or not members:
            return None
        self._tries -= 1
        promise = self._first(group.request, members, free)
        if promise is None and self._snapshot.at - group.submitted[taken] >= self._snapshot.steering.starve_after:
            promise = nearest(group.request, members, free)
        if promise is None:
            return None
        self.shadow = Shadow(
            job_id=group.ids[taken],
            shape=group.shape,
            worker_id=self._roster.workers[promise.position].id,
            at=promise.at,
            extra=promise.extra,
        )
        return promise.position

    def _first(self, request: Resources, members: Members, free: Sequence[Resources]) -> Promise | None:
        """The member on which *request* fits first, by all ends that are known; of equals, the first by name."""
        earliest, soonest = None, math.inf
        for position, endings in sorted(self._endings().items()):
            if members >> position & 1:
                at, left = once_enough(request, free[position], endings)
                if at < soonest:
                    earliest, soonest = Promise(position, at, left - request), at
        return earliest

    def _endings(self) -> dict[int, list[Ending]]:
        """What ends on each worker; what should have ended already does so now."""
        now = self._snapshot.at
        position_of = {worker.id: position for position, worker in enumerate(self._roster.workers)}
        endings: dict[int, list[Ending]] = defaultdict(list)
        for ending in self._snapshot.endings:
            if ending.worker_id in position_of:
                endings[position_of[ending.worker_id]].append(Ending(max(now, ending.at), ending.request))
        for group, position in self._started:
            endings[position].append(Ending(self._end(group), group.request))
        return endings

    def _end(self, group: QueueGroup) -> float:
        """When a job of *group* that starts now is over at last."""
        return self._snapshot.at + (group.time_limit_s or 0) + self._snapshot.grace_s


def once_enough(request: Resources, free: Resources, endings: Sequence[Ending]) -> Ending:
    """Let what a worker holds end, until *request* fits: when that is, and what is free then. Infinite if it never is.

    What ends in the same moment comes free as well.
    """
    enough = math.inf
    for ending in sorted(endings, key=lambda ending: ending.at):
        if ending.at > enough:
            break
        free += ending.freed
        if request <= free:
            enough = ending.at
    return Ending(enough, free)


def nearest(request: Resources, members: Members, free: Sequence[Resources]) -> Promise:
    """The member that lacks least, of equals the first by name; of each kind, what is asked for is kept there."""
    position = min(each(members), key=lambda position: lack(request, free[position]))
    return Promise(position, None, beyond(free[position], request))


def lack(request: Resources, free: Resources) -> float:
    """The part of *request* that is missing, added up over the kinds."""
    asked = request.cpu_milli, request.memory_mb, request.gpus
    has = free.cpu_milli, free.memory_mb, free.gpus
    return sum((wish - there) / max(wish, 1) for wish, there in zip(asked, has, strict=True) if there < wish)


def beyond(free: Resources, request: Resources) -> Resources:
    """What there is of each kind beyond what is asked for."""
    rest = free - request
    return Resources(max(0, rest.cpu_milli), max(0, rest.memory_mb), max(0, rest.gpus))
