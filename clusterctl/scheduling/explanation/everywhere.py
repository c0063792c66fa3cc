"""A service that would have a replica for each worker: which of them would start at once, and why not the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from clusterctl.model.circumstances import Circumstances, Subject
from clusterctl.model.explanation import Explanation
from clusterctl.model.snapshot import Snapshot
from clusterctl.scheduling.candidates import withheld
from clusterctl.scheduling.explanation.headlines import of_one_not_ready
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.explanation.spans import counted
from clusterctl.scheduling.explanation.steps import step
from clusterctl.scheduling.filters import WORDS, sift
from clusterctl.scheduling.roster import Members, each

NAMED = 3  # workers


def explain_everywhere(snapshot: Snapshot, subject: Subject) -> Explanation:
    """What would become of it, were it handed in now. Workers without its labels would have no replica."""
    scene = Scene(snapshot, subject, Circumstances())
    lost, left = asked_one_by_one(scene)
    steps = tuple(step(name, lost[name], scene) for name in WORDS if name in lost)
    replicas = (scene.roster.everyone & ~lost.get("label", 0)).bit_count()
    return Explanation(
        job_id=None,
        name=subject.name,
        kind=scene.group.kind,
        state="held" if subject.held else "pending",
        reason="held" if subject.held else "dependency" if subject.unmet else None,
        headline=headline(scene, replicas, [scene.roster.workers[at].name for at in each(left)]),
        workers=len(snapshot.workers),
        steps=steps,
        candidates=left.bit_count(),
    )


def asked_one_by_one(scene: Scene) -> tuple[Mapping[str, Members], Members]:
    """By filter, which workers would not take the replica that is theirs; and which would."""
    roster, lost, left = scene.roster, defaultdict[str, Members](int), 0
    if roster.rule(scene.group.kind) is None:
        return lost, 0
    for name, bit in roster.names.items():
        group = replace(scene.group, worker=name, slots=None)
        sieve = withheld(sift(group, roster), roster, scene.kept)
        if sieve.left & bit:
            left |= bit
            roster.quotas.give(group)
        else:
            lost[next(filter for filter, gone in sieve.lost.items() if gone & bit)] |= bit
    return lost, left


def headline(scene: Scene, replicas: int, names: Sequence[str]) -> str:
    """How many there would be, and where they would start."""
    of_each = f"one replica for each worker{' with its labels' if scene.group.labels else ''}"
    if why := of_one_not_ready(scene):
        return f"{of_each}, {counted(replicas, 'replica')} by now; would wait: {why}"
    if scene.roster.rule(scene.group.kind) is None:
        return f"{of_each}; would wait: {scene.group.kind}_placement is none: nothing is placed"
    if not names:
        return f"{of_each}; none of {replicas:,} would start now"
    more = f" and {counted(len(names) - NAMED, 'other')}" if len(names) > NAMED else ""
    return f"{of_each}; {len(names):,} of {replicas:,} would start now, on {', '.join(names[:NAMED])}{more}"
