"""How many jobs have their turn before this one: counted by group, since a hundred thousand may stand there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from clusterctl.model.circumstances import Crowd
from clusterctl.model.explanation import Position
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.order import ORDERS, Standing, capacity_up

Line = tuple[QueueGroup, Crowd]


def find(scene: Scene) -> Position:
    """Where it stands, if each job before it were to start: that is what gives tenants their turns."""
    level_of, row_of = ORDERS[scene.snapshot.queue_order]
    mine = scene.group
    lines = [(group, scene.crowds[group.shape]) for group in scene.snapshot.queue]
    higher = [line for line in lines if level_of(line[0]) > level_of(mine)]
    rows: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if level_of(line[0]) == level_of(mine):
            rows[row_of(line[0])].append(line)
    own = rows.pop(row_of(mine))
    shares = Shares(scene.snapshot, higher, row_of)
    my_share = shares.after(row_of(mine), amount((group, crowd.before) for group, crowd in own))
    others = sum(started_before(shares, name, row, my_share) for name, row in rows.items())
    return Position(
        before=jobs_of(higher) + sum(crowd.before for _, crowd in own) + others,
        of=jobs_of(lines),
        exact=all(len(row) == 1 for row in rows.values()),
    )


class Shares:
    """What share each row has once all *higher* lines have started, and some more of its own."""

    def __init__(self, snapshot: Snapshot, higher: Iterable[Line], row_of: Callable[[QueueGroup], str]) -> None:
        self._total = capacity_up(snapshot.workers)
        self._weights = snapshot.weights
        self._held = dict(snapshot.used)
        for group, crowd in higher:
            row = row_of(group)
            self._held[row] = self._held.get(row, Resources()) + times(group.request, crowd.jobs)

    def after(self, row: str, more: Resources) -> float:
        """The share of *row* when it has been given *more*."""
        held = self._held.get(row, Resources()) + more
        return Standing(held, self._total, self._weights.get(row, 1.0)).share


def started_before(shares: Shares, name: str, row: list[Line], my_share: float) -> int:
    """How many jobs of another row start while its share is less than mine; at equal shares, the older ones."""
    jobs = jobs_of(row)
    whole = amount((group, crowd.jobs) for group, crowd in row)

    def share(count: int) -> float:
        # Of several sizes the mixture counts: nobody knows in which order they stand without reading them all.
        return shares.after(name, portion(whole, count, jobs))

    poorer = first(lambda count: share(count) >= my_share, jobs)
    not_richer = first(lambda count: share(count) > my_share, jobs)
    return max(poorer, min(not_richer, sum(crowd.before for _, crowd in row)))


def first(holds: Callable[[int], bool], most: int) -> int:
    """The smallest number from 0 to *most* of which *holds* is true, once true always true; *most* if none."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def jobs_of(lines: Iterable[Line]) -> int:
    """How many jobs stand there."""
    return sum(crowd.jobs for _, crowd in lines)


def amount(parts: Iterable[tuple[QueueGroup, int]]) -> Resources:
    """What so many jobs of each group ask for."""
    return sum((times(group.request, count) for group, count in parts), start=Resources())


def times(request: Resources, count: int) -> Resources:
    """*count* times as much."""
    return Resources(request.cpu_milli * count, request.memory_mb * count, request.gpus * count)


def portion(whole: Resources, count: int, jobs: int) -> Resources:
    """What *count* of *jobs* ask for on average, if all of them ask for *whole*."""
    parts = (kind * count // jobs for kind in (whole.cpu_milli, whole.memory_mb, whole.gpus))
    return Resources(*parts)
