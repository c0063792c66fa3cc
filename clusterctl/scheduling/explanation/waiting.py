"""A job that waits, or would: what is in its way, whose turn comes first, when it may start, what would help."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from clusterctl.model.circumstances import Circumstances, Subject
from clusterctl.model.explanation import Best, Blocker, Change, Explanation
from clusterctl.model.plan import Wait
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.scheduling.candidates import candidate_table
from clusterctl.scheduling.explanation import blockers, changes, deadlines, fairness, forecast, position, scores
from clusterctl.scheduling.explanation.blockers import Room
from clusterctl.scheduling.explanation.headlines import headline
from clusterctl.scheduling.explanation.remedies import advice
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.explanation.steps import table
from clusterctl.scheduling.filters import BACKFILL, NEVER, refusals
from clusterctl.scheduling.quotas import is_beyond
from clusterctl.scheduling.words import in_words


def explain_waiting(snapshot: Snapshot, subject: Subject, circumstances: Circumstances) -> Explanation:
    """Why *subject* waits in *snapshot*; of one that is not ready, what there is to say once it is.

    *snapshot* must be schedd's own look, and hold the subject's group if it is ready.
    """
    scene = Scene(snapshot, subject, circumstances)
    steps, left = table(scene)
    rooms = blockers.rooms(scene) if scene.start is None and scene.wait is not None else []
    ahead = forecast.look(scene)
    rooms.sort(key=lambda room: room.worker_id != ahead.worker_id)  # stable: the one of the forecast comes first
    in_the_way, more = obstacles(scene, rooms)
    helps = helpful(scene)
    return Explanation(
        job_id=subject.job_id,
        name=subject.name,
        kind=scene.group.kind,
        state="held" if subject.held else "pending",
        reason=reason(scene),
        headline=headline(scene),
        workers=len(snapshot.workers),
        steps=steps,
        candidates=left.bit_count(),
        best=best(scene, rooms),
        candidate_table=candidate_table(scene.group, scene.snapshot, scene.kept),
        position=position.find(scene),
        share=fairness.share(scene),
        blockers=in_the_way,
        more_blockers=more,
        starts_at=ahead.estimate,
        deadline=deadlines.of_waiting(subject, ahead.estimate, snapshot.at),
        similar=None if scene.group.kind == "service" else circumstances.similar,
        changes=helps,
        advice="" if helps else advice(scene),
    )


def never_starts(snapshot: Snapshot, group: QueueGroup) -> str:
    """The sentence that says why *group* will never start in *snapshot*, as workers and quotas are; empty if it may."""
    table = refusals(group, replace(snapshot, quotas={}))
    quota, reason = snapshot.quotas.get(group.tenant), table.reason
    if reason not in NEVER | {"no_workers"}:
        if quota is None or not is_beyond(group, quota):
            return ""
        reason = "tenant_quota"
    return in_words(Wait(shape=group.shape, job_id=group.ids[0], reason=reason), group, snapshot)


def reason(scene: Scene) -> str | None:
    """The one word; None for a job that starts in the next round, or whose turn is still to come."""
    if scene.subject.held:
        return "held"
    if scene.subject.unmet:
        return "dependency"
    if scene.subject.not_before is not None:
        return "not_before"
    return None if scene.start or scene.wait is None else scene.wait.reason


def best(scene: Scene, rooms: Sequence[Room]) -> Best | None:
    """The worker that the plan gives it, or that it could have first."""
    start = scene.start
    if start is not None:
        worker = scene.workers[start.worker_id].name
        parts = scores.parts(scene, start)
        return Best(worker=worker, score=start.score, policy=start.policy, parts=parts, fallback=start.fallback)
    rule = scene.roster.rule(scene.group.kind)
    if not rooms or rule is None:
        return None
    return Best(worker=scene.workers[rooms[0].worker_id].name, score=None, policy=rule.policy, fallback=rule.fallback)


def obstacles(scene: Scene, rooms: Sequence[Room]) -> tuple[tuple[Blocker, ...], int]:
    """The jobs that must end first, and how many more there are."""
    if scene.subject.unmet:
        found = tuple(blockers.parents(scene))[: blockers.MOST]
        return found, scene.subject.unmet - len(found)
    reason = "" if scene.wait is None else scene.wait.reason
    if reason == BACKFILL:
        return blockers.head(scene), 0
    if reason == "array_limit":
        timed = blockers.of_array(scene)
    elif reason == "tenant_quota":
        timed = blockers.of_tenant(scene)
    else:
        timed = list(rooms[0].blockers) if rooms else []
    found = blockers.listed(timed)
    return found, len(timed) - len(found)


def helpful(scene: Scene) -> tuple[Change, ...]:
    """What would start it now."""
    subject = scene.subject
    if subject.unmet or subject.not_before is not None:
        return ()
    if not subject.held:
        return () if scene.start else changes.cheapest(scene)
    if scene.start is None:
        return ()
    name = scene.workers[scene.start.worker_id].name
    option = "without --hold" if subject.job_id is None else f"clusterctl release {subject.job_id}"
    return (Change(option=option, starts_on=name, sentence=f"{option} starts it now on {name}"),)
