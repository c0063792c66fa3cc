"""The planner once more, as plainly as it can be said: job by job, worker by worker. It keeps the quick one honest."""

from __future__ import annotations

from typing import Literal

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState

Free = dict[int, Resources]  # by worker id


def decide(snapshot: Snapshot) -> tuple[list[tuple[int, int]], dict[int, Free]]:
    """(job, worker) for each start, in turn; and for each group that waited, by its position, what was free then."""
    free = {worker.id: worker.free for worker in snapshot.workers}
    held = dict(snapshot.used)
    taken = [0] * len(snapshot.queue)
    starts: list[tuple[int, int]] = []
    waited: dict[int, Free] = {}
    while len(starts) < snapshot.max_starts:
        standing = [at for at, group in enumerate(snapshot.queue) if at not in waited and taken[at] < len(group.ids)]
        if not standing:
            break
        at = min(standing, key=lambda at: turn(snapshot, at, taken[at], held))
        group = snapshot.queue[at]
        worker = None if taken[at] == group.slots else best(snapshot, group, free)
        if worker is None:
            waited[at] = dict(free)
            continue
        starts.append((group.ids[taken[at]], worker.id))
        taken[at] += 1
        free[worker.id] -= group.request
        held[group.tenant] = held.get(group.tenant, Resources()) + group.request
    return starts, waited


def turn(snapshot: Snapshot, at: int, taken: int, held: dict[str, Resources]) -> tuple[float, ...]:
    group = snapshot.queue[at]
    age = group.submitted[taken], group.ids[taken]
    if snapshot.queue_order == "fifo":
        return age
    if snapshot.queue_order == "priority":
        return -group.priority, *age
    return -group.priority, share(snapshot, group.tenant, held), *age


def share(snapshot: Snapshot, tenant: str, held: dict[str, Resources]) -> float:
    up = [worker.capacity for worker in snapshot.workers if worker.live_state == LiveState.UP]
    mine = held.get(tenant, Resources())
    kinds: tuple[Literal["cpu_milli", "memory_mb", "gpus"], ...] = ("cpu_milli", "memory_mb", "gpus")
    totals = {kind: sum(getattr(capacity, kind) for capacity in up) for kind in kinds}
    weight = snapshot.weights.get(tenant, 1.0)
    return max((getattr(mine, kind) / (total * weight) for kind, total in totals.items() if total), default=0.0)


def willing(worker: WorkerPicture, group: QueueGroup, free: Free) -> bool:
    return (
        worker.live_state == LiveState.UP
        and worker.admin_state == AdminState.OPEN
        and group.worker in (None, worker.name)
        and group.labels.items() <= worker.labels.items()
        and group.request <= worker.capacity
        and group.request <= free[worker.id]
    )


def best(snapshot: Snapshot, group: QueueGroup, free: Free) -> WorkerPicture | None:
    def rank(worker: WorkerPicture) -> tuple[int, int, int, str]:
        left = free[worker.id] - group.request
        sign = {"pack": 1, "spread": -1, "first_fit": 0}[snapshot.batch_placement]
        return sign * left.gpus, sign * left.cpu_milli, sign * left.memory_mb, worker.name

    return min((worker for worker in snapshot.workers if willing(worker, group, free)), key=rank, default=None)
