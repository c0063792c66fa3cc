"""What would start the job now: one wish changed, and the planner asked again.

A job cannot be changed once it is submitted, so each change is tried as what it would be: the job gone from the queue,
and one like it, but for that wish, handed in anew behind all others of its priority. What is proposed has started so.

What a change *costs* is the part of the wish that is given up, added up over the kinds: 8 CPUs instead of 16 cost a
half. A wish given up altogether (the label, the worker) costs 1, a drained worker opened again OPENING, since somebody
had a reason; nothing given up costs nothing. The cheapest come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.model.circumstances import UNBORN
from clusterctl.model.explanation import Change
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.model.states import AdminState
from clusterctl.scheduling.explanation.position import first
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.filters import sift
from clusterctl.scheduling.order import ORDERS
from clusterctl.scheduling.roster import Roster, each
from clusterctl.scheduling.round import plan
from clusterctl.units import STRONGEST_PRIORITY, format_cpus, format_memory

MOST = 3  # that are proposed
TRIES = 8  # times that the planner is asked
LEAST = 0.25  # of a wish must be left: what can do with less is another job
OPENING = 0.5
ROUND_FROM, ROUND_TO = 4096, 512  # MiB: larger amounts of memory are told in halves of a GiB
ANEW = "the job, handed in anew"


class Trial(NamedTuple):
    """A change that may help: the group as it would be, in the cluster as it would be (None: as it is)."""

    cost: float
    option: str
    group: QueueGroup
    snapshot: Snapshot | None = None


def cheapest(scene: Scene) -> tuple[Change, ...]:
    """The changes that start the job now, each proven; the cheapest first, at most MOST."""
    planner = Planner(scene)
    trials = sorted(all_trials(scene, planner), key=attrgetter("cost"))
    return tuple(islice((change for trial in trials if (change := proven(planner, trial))), MOST))


class Planner:
    """The planner, asked at most TRIES times: beyond that, nothing is proven. About one option it is asked once."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._answers: dict[str, str | None] = {}

    def starts_on(self, trial: Trial) -> str | None:
        """Where it starts the job once *trial* is so; None if it does not."""
        if trial.option not in self._answers and len(self._answers) < TRIES:
            self._answers[trial.option] = starts_on(self._scene, trial)
        return self._answers.get(trial.option)


def all_trials(scene: Scene, planner: Planner) -> Iterator[Trial]:
    """Everything that one could change, if it has a chance."""
    if scene.snapshot.batch_placement == "none":
        return
    if scene.wait is not None and scene.wait.reason == "array_limit":
        yield from larger_array_limit(scene)
        return  # as a job of its own it would have no limit: whatever else were tried, that would be what helps
    yield from higher_priority(scene, planner)
    yield from smaller(scene)
    yield from less_choosy(scene)
    yield from opened(scene)


def proven(planner: Planner, trial: Trial) -> Change | None:
    """The change, if the planner starts the job with it."""
    name = planner.starts_on(trial)
    if name is None:
        return None
    return Change(option=trial.option, starts_on=name, sentence=f"{trial.option} starts now on {name}")


def starts_on(scene: Scene, trial: Trial) -> str | None:
    """What the planner answers."""
    snapshot = trial.snapshot or scene.snapshot
    outcome = plan(replace(snapshot, queue=(*scene.others, anew(scene, trial.group))))
    found = next((start for start in outcome.starts if start.job_id == UNBORN), None)
    return scene.workers[found.worker_id].name if found else None


def anew(scene: Scene, group: QueueGroup) -> QueueGroup:
    """One job of *group*, as the last one that was handed in."""
    last = max((group.submitted[-1] for group in scene.snapshot.queue), default=scene.snapshot.at)
    return replace(group, shape=ANEW, ids=(UNBORN,), submitted=(max(scene.snapshot.at, last),), more=False)


def larger_array_limit(scene: Scene) -> Iterator[Trial]:
    """One more of the array at once."""
    limit = scene.subject.array_limit
    if limit is not None:
        yield Trial(0.0, f"--array …%{limit + 1}", replace(scene.group, slots=1))


def higher_priority(scene: Scene, planner: Planner) -> Iterator[Trial]:
    """The lowest that starts it, if all that is missing is its turn."""
    if scene.snapshot.queue_order == "fifo" or not sift(scene.group, scene.roster).left:
        return
    level_of, _ = ORDERS[scene.snapshot.queue_order]
    above = {level_of(group) + 1 for group in scene.snapshot.queue if level_of(group) >= scene.group.priority}
    levels = sorted(level for level in above if level <= STRONGEST_PRIORITY)
    trials = [Trial(0.0, f"--priority {level}", replace(scene.group, priority=level)) for level in levels]
    # Mostly even the highest is of no use: to know that first leaves the other changes their tries.
    if trials and planner.starts_on(trials[-1]) is not None:
        yield trials[first(lambda at: planner.starts_on(trials[at]) is not None, len(trials) - 1)]


def smaller(scene: Scene) -> Iterator[Trial]:
    """As much as there is free on some worker, if it lacks no more than that: one kind less, or several."""
    best: dict[frozenset[str], Trial] = {}
    request = scene.group.request
    for at in each(sift(replace(scene.group, slots=None), scene.roster).pool):
        wish = fitting(request, scene.free[scene.roster.workers[at].id])
        cost = given_up(request, wish)
        if cost > 0 and fits(wish) and min(kept(request, wish)) >= LEAST:
            trial = Trial(cost, options(request, wish), replace(scene.group, request=wish))
            kinds = frozenset(word for word in trial.option.split() if word.startswith("--"))
            best[kinds] = min(best.get(kinds, trial), trial, key=attrgetter("cost"))
    # Whoever can give up one kind is not told to give up two, if that costs more.
    yield from (
        trial
        for kinds, trial in best.items()
        if not any(fewer < kinds and other.cost <= trial.cost for fewer, other in best.items())
    )


def fitting(request: Resources, free: Resources) -> Resources:
    """As much of *request* as there is in *free*."""
    memory = min(request.memory_mb, free.memory_mb)
    if ROUND_FROM <= memory < request.memory_mb:
        memory -= memory % ROUND_TO
    return Resources(min(request.cpu_milli, free.cpu_milli), memory, min(request.gpus, free.gpus))


def kept(request: Resources, wish: Resources) -> Iterator[float]:
    """The part of each kind asked for that is left."""
    for kind in ("cpu_milli", "memory_mb", "gpus"):
        asked = getattr(request, kind)
        if asked:
            yield getattr(wish, kind) / asked


def fits(wish: Resources) -> bool:
    """Whether there is so much: a worker that holds more than it has, has less than nothing free."""
    return min(wish.cpu_milli, wish.memory_mb, wish.gpus) >= 0


def given_up(request: Resources, wish: Resources) -> float:
    """The cost of asking for *wish*."""
    return sum(1 - part for part in kept(request, wish))


def options(request: Resources, wish: Resources) -> str:
    """How one asks for *wish* instead."""
    words = (
        ("--cpus", request.cpu_milli, wish.cpu_milli, format_cpus(wish.cpu_milli)),
        ("--memory", request.memory_mb, wish.memory_mb, format_memory(wish.memory_mb)),
        ("--gpus", request.gpus, wish.gpus, str(wish.gpus)),
    )
    return " ".join(f"{option} {text}" for option, before, after, text in words if after < before)


def less_choosy(scene: Scene) -> Iterator[Trial]:
    """Any worker, or one without a label."""
    group = scene.group
    if group.worker is not None:
        yield Trial(1.0, "without --worker", replace(group, worker=None))
    for key, value in sorted(group.labels.items())[:MOST]:
        others = {name: text for name, text in group.labels.items() if name != key}
        yield Trial(1.0, f"without --label {key}={value}", replace(group, labels=others))


def opened(scene: Scene) -> Iterator[Trial]:
    """A worker that is drained or closed takes jobs again: the first ones that would have the job."""
    workers = scene.snapshot.workers
    closed = (scene.roster.workers[at] for at in each(scene.roster.everyone & ~scene.roster.open))
    ajar = Roster(replace(worker, admin_state=AdminState.OPEN) for worker in closed)
    for at in islice(each(sift(scene.group, ajar).left), MOST):
        willing = ajar.workers[at]
        others = tuple(willing if worker.id == willing.id else worker for worker in workers)
        yield Trial(OPENING, f"clusterctl resume {willing.name}", scene.group, replace(scene.snapshot, workers=others))
