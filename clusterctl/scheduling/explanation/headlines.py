"""One sentence that says why a waiting job is where it is."""

from __future__ import annotations

from clusterctl.scheduling.explanation.asides import aside
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.explanation.spans import about, clock, counted, numbered
from clusterctl.scheduling.words import in_words

NAMED = 3  # workers


def headline(scene: Scene) -> str:
    """Of a job that is not submitted yet, what would be."""
    sentence = of_one_not_ready(scene) or of_one_ready(scene)
    return sentence if scene.subject.job_id is not None else f"would wait: {sentence}" if waits(scene) else sentence


def waits(scene: Scene) -> bool:
    """Whether something keeps it from starting in the next round."""
    subject = scene.subject
    return subject.held or subject.unmet > 0 or subject.not_before is not None or scene.start is None


def of_one_not_ready(scene: Scene) -> str:
    """What keeps it out of the queue; empty if nothing does."""
    subject, now = scene.subject, scene.snapshot.at
    if subject.held:
        return held(scene)
    if subject.unmet:
        verb = "have" if subject.unmet > 1 else "has"
        which = numbered(parent.job_id for parent in subject.parents)
        return f"it comes after {counted(subject.unmet, 'job')} that {verb} not ended: {which}"
    if subject.not_before is not None:
        rest = f"rests until {clock(subject.not_before, now)}, in {about(subject.not_before - now)}"
        return f"{rest}, after a failed attempt{f': {subject.last_end}' if subject.last_end else ''}"
    return ""


def held(scene: Scene) -> str:
    """Who held it, and why."""
    remark = scene.subject.remark
    if remark is None:
        return "held since it was submitted" if scene.subject.job_id is not None else "held until it is released"
    why = f": {remark.reason}" if remark.reason else ""
    return f"held by {remark.actor} since {clock(remark.at, scene.snapshot.at)}{why}"


def of_one_ready(scene: Scene) -> str:
    """What the plan makes of it."""
    if scene.start is not None:
        name = scene.workers[scene.start.worker_id].name
        return starting(scene) if scene.subject.job_id is None else f"starts in the next round, on {name}"
    if scene.wait is not None:
        before = f"; its last attempt: {scene.subject.last_end}" if scene.subject.last_end else ""
        return in_words(scene.wait, scene.group, scene.snapshot) + aside(scene) + before
    return f"its turn comes soon: {counted(scene.before, 'job')} of its shape stand before it"


def starting(scene: Scene) -> str:
    """On whom a submission would start; of an array, how many."""
    own = set(scene.group.ids)
    names = list(dict.fromkeys(each.worker for each in scene.starting if each.job_id in own))
    count, jobs = sum(each.job_id in own for each in scene.starting), scene.crowds[scene.group.shape].jobs
    where = ", ".join(names[:NAMED]) + (f" and {counted(len(names) - NAMED, 'other')}" if len(names) > NAMED else "")
    return f"would start now, on {where}" if jobs == 1 else f"{count:,} of {jobs:,} would start now, on {where}"
