"""Who stands in the way: the jobs that hold what this one needs, on the worker that it can have first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.model.circumstances import Holding
from clusterctl.model.explanation import Blocker
from clusterctl.model.resources import Resources
from clusterctl.scheduling.explanation import ends
from clusterctl.scheduling.explanation.ends import End
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.explanation.spans import about, clock, moment
from clusterctl.scheduling.filters import sift
from clusterctl.scheduling.quotas import is_beyond
from clusterctl.scheduling.roster import Members, each

MOST = 10  # that are listed
Timed = tuple[Holding, End]


class Room(NamedTuple):
    """What must go from one worker. ``lack``: the part of what is asked for that is missing, over all kinds."""

    worker_id: int
    blockers: tuple[Timed, ...]
    enough_at: float | None  # when so much has ended that the job fits; None: nothing tells
    lack: float


def of_size(scene: Scene) -> Members:
    """The workers on which nothing but their being full is against the job."""
    sieve = sift(replace(scene.group, slots=None), scene.unbounded)
    return sieve.left | sieve.lost.get("fits_now", 0)


def rooms(scene: Scene) -> list[Room]:
    """Each worker that could hold the job, and what stands in the way there; the first to have room comes first."""
    held: dict[int, list[Timed]] = {}
    for timed in in_order(scene.ends):
        held.setdefault(timed[0].worker_id, []).append(timed)
    workers = [scene.roster.workers[at] for at in each(of_size(scene))]
    every = (room(worker.id, scene.group.request, scene.free[worker.id], held.get(worker.id, ())) for worker in workers)
    found = [room for room in every if room.lack]  # the others are kept, or would be over a quota
    order = {worker.id: number for number, worker in enumerate(workers)}
    return sorted(
        found, key=lambda room: (room.enough_at is None, room.enough_at or room.lack, room.lack, order[room.worker_id])
    )


def room(worker_id: int, request: Resources, free: Resources, held: Iterable[Timed]) -> Room:
    """Let what a worker holds end, one by one in this order, until *request* fits."""
    lack = request - free
    cpu, memory, gpus = lack.cpu_milli > 0, lack.memory_mb > 0, lack.gpus > 0
    missing = 0.0
    # Spelled out, kind by kind: all workers are asked.
    if cpu and request.cpu_milli:
        missing += lack.cpu_milli / request.cpu_milli
    if memory and request.memory_mb:
        missing += lack.memory_mb / request.memory_mb
    if gpus and request.gpus:
        missing += lack.gpus / request.gpus
    in_the_way = [
        timed
        for timed in held
        for has in (timed[0].request,)
        if (cpu and has.cpu_milli > 0) or (memory and has.memory_mb > 0) or (gpus and has.gpus > 0)
    ]
    for number, (holding, end) in enumerate(in_the_way, 1):
        free += holding.request
        if request <= free:
            return Room(worker_id, tuple(in_the_way[:number]), end.at, missing)
    return Room(worker_id, tuple(in_the_way), None, missing)


def in_order(held: Iterable[Timed]) -> list[Timed]:
    """The first to end first; those of which nothing tells last."""
    return sorted(held, key=lambda timed: (timed[1].at is None, timed[1].at or 0.0, timed[0].job_id))


def of_array(scene: Scene) -> list[Timed]:
    """The jobs of its array that run."""
    return in_order(timed for timed in scene.ends if timed[0].shape == scene.group.shape)


def of_tenant(scene: Scene) -> list[Timed]:
    """The jobs of its tenant that hold anything, up to the last that must end before the quota lets it start."""
    tenant, quota = scene.group.tenant, scene.snapshot.quotas.get(scene.group.tenant)
    timed = in_order(timed for timed in scene.ends if timed[0].tenant == tenant)
    if quota is None:
        return timed
    if is_beyond(scene.group, quota):
        return []  # whatever ends, that does not help
    milli = scene.snapshot.used.get(tenant, Resources()).cpu_milli
    milli += sum(holding.request.cpu_milli for holding in scene.starting if holding.tenant == tenant)
    over_milli = 0 if quota.cpu_milli is None else milli + scene.group.request.cpu_milli - quota.cpu_milli
    over_jobs = 0 if quota.running is None else len(timed) + 1 - quota.running
    for number, (holding, _) in enumerate(timed):
        if over_milli <= 0 and over_jobs <= 0:
            return timed[:number]
        over_milli, over_jobs = over_milli - holding.request.cpu_milli, over_jobs - 1
    return timed


def head(scene: Scene) -> tuple[Blocker, ...]:
    """The job for which a worker is kept."""
    shadow = scene.outcome.shadow
    if shadow is None:
        return ()
    group = next(group for group in scene.snapshot.queue if shadow.job_id in group.ids)
    name = scene.workers[shadow.worker_id].name
    until = "" if shadow.at is None else f" at {clock(shadow.at, scene.snapshot.at)} at the latest"
    limit = group.time_limit_s
    end = None if shadow.at is None or limit is None else shadow.at + limit
    ends_then = "" if end is None or limit is None else f"; then its time limit of {about(limit)}"
    return (
        Blocker(
            job_id=shadow.job_id,
            worker=None,
            cpus=group.request.cpu_milli / 1000,
            memory_mb=group.request.memory_mb,
            gpus=group.request.gpus,
            expected_end=None if end is None else moment(end),
            basis=f"it waits for {name}, which it can have{until}{ends_then}",
        ),
    )


def parents(scene: Scene) -> Iterator[Blocker]:
    """The jobs that must end first, those that run with what they hold."""
    held = {holding.job_id: holding for holding in scene.circumstances.holdings}
    for parent in scene.subject.parents:
        holding = held.get(parent.job_id)
        if holding is not None:
            yield blocker(holding, ends.expected(holding, scene.snapshot.at))
        else:
            basis = f"it is {parent.state or 'gone'}, and has not started"
            yield Blocker(
                job_id=parent.job_id, worker=None, cpus=0, memory_mb=0, gpus=0, expected_end=None, basis=basis
            )


def listed(timed: Sequence[Timed]) -> tuple[Blocker, ...]:
    """The first of them, to be shown."""
    return tuple(blocker(holding, end) for holding, end in timed[:MOST])


def blocker(holding: Holding, end: End) -> Blocker:
    """One job in the way."""
    return Blocker(
        job_id=holding.job_id,
        worker=holding.worker,
        cpus=holding.request.cpu_milli / 1000,
        memory_mb=holding.request.memory_mb,
        gpus=holding.request.gpus,
        expected_end=moment(end.at),
        basis=end.basis,
    )
