"""EASY backfilling: one worker is kept for the first job that waits for room, so that none behind it can delay it.

(Lifka, "The ANL/IBM SP Scheduling System", 1995; here with named workers and several kinds of resources.) That job, the
*head*, is promised the worker on which it fits first if all limits are true. Until then others may use what is free
there, if they end before; and beyond that moment what the head leaves. So whatever starts behind it, it fits there at
the moment that it was promised, or before.

Where nothing tells when anything ends, there is no such moment. Then nothing is kept, for ``starve_after``; but a job
that has waited so long is given the worker that lacks least, and what comes free there waits for it.

Under ``drf`` another tenant's turn comes first in every round, and the first that waits for room is another one each
time; a worker that is kept for each of them in turn is kept for none. So there it is kept for the oldest of the highest
priority that finds no room as the round begins, and none that is younger may delay it, whosever turn it is.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from clusterctl.model import snapshot as snapshots
from clusterctl.model.plan import Shadow
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.scheduling.order import Level, Line, is_overdue, is_urgent, order_of
from clusterctl.scheduling.roster import Members, Roster, each

LOOKS = 4  # over all workers, in vain, for one to keep; at fewer of them so many more
OVERRUN_S = 60.0  # beyond its limit and grace nobody knows any more when a job is over
ELDERS = 8  # groups, the oldest, of whom one may find no room as the round begins


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
        self._looks = LOOKS * len(snapshot.workers) if snapshot.steering.backfill == "easy" else 0
        self._started: list[snapshots.Ending] = []
        self._level_of, _ = order_of(snapshot)
        self._before: tuple[Level, float, int] | None = None  # of a head that was chosen by its age
        self.shadow: Shadow | None = None

    def elders(self) -> list[QueueGroup]:
        """The oldest batch jobs of the highest priority, if it is to be one of these for whom a worker is kept."""
        snapshot = self._snapshot
        batch = [group for group in snapshot.queue if group.kind == "batch"]
        if not self._looks or snapshot.steering.queue_order != "drf" or len({group.tenant for group in batch}) < 2:
            return []
        most = max(group.priority for group in batch)
        urgent = (group for group in batch if group.priority == most)
        return nsmallest(ELDERS, urgent, key=lambda group: (group.submitted[0], group.ids[0]))

    def goes_before(self, line: Line) -> bool:
        """Whether the head, chosen by its age, must let that line pass: a higher priority, or one that is older."""
        if self._before is None:
            return False
        level, submitted, job_id = self._before
        group, taken = line.group, line.taken
        return line.level > level or (
            line.level == level and (group.submitted[taken], group.ids[taken]) < (submitted, job_id)
        )

    def note(self, group: QueueGroup, at: int) -> None:
        """A job of *group* has started on the worker at that position."""
        if group.time_limit_s is not None and self.shadow is None:
            worker_id = self._roster.workers[at].id
            self._started.append(snapshots.Ending(worker_id=worker_id, request=group.request, at=self._end(group)))

    def ends_in_time(self, group: QueueGroup) -> bool:
        """Whether a job of *group* that starts now is over before the head needs its worker."""
        if self.shadow is None or self.shadow.at is None or group.time_limit_s is None:
            return False
        return self._end(group) <= self.shadow.at

    def may_look(self, group: QueueGroup, taken: int) -> bool:
        """Whether a worker may be kept for the job of *group* whose turn it is."""
        if self._looks <= 0 or self.shadow is not None:
            return False
        return group.kind == "batch" or is_urgent(group, group.submitted[taken], self._snapshot)

    def look(self, group: QueueGroup, taken: int, members: Members, free: Sequence[Resources]) -> int | None:
        """Keep one of *members* for the job that ``may_look``; where it stands, None if none is kept.

        *members*: all that could hold it if they were empty.
        """
        submitted, snapshot = group.submitted[taken], self._snapshot
        if not members:
            return None
        self._looks -= members.bit_count()
        promise = self._first(group.request, members, free)
        if promise is None and is_overdue(submitted, snapshot):
            promise = nearest(group.request, self._ever(group.request, members), free)
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

    def keep_by_age(self, group: QueueGroup, members: Members, free: Sequence[Resources]) -> int | None:
        """As ``look``, before the first turn, for one of the ``elders``."""
        position = self.look(group, 0, members, free) if self.may_look(group, 0) else None
        if position is not None:
            self._before = self._level_of(group), group.submitted[0], group.ids[0]
        return position

    def _first(self, request: Resources, members: Members, free: Sequence[Resources]) -> Promise | None:
        """The member on which *request* fits first, by all ends that are known; of equals, the first by name.

        Time runs once, over all workers together, and only until there is room.
        """
        has: dict[int, Resources] = {}  # by then, where something has ended
        found, soonest = set[int](), math.inf
        for ending in self._endings():
            if ending.at > soonest:
                break
            at = self._roster.positions.get(ending.worker_id)
            if at is not None and members >> at & 1:
                has[at] = now_has = has.get(at, free[at]) + ending.request
                if request <= now_has:
                    found.add(at)
                    soonest = max(ending.at, self._snapshot.at)  # what should just have ended does so now
        return Promise(min(found), soonest, has[min(found)] - request) if found else None

    def _ever(self, request: Resources, members: Members) -> list[int]:
        """Those of *members* where *request* fits once all that ends has ended."""
        workers = self._roster.workers
        return [at for at in each(members) if request <= workers[at].capacity - workers[at].enduring]

    def _endings(self) -> Iterator[snapshots.Ending]:
        """All ends that are known, the first first; those that are long overdue tell nothing."""
        known = sorted((*self._snapshot.endings, *self._started), key=attrgetter("at"))
        return islice(known, bisect_left(known, self._snapshot.at - OVERRUN_S, key=attrgetter("at")), None)

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


def nearest(request: Resources, positions: Sequence[int], free: Sequence[Resources]) -> Promise | None:
    """The one that lacks least, of equals the first by name; of each kind, what is asked for is kept there."""
    if not positions:
        return None
    position = min(positions, key=lambda position: lack(request, free[position]))
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
