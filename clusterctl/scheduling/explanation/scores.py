"""What the score of a start is made of: at the moment at which the plan decided it, with what it had given before."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from clusterctl.model.plan import Start
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, WorkerPicture
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.policies import PARTS


def parts(scene: Scene, start: Start) -> dict[str, float]:
    """The parts of ``start.score`` by name, as ``candidates`` tells them."""
    rule = scene.roster.rule(scene.group.kind)
    if rule is None:
        return {}
    groups = {job: group for group in scene.snapshot.queue for job in group.ids}
    worker = next(each for each in scene.roster.seen_by(rule) if each.id == start.worker_id)
    before = scene.outcome.starts[: scene.outcome.starts.index(start)]
    given = [groups[each.job_id] for each in before if each.worker_id == worker.id]
    free = worker.free - sum((group.request for group in given), start=Resources())
    return PARTS[rule.policy](scene.group, having(worker, given), free, scene.snapshot.steering)


def having(worker: WorkerPicture, given: Iterable[QueueGroup]) -> WorkerPicture:
    """The worker, with these jobs counted as its own."""
    services, held = worker.services, dict(worker.held_by_tenant)
    for group in given:
        services += group.kind == "service"
        held[group.tenant] = held.get(group.tenant, Resources()) + group.request
    return replace(worker, services=services, held_by_tenant=held)
