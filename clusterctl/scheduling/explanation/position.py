"""How many jobs have their turn before this one: counted by group, since a hundred thousand may stand there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from clusterctl.model.circumstances import Crowd
from clusterctl.model.explanation import Position
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.order import Standing, capacity_up, counted, order_of

Line = tuple[QueueGroup, Crowd]


def find(scene: Scene) -> Position:
    """Where it stands, if each job before it were to start: that is what gives tenants their turns."""
    level_of, row_of = order_of(scene.snapshot)
    mine = scene.group
    lines = [(group, scene.crowds[group.shape]) for group in scene.snapshot.queue]
    levels, my_level = [level_of(group) for group, _ in lines], level_of(mine)
    higher = [line for line, level in zip(lines, levels, strict=True) if level > my_level]
    rows: dict[str, list[Line]] = defaultdict(list)
    for line, level in zip(lines, levels, strict=True):
        if level == my_level:
            rows[row_of(line[0])].append(line)
    own = rows.pop(row_of(mine))
    shares = Shares(scene.snapshot, higher)
    my_share = shares.after(row_of(mine), amount((group, ahead(mine, group, crowd)) for group, crowd in own))
    others = sum(started_before(shares, name, row, my_share) for name, row in rows.items())
    return Position(
        before=jobs_of(higher) + sum(ahead(mine, *line) for line in own) + others,
        of=jobs_of(lines),
        exact=all(len(row) == 1 for row in rows.values()),
    )


def ahead(mine: QueueGroup, group: QueueGroup, crowd: Crowd) -> int:
    """How many jobs of a group in the same row have their turn before mine: replicas of lost workers come first."""
    if group.displaced != mine.displaced:
        return crowd.jobs if group.displaced else 0
    return crowd.before


class Shares:
    """What share each tenant has once all *higher* lines have started, and some more of its own."""

    def __init__(self, snapshot: Snapshot, higher: Iterable[Line]) -> None:
        self._snapshot = snapshot
        self._total = capacity_up(snapshot.workers)
        self._given: dict[str, Resources] = defaultdict(Resources)
        for group, crowd in higher:
            self._given[group.tenant] += times(group.request, crowd.jobs)

    def after(self, tenant: str, more: Resources) -> float:
        """The share of *tenant* when it has been given *more*."""
        held = counted(self._snapshot, tenant) + self._given[tenant] + more
        return Standing(held, self._total, self._snapshot.weights.get(tenant, 1.0)).share


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
