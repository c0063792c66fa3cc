"""What there is to add to the sentence of a wait: the names and numbers that lead to the mend."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from clusterctl.model.plan import Shadow
from clusterctl.scheduling.explanation import blockers
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.explanation.spans import about, clock, counted, numbered
from clusterctl.scheduling.filters import BACKFILL, SERVICE_CLAIMS

NAMED = 3  # workers


def aside(scene: Scene) -> str:
    """It begins with how it goes on; empty if there is nothing to add."""
    if scene.wait is None:
        return ""
    add = ASIDES.get(scene.wait.reason)
    told = add(scene) if add else ""
    return (told or kept_for_it(scene) or to_be_kept(scene)) + its_worker(scene)


def its_worker(scene: Scene) -> str:
    """For which worker it is, where its service has one for each."""
    return f"; it is the replica for {scene.group.worker}" if scene.subject.every_worker else ""


def of_its_array(scene: Scene) -> str:
    """The limit, and who takes part in it."""
    jobs = [holding.job_id for holding, _ in blockers.of_array(scene)]
    if not jobs or scene.subject.array_limit is None:
        return ""
    which = f"{numbered(jobs)} has" if len(jobs) == 1 else f"one of {numbered(jobs)} has"
    return f", {scene.subject.array_limit:,} at once; it starts once {which} ended"


def who_holds(scene: Scene) -> str:
    """The jobs of its tenant that hold what the quota allows."""
    jobs = [holding.job_id for holding, _ in blockers.of_tenant(scene)]
    return f"; it starts once {numbered(jobs)} {'have' if len(jobs) > 1 else 'has'} ended" if jobs else ""


def kept_from_it(scene: Scene) -> str:
    """For whom the worker is kept that it could have."""
    shadow = scene.outcome.shadow
    if shadow is None:
        return ""
    name = scene.workers[shadow.worker_id].name
    if shadow.at is None:
        return f"; {name} is kept for job {shadow.job_id}, which has waited too long"
    return f"; {name} is kept for job {shadow.job_id}, which can start there {by(shadow, scene.snapshot.at)}"


def kept_for_it(scene: Scene) -> str:
    """Which worker is kept for the job itself."""
    shadow = scene.outcome.shadow
    if shadow is None or shadow.shape != scene.group.shape or shadow.job_id != scene.job[1]:
        return ""
    name = scene.workers[shadow.worker_id].name
    if shadow.at is None:
        return f"; it has waited so long that {name} is kept for it: nobody else is given what it needs there"
    return f"; {name} is kept for it, where it can start {by(shadow, scene.snapshot.at)}"


def to_be_kept(scene: Scene) -> str:
    """From when on a worker is kept for it, where it is the first that waits for room and nothing tells when it has."""
    rules, shadow = scene.snapshot.steering, scene.outcome.shadow
    if rules.backfill != "easy" or shadow is not None or not is_next_head(scene):
        return ""
    at = scene.job[0] + rules.starve_after
    if not scene.snapshot.at < at < math.inf:
        return ""
    since = f"once it has waited for {about(rules.starve_after)} (starve_after), a worker is kept for it"
    return f"; nothing tells when it has room: from {clock(at, scene.snapshot.at)} on, {since}"


def is_next_head(scene: Scene) -> bool:
    """Whether it is the first batch job that waits for room."""
    kinds = {group.shape: group.kind for group in scene.snapshot.queue}
    full = (wait for wait in scene.outcome.waits if wait.reason == "fits_now" and kinds[wait.shape] == "batch")
    return next((wait.job_id for wait in full), None) == scene.job[1]


def by(shadow: Shadow, now: float) -> str:
    """When the worker is free for the head."""
    return f"at {clock(shadow.at or now, now)} at the latest, by the limits of what runs there"


def least_loaded(scene: Scene) -> str:
    """Who carries how much: a service goes to the least."""
    eligibility = scene.outcome.eligibility
    known = {} if eligibility is None else {name: at for name, at in eligibility.metrics.items() if at is not None}
    if eligibility is None or not known:
        return ""
    names = sorted(known, key=lambda name: (known[name], name))
    told = listed([f"{name} at {known[name]:.4g}" for name in names])
    return f"; by {eligibility.policy} the least comes first: {told}"


def listed(told: Sequence[str]) -> str:
    """The first few."""
    more = f" and {counted(len(told) - NAMED, 'other')}" if len(told) > NAMED else ""
    return ", ".join(told[:NAMED]) + more


ASIDES: Mapping[str, Callable[[Scene], str]] = {
    "tenant_quota": who_holds,
    "array_limit": of_its_array,
    BACKFILL: kept_from_it,
    SERVICE_CLAIMS: least_loaded,
}
