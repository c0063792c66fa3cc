"""Explanations asked for in a few words: ``told(picture, "x")`` is why the first job of shape x is where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec.structs import replace

from clusterctl.model.circumstances import Circumstances, Crowd, Holding, Subject
from clusterctl.model.explanation import Explanation, Likeness, Quantiles, Similar
from clusterctl.model.snapshot import Ending, Measured, QueueGroup, Snapshot
from clusterctl.scheduling.explanation import explain_waiting
from tests.scheduling.cluster import Picture, amount


def told(
    picture: Picture,
    shape: str,
    at: int = 0,
    *,
    held: Sequence[Holding] = (),
    crowds: Sequence[Crowd] = (),
    **facts: Any,
) -> Explanation:
    """Why the job at this place of the group *shape* is where it is; *facts* are the subject's."""
    return told_in(picture.snapshot(), shape, at, held=held, crowds=crowds, **facts)


def told_in(
    snapshot: Snapshot,
    shape: str,
    at: int = 0,
    *,
    held: Sequence[Holding] = (),
    crowds: Sequence[Crowd] = (),
    **facts: Any,
) -> Explanation:
    """The same of a snapshot that says more than a picture can."""
    circumstances = Circumstances(holdings=tuple(held), crowds=tuple(crowds))
    return explain_waiting(snapshot, subject(snapshot, shape, at, **facts), circumstances)


def with_services(snapshot: Snapshot, *shapes: str) -> Snapshot:
    """The groups *shapes*, all if none are named, are replicas."""
    queue = (replace(each, kind="service") if not shapes or each.shape in shapes else each for each in snapshot.queue)
    return replace(snapshot, queue=tuple(queue))


def measured(snapshot: Snapshot, **use: tuple[float, int] | tuple[float, int, float]) -> Snapshot:
    """Workers by name with the CPUs and MiB that they were measured to use, now or so many seconds ago."""
    known = {
        name: Measured(cpu_milli=cpus * 1000, memory_mb=memory_mb, at=snapshot.at - sum(ago))
        for name, (cpus, memory_mb, *ago) in use.items()
    }
    workers = (replace(worker, measured=known.get(worker.name, worker.measured)) for worker in snapshot.workers)
    return replace(snapshot, workers=tuple(workers))


def steered(snapshot: Snapshot, **rules: Any) -> Snapshot:
    """With other rules of placement."""
    return replace(snapshot, steering=replace(snapshot.steering, **rules))


def ending(snapshot: Snapshot, held: Sequence[Holding]) -> Snapshot:
    """With the endings of what is held, as the database has them."""
    endings = (
        Ending(worker_id=each.worker_id, request=each.request, at=(each.since or snapshot.at) + each.time_limit_s)
        for each in held
        if each.time_limit_s is not None
    )
    return replace(snapshot, endings=tuple(endings))


def subject(snapshot: Snapshot, shape: str, at: int = 0, **facts: Any) -> Subject:
    """The job at this place of its group."""
    (group,) = (group for group in snapshot.queue if group.shape == shape)
    alone = replace(group, ids=(group.ids[at],), submitted=(group.submitted[at],))
    return Subject(**{"job_id": group.ids[at], "name": shape, "group": alone, **facts})


def unborn(group: QueueGroup, **facts: Any) -> Subject:
    """The same of a group that nobody has submitted."""
    return Subject(**{"job_id": None, "name": "new", "group": group, "ready": False, **facts})


def holding(
    picture: Picture,
    worker: str,
    *,
    job: int = 900,
    cpus: float = 1,
    memory_mb: int = 0,
    gpus: int = 0,
    since: float | None = 0.0,
    limit: int | None = None,
    tenant: str = "default",
    kind: Literal["batch", "service"] = "batch",
    shape: str = "other",
    similar: Similar | None = None,
    stopping: bool = False,
) -> Holding:
    """What a job holds on *worker*, which must have been told to be so full."""
    (found,) = (each for each in picture.workers if each.name == worker)
    return Holding(
        job_id=job,
        worker_id=found.id,
        worker=worker,
        tenant=tenant,
        shape=shape,
        kind=kind,
        request=amount(cpus, memory_mb, gpus),
        since=since,
        time_limit_s=limit,
        similar=similar,
        stopping=stopping,
    )


def like(p50: float, *, p90: float | None = None, count: int = 40, alike: Likeness = "name") -> Similar:
    """So many similar jobs, half of which ran at most *p50* seconds."""
    run = Quantiles(p50 / 2, p50, 2 * p50 if p90 is None else p90)
    return Similar(count=count, alike=alike, run_s=run, wait_s=Quantiles(1.0, 2.0, 3.0))


def seconds(told: Explanation) -> float | None:
    """When it starts, counted from the snapshot's second 0."""
    assert told.starts_at is not None
    return None if told.starts_at.at is None else told.starts_at.at.timestamp()


def changes(told: Explanation) -> list[tuple[str, str]]:
    """What would start it, and where."""
    return [(change.option, change.starts_on) for change in told.changes]


def steps(found: Explanation) -> list[tuple[str, int, tuple[str, ...]]]:
    """The filters that removed workers: how many, and the first few of them."""
    return [(step.filter, step.removed, step.workers) for step in found.steps]
