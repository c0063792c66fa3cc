"""When a waiting job may start, and what makes us say so. Without a basis there is no estimate, and that is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clusterctl.model.circumstances import Holding
from clusterctl.model.explanation import Estimate
from clusterctl.model.resources import Resources
from clusterctl.scheduling.explanation import blockers, ends, position
from clusterctl.scheduling.explanation.position import ahead
from clusterctl.scheduling.explanation.replay import Outlook, look_ahead
from clusterctl.scheduling.explanation.scene import UNLOOKED_AT, Scene
from clusterctl.scheduling.explanation.spans import about, counted, moment, numbered
from clusterctl.scheduling.filters import SERVICE_CLAIMS
from clusterctl.scheduling.quotas import is_beyond
from clusterctl.scheduling.words import say

ROUND_S = 1.0  # from round to round where nothing else starts one
UNFORESEEN = {  # waits that no end of a job ends
    "policy_disabled": "nothing of its kind is placed",
    "measured": "nothing tells when its workers are measured again",
    "fits_load": "nothing tells when the load of its workers falls",
}
NAMED = 3  # jobs whose end is told
FAIR_SAMPLE = 100  # jobs whose pace says something of all others


class Forecast(NamedTuple):
    """An estimate, and the worker that it is about, if any."""

    estimate: Estimate
    worker_id: int | None = None


def look(scene: Scene) -> Forecast:
    """What can be said of the job's start."""
    now = scene.snapshot.at
    if scene.subject.held:
        return unknown("it is held")
    if scene.subject.unmet:
        return Forecast(after_parents(scene))
    if scene.start is not None:
        at = max(now, scene.subject.not_before or now)
        basis = "in the next round" if at == now else "when its rest is over, if nothing else takes the room"
        return Forecast(Estimate(at=moment(at), basis=basis), scene.start.worker_id)
    reason = "" if scene.wait is None else scene.wait.reason
    if reason == SERVICE_CLAIMS:
        return in_some_rounds(scene)
    if reason == "tenant_quota" and is_beyond(scene.group, scene.snapshot.quotas[scene.group.tenant]):
        return unknown("no end of a job makes the quota of its tenant larger")
    if reason in UNFORESEEN:
        return unknown(UNFORESEEN[reason])
    if not blockers.of_size(scene):
        return unknown("nothing that ends by itself would let it start")
    return by_replay(scene)


def in_some_rounds(scene: Scene) -> Forecast:
    """After as many rounds as the replicas before it take, at the pace of this one."""
    kinds = {job: group.kind for group in scene.snapshot.queue for job in group.ids}
    claimed = max(1, sum(kinds[start.job_id] == "service" for start in scene.outcome.starts))
    mine, services = scene.group, (group for group in scene.snapshot.queue if group.kind == "service")
    before = sum(
        scene.crowds[group.shape].jobs
        if group.priority > mine.priority
        else ahead(mine, group, scene.crowds[group.shape])
        for group in services
        if group.priority >= mine.priority
    )
    rounds = max(1, before // claimed)
    claims = counted(claimed, "replica")
    basis = (
        f"{claims} {'is' if claimed == 1 else 'are'} claimed in this round; in about {counted(rounds, 'round')} more"
    )
    return Forecast(Estimate(at=moment(scene.snapshot.at + rounds * ROUND_S), basis=basis))


def unknown(why: str) -> Forecast:
    """No estimate."""
    return Forecast(Estimate(at=None, basis=f"no estimate: {why}"))


def after_parents(scene: Scene) -> Estimate:
    """Not before the last of the jobs that it comes after has ended."""
    held = {holding.job_id: holding for holding in scene.circumstances.holdings}
    named = [parent.job_id for parent in scene.subject.parents]
    if scene.subject.unmet > len(named) or any(job not in held for job in named):
        waiting = [job for job in named if job not in held]
        return unknown(f"{numbered(waiting or named)} {'have' if len(waiting) > 1 else 'has'} not started").estimate
    found = [(ends.expected(held[job], scene.snapshot.at), job) for job in named]
    endless = [job for end, job in found if end.at is None]
    if endless:
        return unknown(f"nothing tells when {numbered(endless)} will end").estimate
    end, job = max(found, key=lambda pair: pair[0].at or 0.0)
    return Estimate(at=moment(end.at), basis=f"at the earliest, when job {job} ends: {end.basis}")


def by_replay(scene: Scene) -> Forecast:
    """When the planner would start it, were everything to end as expected."""
    outlook = look_ahead(scene)
    if outlook.worker_id is not None:
        basis = "; ".join(reasons(scene, outlook, outlook.worker_id))
        return Forecast(Estimate(at=moment(outlook.at), basis=basis), outlook.worker_id)
    return (
        at_this_pace(scene, outlook) if outlook.gave_up else unknown("too little of what is held has an expected end")
    )


def at_this_pace(scene: Scene, outlook: Outlook) -> Forecast:
    """As many jobs stand before it as take so long, if all go on as the first of them."""
    passed = outlook.at - scene.snapshot.at
    pace = f"{counted(outlook.started, 'job')} start in the next {about(passed)}"
    if outlook.started < FAIR_SAMPLE or not passed:
        return unknown(f"{pace}, and not this one")
    before = position.find(scene).before
    at = scene.snapshot.at + passed * max(1.0, before / outlook.started)
    return Forecast(Estimate(at=moment(at), basis=f"{pace}; at that pace the {before:,} before it take so long"))


def reasons(scene: Scene, outlook: Outlook, worker_id: int) -> Iterator[str]:
    """What must happen before."""
    name = scene.workers[worker_id].name
    held = {holding.job_id: holding for holding in scene.holdings if holding.worker_id == worker_id}
    ended = [held[job] for job in outlook.ended if job in held]
    if ended:
        freed = sum((holding.request for holding in ended), start=Resources())
        yield f"{name} frees {say(freed)} by then: {told(ended, scene.snapshot.at)}"
    if scene.wait is not None and scene.wait.reason in UNLOOKED_AT:
        yield "its turn comes in a later round"
    if outlook.started:
        yield f"{counted(outlook.started, 'job')} start{'s' if outlook.started == 1 else ''} before it"
    if not ended and not outlook.started:
        yield "one of its array ends by then"


def told(ended: Iterable[Holding], now: float) -> str:
    """``job 7 (its time limit of 10 min), job 8 (…)``."""
    every = list(ended)
    parts = [f"job {each.job_id} ({ends.expected(each, now).basis})" for each in every[:NAMED]]
    more = len(every) - len(parts)
    return ", ".join(parts) + (f" and {counted(more, 'other')}" if more else "")
