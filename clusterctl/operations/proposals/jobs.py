"""``cancel``, ``hold``, ``release``, ``requeue``, proposed. Also how a reservation is given back: by ``requeue``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.model.errors import BadInput
from clusterctl.model.job_verbs import Act, Handled, Seen, Verb, standing
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.proposals import Aside, Change, Deed, Outcome, Proposal, Weight
from clusterctl.model.selection import Selection
from clusterctl.model.states import JobState, LiveState
from clusterctl.operations import jobs as verbs
from clusterctl.operations.handing_in import own_key
from clusterctl.operations.proposals.replicas import services_after
from clusterctl.operations.proposals.wording import (
    LOST_WORK,
    age_at,
    care,
    fewer_reserved,
    heard,
    listed,
    typed_in,
)
from clusterctl.store import jobs, worker_rows
from clusterctl.units import format_numbers, parse_numbers

AFTER: dict[Act, str] = {
    "cancel": "cancelled",
    "hold": "held",
    "halt": "told to stop, then held",
    "release": "waits for a worker",
    "restart": "told to stop, then waits to run again",
    "withdraw": "waits again",
    "resubmit": "submitted again, as a new job",
}
RISKS: dict[Act, str] = {
    "halt": "it serves nothing until it is released",
    "restart": f"{LOST_WORK}; it begins anew",
    "withdraw": "none: no agent has started it, and a start that is won first wins",
    "resubmit": "what it has written may be written once more",
}
UNDO: dict[Verb, Verb] = {"hold": "release", "release": "hold"}
BY_HAND = "`clusterctl release` (H) lets go what is held, once it has stopped"
DEAF = "the word waits until {} is heard"  # what a silent worker is told


class Meant(NamedTuple):
    """A job to which something will be done: what, and as what it was seen."""

    job: Seen
    act: Act
    handled: Handled


def propose(cluster: Cluster, deed: Deed) -> Proposal:
    """What the verb would do to each of the jobs."""
    if not deed.jobs:
        raise BadInput("no jobs are named")
    verb = verb_of(deed)
    key = own_key()
    handled = call(verb)(cluster, deed.jobs, key, None, dry_run=True)
    workers = {each.name: each for each in worker_rows.read(cluster.db)} if any(h.worker for h in handled) else {}
    asides = [Aside(subject=f"job:{id}", why="there is no such job") for id in missing(deed.jobs, handled)]
    meant = []
    for each in handled:
        why = kept_from(verb, each, workers)
        if why is None and each.seen is not None and each.act is not None:
            meant.append(Meant(each.seen, each.act, each))
        else:
            asides.append(Aside(subject=f"job:{each.job_id}", why=why or each.sentence))
    asides.sort(key=lambda aside: int(aside.subject.removeprefix("job:")))
    if not meant:
        return Proposal(deed=deed, title=f"Nothing to {verb}", asides=tuple(asides))
    return proposal_of(cluster, deed, verb, meant, asides=tuple(asides), workers=workers, key=key)


def proposal_of(
    cluster: Cluster,
    deed: Deed,
    verb: Verb,
    meant: Sequence[Meant],
    *,
    asides: tuple[Aside, ...],
    workers: dict[str, WorkerPicture],
    key: str,
) -> Proposal:
    """The proposal to do what is *meant*."""
    ids = tuple(each.job.job_id for each in meant)
    halts = any(each.act == "halt" for each in meant)
    undo = None if halts else UNDO.get(verb)
    sums = [*services_after(verb, meant), *fewer_reserved(workers.values(), freed(meant))]
    return Proposal(
        deed=deed,
        title=title(verb, meant),
        why=tuple(reasons(cluster, meant, workers)),
        **listed(changes(meant, workers), sums),
        asides=asides,
        risk=risk(verb, meant),
        precondition=f"it is still {standing(meant[0].job)}"
        if len(meant) == 1
        else "each is still as it is now: its state, its worker, its attempt; another is left",
        **typed_in((verb, numbers(ids))),
        undo=Deed(verb=undo, jobs=ids) if undo else None,
        by_hand=BY_HAND if halts else "",
        **care(weight(verb, meant), len(meant), str(ids[0])),
        guard={"seen": msgspec.to_builtins([each.job for each in meant]), "key": key},
    )


def carry_out(cluster: Cluster, proposal: Proposal, reason: str) -> list[Outcome]:
    """Do it to those jobs that are as they were seen."""
    seen = msgspec.convert(proposal.guard["seen"], tuple[Seen, ...])
    only_if = {job.job_id: job for job in seen}
    handled = call(verb_of(proposal.deed))(cluster, list(only_if), proposal.guard["key"], only_if, reason=reason)
    told = [Outcome(subject=f"job:{each.job_id}", fate=each.fate, sentence=sentence(each)) for each in handled]
    gone = missing(only_if, handled)
    return told + [Outcome(subject=f"job:{id}", fate="changed", sentence="it has been forgotten") for id in gone]


def verb_of(deed: Deed) -> Verb:
    """Its verb, which is one of jobs."""
    verb: Verb = msgspec.convert(deed.verb, Verb)
    return verb


def call(verb: Verb) -> Callable[..., list[Handled]]:
    """The verb, called alike whichever it is: only ``requeue`` has a key."""

    def act(
        cluster: Cluster,
        ids: Sequence[int],
        key: str,
        only_if: dict[int, Seen] | None,
        *,
        reason: str = "",
        dry_run: bool = False,
    ) -> list[Handled]:
        if verb == "requeue":
            return verbs.requeue(cluster, ids, key=key, reason=reason, dry_run=dry_run, only_if=only_if)
        do = {"cancel": verbs.cancel, "hold": verbs.hold, "release": verbs.release}[verb]
        return do(cluster, ids, reason=reason, dry_run=dry_run, only_if=only_if)

    return act


def missing(ids: Iterable[int], handled: Iterable[Handled]) -> list[int]:
    """Those of *ids* of which nobody knows anything."""
    return sorted(set(ids) - {each.job_id for each in handled})


def kept_from(verb: Verb, each: Handled, workers: dict[str, WorkerPicture]) -> str | None:
    """Why it is better not to do it, although the verb would: None if it is fine."""
    worker = workers.get(each.worker or "")
    if each.act != "restart" or worker is None or worker.live_state == LiveState.UP:
        return None
    return (
        f"it runs on {worker.name}, which is {worker.live_state}: nobody can tell it to stop. If that machine is dead,"
        f" `clusterctl worker {worker.name} --confirm-dead` gives up all that it holds"
    )


def title(verb: Verb, meant: Sequence[Meant]) -> str:
    """What is asked."""
    withdrawn = all(each.act == "withdraw" for each in meant)
    first = meant[0].job
    if len(meant) > 1:
        return f"Release {len(meant):,} reservations?" if withdrawn else f"{verb.capitalize()} {len(meant):,} jobs?"
    name = f" ({first.name})" if first.name else ""
    what = f"Release allocation {first.allocation} of" if withdrawn else verb.capitalize()
    return f"{what} job {first.job_id}{name}?"


def reasons(cluster: Cluster, meant: Sequence[Meant], workers: dict[str, WorkerPicture]) -> Iterable[str]:
    """The evidence: what is reserved and not begun, workers that are not heard, services that are only met in part."""
    first = meant[0].job
    if len(meant) == 1 and meant[0].act == "withdraw" and first.worker in workers:
        (job,) = jobs.read(cluster.db, Selection(ranges=((first.job_id, first.job_id),)), 1)
        if job.allocation is not None:
            yield f"reserved for {age_at(workers[first.worker], job.allocation.reserved_at)}, and not started"
    for name in sorted({each.job.worker for each in meant if each.job.worker} & workers.keys()):
        if workers[name].live_state != LiveState.UP:
            yield heard(workers[name])
    for service, count in Counter(each.job.service for each in meant if each.job.service is not None).items():
        some = next(each.handled for each in meant if each.job.service == service)
        if count < some.replicas:
            yield f"of service {service}, {count} of {some.replicas} replicas"


def changes(meant: Sequence[Meant], workers: dict[str, WorkerPicture]) -> list[Change]:
    """Each job, and of a single one its allocation."""
    told = [
        Change(subject=f"job:{job.job_id}", before=standing(job), after=after(job, act, workers))
        for job, act, _ in meant
    ]
    job = meant[0].job
    if len(meant) == 1 and job.state is JobState.SCHEDULED:
        told.append(Change(subject=f"allocation:{job.allocation}", before="reserved", after="released"))
    return told


def after(job: Seen, act: Act, workers: dict[str, WorkerPicture]) -> str:
    """What the job will be."""
    if job.state is not JobState.RUNNING:
        return AFTER[act]
    worker = workers.get(job.worker or "")
    will = "told to stop, then cancelled" if act == "cancel" else AFTER[act]
    return will if worker is None or worker.live_state == LiveState.UP else f"{will}; {DEAF.format(worker.name)}"


def freed(meant: Sequence[Meant]) -> dict[str, float]:
    """How many CPUs of which workers are given back from reservations, at once."""
    milli: Counter[str] = Counter()
    for job, _, _ in meant:
        if job.state is JobState.SCHEDULED and job.worker:
            milli[job.worker] += job.cpu_milli
    return {worker: total / 1000 for worker, total in milli.items()}


def risk(verb: Verb, meant: Sequence[Meant]) -> str:
    """What may be lost."""
    told = [RISKS[act] for act in dict.fromkeys(each.act for each in meant) if act in RISKS]
    if verb == "cancel":
        ran = any(each.job.state is JobState.RUNNING for each in meant)
        told.append(f"{LOST_WORK}; it cannot be undone" if ran else "it cannot be undone")
        everywhere = {each.job.service for each in meant if each.handled.every_worker}
        told += [
            f"service {service} is for every worker: another is made at once"
            for service in sorted(filter(None, everywhere))
        ]
    return "; ".join(told)


def weight(verb: Verb, meant: Sequence[Meant]) -> Weight:
    """How much care it asks for, of few jobs."""
    return "mild" if verb in UNDO and all(each.act != "halt" for each in meant) else "moderate"


def numbers(ids: Iterable[int]) -> str:
    """``7,9-12``."""
    return format_numbers(parse_numbers(",".join(map(str, ids))))


def sentence(each: Handled) -> str:
    """What became of it."""
    return each.sentence if each.again is None else f"{each.sentence}, as job {each.again}"
