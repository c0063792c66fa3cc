"""Why a group waits, in a sentence: the same in the log, ``job``, ``explain`` and the console."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from clusterctl.model.plan import Wait
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.scheduling.usage import fit, is_usable, room
from clusterctl.units import format_cpus, format_memory

NAMED = 3  # workers that a sentence tells of
SENTENCES = {
    "no_workers": "no worker is up",
    "unsatisfiable": "needs {wish}; no worker that it may use is that large{largest}",
    "fits_now": "needs {wish}; every worker that could hold it is full for now",
    "fits_load": "needs {wish}; those that have so much free use too much as it is{busy}",
    "measured": "needs {wish}; of those that could hold it, it is not known what they use: {unmeasured}",
    "live": "needs {wish}; the workers that could hold it are not up",
    "admin_open": "needs {wish}; the workers that could hold it are draining or closed",
    "worker_trouble": "needs {wish}; the workers that could hold it take no new work: {troubles}",
    "label": "no worker carries the labels {labels}",
    "named_worker": "there is no worker {worker}",
    "array_limit": "as many of its array run as its limit allows",
    "tenant_quota": "needs {wish}; {quota}",
    "backfill": "needs {wish}; there is room only on the worker that is kept for a job whose turn comes first",
    "service_claims": "its best worker has had its share of this round ({claims}); its turn comes in a later one",
    "policy_disabled": "{kind}_placement is none: nothing is placed",
    "round_full": "its turn comes in the next round",
}
Teller = Callable[[QueueGroup, Snapshot], object]


def in_words(wait: Wait, group: QueueGroup, snapshot: Snapshot) -> str:
    """One sentence, with what it would take."""
    sentence = SENTENCES.get(wait.reason, wait.reason)
    # Some look at all workers, and this is asked for thousands of groups.
    told = {name: tell(group, snapshot) for name, tell in TELLERS.items() if f"{{{name}}}" in sentence}
    return sentence.format(**told)


def say(request: Resources) -> str:
    """``2 CPUs, 512 MiB, 1 GPU``; what is not asked for is left out."""
    parts = [f"{request.cpu_milli / 1000:g} CPU{'' if request.cpu_milli == 1000 else 's'}"]
    if request.memory_mb:
        parts.append(f"{request.memory_mb} MiB")
    if request.gpus:
        parts.append(f"{request.gpus} GPU{'' if request.gpus == 1 else 's'}")
    return ", ".join(parts)


def troubles(snapshot: Snapshot) -> str:
    """What troubles the workers, each in its own words, three at most."""
    return first_few(f"{worker.name}: {worker.trouble}" for worker in snapshot.workers if worker.trouble)


def largest(snapshot: Snapshot) -> str:
    """The worker with the most CPUs, as an aside."""
    if not snapshot.workers:
        return ""
    worker = max(snapshot.workers, key=lambda worker: (worker.capacity.cpu_milli, worker.name))
    return f" (the largest, {worker.name}, has {say(worker.capacity)})"


def quota(group: QueueGroup, snapshot: Snapshot) -> str:
    """Which bound its tenant has reached, or would pass with one more of its jobs."""
    bounds, tenant = snapshot.quotas.get(group.tenant), group.tenant
    if bounds is None:
        return f"tenant {tenant} has no quota any more"
    held = snapshot.used.get(tenant, Resources()).cpu_milli
    if bounds.running == 0:
        return f"the quota of tenant {tenant} lets none of its jobs run"
    if bounds.cpu_milli is not None and group.request.cpu_milli > bounds.cpu_milli:
        return f"that is more than the whole quota of tenant {tenant}, {say(Resources(bounds.cpu_milli))}"
    if bounds.running is not None and bounds.holds >= bounds.running:
        return f"tenant {tenant} has {bounds.holds} of the {bounds.running} jobs of its quota running"
    if bounds.cpu_milli is not None and held + group.request.cpu_milli > bounds.cpu_milli:
        return f"tenant {tenant} holds {format_cpus(held)} of the {format_cpus(bounds.cpu_milli)} CPUs of its quota"
    return f"what starts in this round fills the quota of tenant {tenant}"


def busy(group: QueueGroup, snapshot: Snapshot) -> str:
    """What is short on the workers that are too busy, three of them at most; as an aside, if there are any."""
    ttl = snapshot.steering.measure_ttl
    measured = (worker for worker in active(snapshot) if is_usable(worker.measured, worker.capacity, snapshot.at, ttl))
    verdicts = ((worker, fit(group.request, room(worker))) for worker in measured if group.request <= worker.free)
    told = first_few(f"{worker.name}: {verdict.reason}" for worker, verdict in verdicts if not verdict)
    return told and f": {told}"


def unmeasured(snapshot: Snapshot) -> str:
    """Of which workers nothing usable was measured, and what is wrong with it; three of them at most."""
    at, ttl = snapshot.at, snapshot.steering.measure_ttl
    return first_few(
        f"{worker.name}: {flaw(worker, at, ttl)}"
        for worker in active(snapshot)
        if not is_usable(worker.measured, worker.capacity, at, ttl)
    )


def flaw(worker: WorkerPicture, at: float, ttl: float) -> str:
    """Why its measure is of no use."""
    measured = worker.measured
    if measured is None:
        return "nothing was measured"
    if not abs(at - measured.at) <= ttl:
        return f"measured {at - measured.at:.0f} s ago"
    if measured.memory_mb > worker.capacity.memory_mb:
        memory = f"{measured.memory_mb:.0f} MiB of {format_memory(worker.capacity.memory_mb)}"
        return f"uses {memory}, more than it has"
    return f"says that it uses {measured.cpu_milli} thousandths of CPUs, {measured.memory_mb} MiB"


def active(snapshot: Snapshot) -> Iterator[WorkerPicture]:
    """The workers that take new work."""
    for worker in snapshot.workers:
        if worker.live_state == LiveState.UP and worker.admin_state == AdminState.OPEN and not worker.trouble:
            yield worker


def first_few(told: Iterable[str]) -> str:
    """The first three, and whether there are more."""
    few = list(islice(told, NAMED + 1))
    return "; ".join(few[:NAMED]) + ("; …" if len(few) > NAMED else "")


def claims(snapshot: Snapshot) -> str:
    """How many replicas a worker takes in a round."""
    most = snapshot.steering.service_claims_per_round
    return f"{most} replica{'' if most == 1 else 's'} for each worker"


def labels(group: QueueGroup) -> str:
    """``disk=ssd zone=n``."""
    return " ".join(f"{key}={value}" for key, value in sorted(group.labels.items()))


TELLERS: dict[str, Teller] = {
    "wish": lambda group, snapshot: say(group.request),
    "labels": lambda group, snapshot: labels(group),
    "worker": lambda group, snapshot: group.worker,
    "kind": lambda group, snapshot: group.kind,
    "largest": lambda group, snapshot: largest(snapshot),
    "troubles": lambda group, snapshot: troubles(snapshot),
    "claims": lambda group, snapshot: claims(snapshot),
    "unmeasured": lambda group, snapshot: unmeasured(snapshot),
    "busy": busy,
    "quota": quota,
}
