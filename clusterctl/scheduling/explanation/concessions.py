"""What an operator could decide otherwise, so that a job starts: commands, and what the cluster would be then."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Quota
from clusterctl.model.states import AdminState
from clusterctl.model.steering import Steering
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.explanation.trial import OPENING, Trial
from clusterctl.scheduling.filters import sift
from clusterctl.scheduling.roster import Roster, each
from clusterctl.units import format_cpus

MOST = 3  # workers that may be opened


def placed_again(scene: Scene) -> Iterator[Trial]:
    """Jobs of its kind are placed, by the policy that would place them if nobody had set another."""
    name = f"{scene.group.kind}_placement"
    steering = replace(scene.snapshot.steering, **{name: getattr(Steering(), name)})
    option = f"clusterctl config set {name} {getattr(steering, name)}"
    yield Trial(OPENING, option, None, replace(scene.snapshot, steering=steering))


def unmeasured(scene: Scene) -> Iterator[Trial]:
    """What is reserved and allocated decides, not what is measured."""
    steering = replace(scene.snapshot.steering, use_measures="never")
    snapshot = replace(scene.snapshot, steering=steering)
    yield Trial(OPENING, "clusterctl config set use_measures never", None, snapshot)


def larger_quota(scene: Scene) -> Iterator[Trial]:
    """As much more for its tenant as this job takes, or as all take that have their turn before it."""
    tenant, snapshot = scene.group.tenant, scene.snapshot
    quota = snapshot.quotas.get(tenant)
    if quota is None:
        return
    given = [each.request for each in scene.starting if each.tenant == tenant]
    held = snapshot.used.get(tenant, Resources()) + sum(given, start=Resources())
    ahead = [
        (group, scene.crowds[group.shape].before) for group in snapshot.queue if group.tenant == tenant
    ]  # of which some may be among those given
    options = set()
    for others, milli in ((0, 0), (sum(count for _, count in ahead), sum(g.request.cpu_milli * n for g, n in ahead))):
        cpu_milli = held.cpu_milli + milli + scene.group.request.cpu_milli
        raised = at_least(quota, -(-cpu_milli // 1000) * 1000, quota.holds + len(given) + others + 1)
        option = told(tenant, quota, raised)
        if option not in options:
            options.add(option)
            yield Trial(OPENING, option, None, replace(snapshot, quotas={**snapshot.quotas, tenant: raised}))


def at_least(quota: Quota, cpu_milli: int, running: int) -> Quota:
    """The quota, raised to so much where it bounds that at all."""
    return replace(
        quota,
        cpu_milli=None if quota.cpu_milli is None else max(quota.cpu_milli, cpu_milli),
        running=None if quota.running is None else max(quota.running, running),
    )


def told(tenant: str, before: Quota, after: Quota) -> str:
    """The command that raises it."""
    cpus = f" --max-cpus {format_cpus(after.cpu_milli or 0)}" if after.cpu_milli != before.cpu_milli else ""
    running = f" --max-running {after.running}" if after.running != before.running else ""
    return f"clusterctl tenant {tenant}{cpus}{running}"


def opened(scene: Scene) -> Iterator[Trial]:
    """A worker that is drained or closed takes jobs again: the first ones that would have the job."""
    workers = scene.snapshot.workers
    closed = [scene.roster.workers[at] for at in each(scene.roster.everyone & ~scene.roster.open)]
    ajar = Roster(
        replace(scene.snapshot, workers=tuple(replace(worker, admin_state=AdminState.OPEN) for worker in closed))
    )
    for at in islice(each(sift(scene.group, ajar).left), MOST):
        willing = ajar.workers[at]
        others = tuple(willing if worker.id == willing.id else worker for worker in workers)
        yield Trial(OPENING, f"clusterctl resume {willing.name}", None, replace(scene.snapshot, workers=others))
