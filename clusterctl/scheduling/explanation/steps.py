"""The table of filters: whom each of them removed."""

from __future__ import annotations

from msgspec.structs import replace

from clusterctl.model.explanation import Step
from clusterctl.model.plan import Wait
from clusterctl.model.snapshot import QueueGroup
from clusterctl.scheduling.explanation.scene import UNLOOKED_AT, Scene
from clusterctl.scheduling.filters import sift
from clusterctl.scheduling.roster import Members, Roster, each
from clusterctl.scheduling.words import say

NAMED = 3  # workers that a step tells by name
LACKS = {
    "array_limit": "as many of its array run as its limit allows",
    "named_worker": "not the worker {worker} that it asks for",
    "label": "without the labels {labels}",
    "fits_ever": "smaller than {wish}, even when empty",
    "live": "silent or lost",
    "admin_open": "draining or closed",
    "untroubled": "its agent wants no new work",
    "fits_now": "less free than {wish}",
}
GIVEN_AWAY = "given to jobs whose turn comes first"


def table(scene: Scene) -> tuple[tuple[Step, ...], Members]:
    """The steps, and who is left: together they are all workers. What the plan gave to others is ``fits_now``, too."""
    group, wait = scene.group, None if scene.start else scene.wait
    if wait is not None and wait.reason == "array_limit":
        group = replace(group, slots=0)
    sieve = sift(group, scene.roster)
    removed, left = dict(sieve.lost), sieve.left
    given_away = left if was_asked(wait) else 0
    if given_away:
        removed["fits_now"] = removed.get("fits_now", 0) | given_away
    steps = [step(name, lost, group, scene.roster) for name, lost in removed.items()]
    if given_away and given_away == removed["fits_now"]:
        steps[-1] = replace(steps[-1], sentence=GIVEN_AWAY)
    return tuple(steps), left ^ given_away


def was_asked(wait: Wait | None) -> bool:
    """Whether the plan looked for a worker and found none."""
    return wait is not None and wait.reason not in UNLOOKED_AT


def step(name: str, lost: Members, group: QueueGroup, roster: Roster) -> Step:
    """What a filter did, in words."""
    labels = " ".join(f"{key}={value}" for key, value in sorted(group.labels.items()))
    names = tuple(roster.workers[at].name for at, _ in zip(each(lost), range(NAMED), strict=False))
    sentence = LACKS.get(name, name).format(worker=group.worker, labels=labels, wish=say(group.request))
    return Step(filter=name, removed=lost.bit_count(), workers=names, sentence=sentence)
