"""The table of filters: whom each of them removed."""

from __future__ import annotations

from msgspec.structs import replace

from clusterctl.model.explanation import Step
from clusterctl.model.plan import Wait
from clusterctl.scheduling.candidates import withheld
from clusterctl.scheduling.explanation.scene import UNLOOKED_AT, Scene
from clusterctl.scheduling.filters import AVOIDED, BACKFILL, SERVICE_CLAIMS, sift
from clusterctl.scheduling.roster import Members, each
from clusterctl.scheduling.words import say

NAMED = 3  # workers that a step tells by name
LACKS = {
    "array_limit": "as many of its array run as its limit allows",
    "tenant_quota": "the quota of its tenant, {tenant}, leaves no room for it",
    "named_worker": "not the worker {worker} that it asks for",
    "label": "without the labels {labels}",
    "fits_ever": "smaller than {wish}, even when empty",
    "live": "silent or lost",
    "admin_open": "draining or closed",
    "untroubled": "its agent wants no new work",
    "measured": "what they use is not known, and its policy goes by that",
    "fits_load": "less than {wish} is left by what was measured",
    "fits_now": "less free than {wish}",
    AVOIDED: "it has just crashed there again and again",
    BACKFILL: "kept for {head}, which waits for it",
    SERVICE_CLAIMS: "have had their share of this round, or others are better",
}
OF_ITSELF = {"array_limit", "tenant_quota"}  # refuse a job whatever the workers are
GIVEN_AWAY = "given to jobs whose turn comes first"


def table(scene: Scene) -> tuple[tuple[Step, ...], Members]:
    """The steps, and who is left: together they are all workers. What the plan gave to others is ``fits_now``, too."""
    wait = None if scene.start else scene.wait
    if wait is not None and (own := OF_ITSELF & wait.refusals.keys()):
        return tuple(step(name, scene.roster.everyone, scene) for name in own), 0
    sieve = withheld(sift(scene.group, scene.roster), scene.roster, scene.kept)
    removed, left = dict(sieve.lost), sieve.left
    given_away = left if was_asked(wait) else 0
    for name, members in by_the_round(scene, given_away).items():
        removed[name] = removed.get(name, 0) | members
    steps = [step(name, lost, scene) for name, lost in removed.items()]
    if given_away and removed.get("fits_now", 0) & ~given_away == 0:
        steps = [replace(each, sentence=GIVEN_AWAY) if each.filter == "fits_now" else each for each in steps]
    return tuple(steps), left ^ given_away


def by_the_round(scene: Scene, members: Members) -> dict[str, Members]:
    """Why those did not get the job that the chain would have let have it."""
    word = SERVICE_CLAIMS if scene.wait is not None and scene.wait.reason == SERVICE_CLAIMS else "fits_now"
    return {word: members} if members else {}


def was_asked(wait: Wait | None) -> bool:
    """Whether the plan looked for a worker and found none."""
    return wait is not None and wait.reason not in UNLOOKED_AT


def step(name: str, lost: Members, scene: Scene) -> Step:
    """What a filter did, in words."""
    group, workers, shadow = scene.group, scene.roster.workers, scene.outcome.shadow
    sentence = LACKS.get(name, name).format(
        worker=group.worker,
        labels=" ".join(f"{key}={value}" for key, value in sorted(group.labels.items())),
        wish=say(group.request),
        tenant=group.tenant,
        head="another job" if shadow is None else f"job {shadow.job_id}",
    )
    names = tuple(workers[at].name for at, _ in zip(each(lost), range(NAMED), strict=False))
    return Step(filter=name, removed=lost.bit_count(), workers=names, sentence=sentence)
