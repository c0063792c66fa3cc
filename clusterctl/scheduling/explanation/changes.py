"""What would start the job now: one wish changed, and the planner asked again.

A job cannot be changed once it is submitted, so each change is tried as what it would be: the job gone from the queue,
and one like it, but for that wish, handed in anew behind all others of its priority. What an operator decides changes
the cluster, and the job stays where it stands. What is proposed has started so.

The cheapest come first; what each costs, ``trial`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from operator import attrgetter

from msgspec.structs import replace

from clusterctl.model.circumstances import UNBORN
from clusterctl.model.explanation import Change
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup
from clusterctl.scheduling.explanation import concessions
from clusterctl.scheduling.explanation.position import first
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.explanation.trial import GIVEN_UP, Trial
from clusterctl.scheduling.filters import BACKFILL, SERVICE_CLAIMS, sift
from clusterctl.scheduling.roster import each
from clusterctl.scheduling.round import plan
from clusterctl.units import STRONGEST_PRIORITY, format_cpus, format_duration, format_memory

MOST = 3  # that are proposed
TRIES = 8  # times that the planner is asked
MOST_WORK = 20_000  # workers, groups and STARTs that it is asked about: a twentieth of a second
START = 10
LEAST = 0.25  # of a wish must be left: what can do with less is another job
SHORTEST = 10  # seconds: of what is over sooner nobody sets a limit
LAST = 9.0  # costs what nobody else should pay for
DEFAULT_TENANT = "default"
ROUND_FROM, ROUND_TO = 4096, 512  # MiB: larger amounts of memory are told in halves of a GiB
ANEW = "the job, handed in anew"


def cheapest(scene: Scene) -> tuple[Change, ...]:
    """The changes that start the job now, each proven; the cheapest first, at most MOST."""
    planner = Planner(scene)
    trials = sorted(all_trials(scene, planner), key=attrgetter("cost"))
    return tuple(islice((change for trial in trials if (change := proven(planner, trial))), MOST))


class Planner:
    """The planner, asked at most TRIES times, and while that is not too much work: beyond that, nothing is proven.

    About one option it is asked once.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._answers: dict[str, str | None] = {}
        each = len(scene.snapshot.workers) + len(scene.snapshot.queue) + START * len(scene.outcome.starts)
        self._tries = max(1, min(TRIES, MOST_WORK // max(each, 1)))

    def starts_on(self, trial: Trial) -> str | None:
        """Where it starts the job once *trial* is so; None if it does not."""
        if trial.option not in self._answers and len(self._answers) < self._tries:
            self._answers[trial.option] = starts_on(self._scene, trial)
        return self._answers.get(trial.option)


def all_trials(scene: Scene, planner: Planner) -> Iterator[Trial]:
    """Everything that one could change, if it has a chance."""
    reason = "" if scene.wait is None else scene.wait.reason
    if reason in INSTEAD:
        yield from INSTEAD[reason](scene)
        return
    if reason == BACKFILL:
        yield from shorter(scene)
    if reason in ("measured", "fits_load"):
        yield from concessions.unmeasured(scene)
    if reason != BACKFILL:
        yield from higher_priority(scene, planner)
    elif scene.group.kind == "batch":  # a service would hold for ever what is kept
        yield from (trial._replace(cost=LAST) for trial in higher_priority(scene, planner))
    yield from smaller(scene)
    yield from less_choosy(scene)
    yield from concessions.opened(scene)


def proven(planner: Planner, trial: Trial) -> Change | None:
    """The change, if the planner starts the job with it."""
    name = planner.starts_on(trial)
    if name is None:
        return None
    starts = "starts it now" if trial.option.startswith("clusterctl ") else "starts now"
    return Change(option=trial.option, starts_on=name, sentence=f"{trial.option} {starts} on {name}")


def starts_on(scene: Scene, trial: Trial) -> str | None:
    """What the planner answers."""
    snapshot, job = trial.snapshot or scene.snapshot, scene.job[1]
    if trial.group is not None:
        snapshot, job = replace(snapshot, queue=(*scene.others, anew(scene, trial.group))), UNBORN
    found = next((start for start in plan(snapshot).starts if start.job_id == job), None)
    return scene.workers[found.worker_id].name if found else None


def anew(scene: Scene, group: QueueGroup) -> QueueGroup:
    """One job of *group*, as the last one that was handed in."""
    last = max((group.submitted[-1] for group in scene.snapshot.queue), default=scene.snapshot.at)
    return replace(group, shape=ANEW, ids=(UNBORN,), submitted=(max(scene.snapshot.at, last),), more=False)


def on_its_own(scene: Scene) -> Iterator[Trial]:
    """The same index, as an array of its own: there is nothing that would raise the limit of this one."""
    index = scene.subject.array_index
    if index is not None:
        yield Trial(0.0, f"--array {index}", replace(scene.group, slots=None))


def within_quota(scene: Scene) -> Iterator[Trial]:
    """More for its tenant, another tenant, or as little as its own has left."""
    group, quota = scene.group, scene.snapshot.quotas.get(scene.group.tenant)
    yield from concessions.larger_quota(scene)
    for tenant in other_tenants(scene)[:MOST]:
        yield Trial(GIVEN_UP, f"--tenant {tenant}", replace(group, tenant=tenant))
    if quota is not None and quota.cpu_milli is not None:
        given = sum(each.request.cpu_milli for each in scene.starting if each.tenant == group.tenant)
        held = scene.snapshot.used.get(group.tenant, Resources()).cpu_milli
        wish = replace(group.request, cpu_milli=min(quota.cpu_milli - held - given, group.request.cpu_milli))
        if given_up(group.request, wish) > 0 and min(kept(group.request, wish)) >= LEAST:
            yield Trial(given_up(group.request, wish), options(group.request, wish), replace(group, request=wish))


def other_tenants(scene: Scene) -> list[str]:
    """The default one, and those of which something is known, by name."""
    known = {*scene.snapshot.weights, *scene.snapshot.used, *(group.tenant for group in scene.snapshot.queue)}
    others = sorted(known - {scene.group.tenant, DEFAULT_TENANT})
    return others if scene.group.tenant == DEFAULT_TENANT else [DEFAULT_TENANT, *others]


def shorter(scene: Scene) -> Iterator[Trial]:
    """A time limit with which it is over before the worker is needed for which others wait."""
    shadow, limit = scene.outcome.shadow, scene.group.time_limit_s
    if shadow is None or shadow.at is None or scene.group.kind == "service":
        return
    most = rounded(shadow.at - scene.snapshot.at - scene.snapshot.grace_s)
    if most >= SHORTEST and (limit is None or LEAST * limit <= most < limit):
        cost = 0.0 if limit is None else 1 - most / limit
        yield Trial(cost, f"--time-limit {format_duration(most)}", replace(scene.group, time_limit_s=most))


def rounded(seconds: float) -> int:
    """A little less, as people say it: there is time to type it, too."""
    left = seconds - min(30, seconds / 10)
    step = next((step for least, step in ((7200, 600), (600, 60), (60, 10)) if left >= least), 1)
    return int(left // step * step)


def higher_priority(scene: Scene, planner: Planner) -> Iterator[Trial]:
    """The lowest that starts it, if all that is missing is its turn."""
    if scene.snapshot.steering.queue_order == "fifo" or not sift(scene.group, scene.roster).left:
        return
    above = {group.priority + 1 for group in scene.snapshot.queue if group.priority >= scene.group.priority}
    levels = sorted(level for level in above if level <= STRONGEST_PRIORITY)
    trials = [Trial(0.0, f"--priority {level}", replace(scene.group, priority=level)) for level in levels]
    # Mostly even the highest is of no use: to know that first leaves the other changes their tries.
    if trials and planner.starts_on(trials[-1]) is not None:
        yield trials[first(lambda at: planner.starts_on(trials[at]) is not None, len(trials) - 1)]


def smaller(scene: Scene) -> Iterator[Trial]:
    """As much as there is free on some worker, if it lacks no more than that: one kind less, or several."""
    best: dict[frozenset[str], Trial] = {}
    request = scene.group.request
    pool = each(sift(replace(scene.group, slots=None), scene.roster).pool)
    for free in dict.fromkeys(scene.free[scene.roster.workers[at].id] for at in pool):  # what many have alike, once
        wish = fitting(request, free)
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
    if group.worker is not None and not scene.subject.every_worker:
        yield Trial(GIVEN_UP, "without --worker", replace(group, worker=None))
    for key, value in sorted(group.labels.items())[:MOST]:
        others = {name: text for name, text in group.labels.items() if name != key}
        yield Trial(GIVEN_UP, f"without --label {key}={value}", replace(group, labels=others))


# Where one thing is against it, whatever else is changed: the changes for that.
INSTEAD: Mapping[str, Callable[[Scene], Iterator[Trial]]] = {
    "policy_disabled": concessions.placed_again,
    # As a job of its own it would have no limit: whatever else were tried, that would be what helps.
    "array_limit": on_its_own,
    "tenant_quota": within_quota,
    SERVICE_CLAIMS: lambda scene: iter(()),  # its turn comes in one of the next rounds
}
