"""``drain``, ``resume``, ``confirm_dead``, ``forget``, proposed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clusterctl.cluster import Cluster
from clusterctl.model.errors import BadInput, Refused
from clusterctl.model.pictures import HoldingPicture, WorkerPicture
from clusterctl.model.proposals import Aside, Change, Deed, Outcome, Proposal
from clusterctl.model.states import AdminState, AllocationStatus, LiveState
from clusterctl.operations import workers as verbs
from clusterctl.operations.proposals.wording import care, cpus, heard, listed, outcome_of, things, typed_in
from clusterctl.store import worker_rows
from clusterctl.units import format_age, format_duration

STATES = {"drain": AdminState.DRAINING, "resume": AdminState.OPEN}
Workers = dict[str, WorkerPicture]


def propose(cluster: Cluster, deed: Deed) -> Proposal:
    """What the verb would do to each of the workers."""
    if not deed.workers:
        raise BadInput("no workers are named")
    known = {each.name: each for each in worker_rows.read(cluster.db)}
    names = sorted(set(deed.workers))
    seen = [known[name] for name in names if name in known]
    strangers = [Aside(subject=f"worker:{name}", why="there is no such worker") for name in names if name not in known]
    if deed.verb in STATES:
        return administer(cluster, deed, known, seen, strangers)
    return (
        confirm(cluster, deed, seen, strangers)
        if deed.verb == "confirm_dead"
        else forget(cluster, deed, seen, strangers)
    )


def carry_out(cluster: Cluster, proposal: Proposal, reason: str) -> list[Outcome]:
    """Do it to those workers that are as they were seen."""
    deed = proposal.deed
    if deed.verb in STATES:
        return administer_seen(cluster, proposal, reason)
    if deed.verb == "confirm_dead":
        return [confirm_seen(cluster, seen, reason) for seen in proposal.seen]
    return [forget_seen(cluster, seen, reason) for seen in proposal.seen]


def administer(
    cluster: Cluster, deed: Deed, known: Workers, seen: Sequence[WorkerPicture], asides: list[Aside]
) -> Proposal:
    """``drain`` and ``resume``: by their own dry run, upon what was seen."""
    state = STATES[deed.verb]
    names = [each.name for each in seen]
    new = verbs.administer(cluster, names, state, deadline_s=deed.deadline_s, dry_run=True, only_if=seen)
    asides += [Aside(subject=f"worker:{name}", why=f"it is {state} already") for name in names if name not in new]
    meant = [each for each in seen if each.name in new]
    if not meant:
        return Proposal(deed=deed, title=f"Nothing to {deed.verb}", asides=tuple(asides))
    last = deed.verb == "drain" and leaves_none(known, new)
    at = () if deed.deadline_s is None else ("--deadline", format_duration(deed.deadline_s))
    return Proposal(
        deed=deed,
        title=title(deed.verb.capitalize(), meant),
        why=tuple(f"{each.name}: {each.admin_reason}" for each in meant if deed.verb == "resume" and each.admin_reason),
        **listed([Change(subject=f"worker:{each.name}", before=allowed(each), after=will_be(deed)) for each in meant]),
        asides=tuple(asides),
        risk=risk_of(deed, last=last),
        precondition="it has not registered anew, and nobody has let it do anything else since",
        **typed_in((deed.verb, *(each.name for each in meant), *at)),
        undo=way_back(deed, meant),
        **care("severe" if last else "mild" if len(meant) == 1 else "moderate", len(meant), meant[0].name),
        seen=tuple(meant),
    )


def leaves_none(known: Workers, drained: Collection[str]) -> bool:
    """Whether the last workers that take new jobs are among those that are drained."""
    taking = {
        each.name for each in known.values() if each.admin_state == AdminState.OPEN and each.live_state == LiveState.UP
    }
    return bool(taking) and taking <= set(drained)


def allowed(worker: WorkerPicture) -> str:
    """``open, holds 3 jobs``."""
    return worker.admin_state + (f", holds {things(worker.jobs, 'job')}" if worker.jobs else "")


def will_be(deed: Deed) -> str:
    """What a worker will be."""
    if deed.verb == "resume":
        return "open: it is given new jobs"
    end = "" if deed.deadline_s is None else f"; what runs in {format_duration(deed.deadline_s)} is stopped"
    return f"draining: what it has ends, it is given nothing new{end}"


def risk_of(deed: Deed, *, last: bool) -> str:
    """What may be lost."""
    told = []
    if last:
        told.append("no worker is left that takes new jobs: whatever waits goes on waiting")
    if deed.verb == "drain" and deed.deadline_s is not None:
        told.append("what is stopped then begins anew elsewhere; it spends no retry")
    return "; ".join(told) or "none: what runs, runs on"


def way_back(deed: Deed, meant: Sequence[WorkerPicture]) -> Deed | None:
    """The deed that takes it back: none where a deadline or a state would be lost on the way."""
    names = tuple(each.name for each in meant)
    if deed.verb == "drain":
        return (
            Deed(verb="resume", workers=names) if all(each.admin_state == AdminState.OPEN for each in meant) else None
        )
    plain = all(each.admin_state == AdminState.DRAINING and each.drain_by is None for each in meant)
    return Deed(verb="drain", workers=names) if plain else None


def administer_seen(cluster: Cluster, proposal: Proposal, reason: str) -> list[Outcome]:
    """The same, done."""
    deed, state = proposal.deed, STATES[proposal.deed.verb]
    names = [each.name for each in proposal.seen]
    done = verbs.administer(cluster, names, state, reason=reason, deadline_s=deed.deadline_s, only_if=proposal.seen)
    here = {each.name: each for each in worker_rows.read(cluster.db)} if len(done) < len(names) else {}
    return [
        Outcome(subject=f"worker:{seen.name}", fate="done", sentence=f"is {state}")
        if seen.name in done
        else left(seen, here.get(seen.name), state)
        for seen in proposal.seen
    ]


def left(seen: WorkerPicture, now: WorkerPicture | None, wished: AdminState) -> Outcome:
    """What is told of a worker that was no longer as it was *seen*."""
    subject = f"worker:{seen.name}"
    if now is None:
        return Outcome(subject=subject, fate="changed", sentence="it has been forgotten")
    if now.incarnation != seen.incarnation:
        return Outcome(subject=subject, fate="changed", sentence="it has registered anew")
    if now.admin_state == wished:
        return Outcome(subject=subject, fate="unchanged", sentence=f"it is {wished} already")
    return Outcome(subject=subject, fate="changed", sentence=f"it was {seen.admin_state}; it is {now.admin_state} now")


def confirm(cluster: Cluster, deed: Deed, seen: Sequence[WorkerPicture], asides: list[Aside]) -> Proposal:
    """``confirm_dead``: what each holds, and when it would be given up without a word."""
    meant, why, changes, begun = [], [], list[Change](), False
    for each in seen:
        try:
            ended = {gone.job_id: gone.state for gone in verbs.confirm_dead(cluster, each, dry_run=True)}
        except Refused as refused:
            asides.append(Aside(subject=f"worker:{each.name}", why=str(refused)))
            continue
        meant.append(each)
        why.append(f"{heard(each)}; its machine is {each.hostname}")
        holds = [holding for holding in worker_rows.holdings(cluster.db, each.name) if holding.job_id in ended]
        why += leases(each, holds)
        begun = begun or any(held.status == AllocationStatus.ALLOCATED for held in holds)
        changes += given_up(each)
        changes += [
            Change(
                subject=f"job:{held.job_id}", before=f"{held.status} on {each.name}", after=becomes(ended[held.job_id])
            )
            for held in holds
        ]
    if not meant:
        return Proposal(deed=deed, title="Nobody to confirm dead", asides=tuple(asides))
    return Proposal(
        deed=deed,
        title=title("Confirm dead:", meant),
        why=tuple(why),
        **listed(changes),
        asides=tuple(asides),
        risk="if that machine lives, its jobs run twice at once: say it only of one that is switched off"
        if begun
        else "none: nothing that it holds has begun",
        precondition="it is still silent, and nothing has been heard of it since",
        **typed_in(*(("worker", each.name, "--confirm-dead") for each in meant)),
        **care("moderate" if len(meant) == 1 else "severe", len(meant), meant[0].name),
        seen=tuple(meant),
    )


def leases(worker: WorkerPicture, holds: Sequence[HoldingPicture]) -> list[str]:
    """When the cluster gives up by itself what runs there: ``given up by itself in 9m12s``."""
    running = [held.lost_in_s for held in holds if held.status == AllocationStatus.ALLOCATED]
    after = [seconds for seconds in running if seconds is not None]
    told = []
    if after:
        told.append(f"{worker.name}: what it runs is given up by itself in {format_age(max(after))}")
    if len(after) < len(running):
        told.append(f"{worker.name}: {things(len(running) - len(after), 'job')} would never be given up by itself")
    return told


def given_up(worker: WorkerPicture) -> list[Change]:
    """The worker, and its sums."""
    held = f"reserved {cpus(worker.cpus.reserved)}, allocated {cpus(worker.cpus.allocated)}"
    told = [Change(subject=f"worker:{worker.name}", before=worker.live_state, after="lost")]
    if worker.jobs:
        told.append(Change(subject=f"worker:{worker.name}", before=held, after="reserved 0, allocated 0"))
    return told


def becomes(state: str) -> str:
    """What a job becomes, in the words of an operator."""
    return "waits to run elsewhere" if state == "pending" else state


def confirm_seen(cluster: Cluster, seen: WorkerPicture, reason: str) -> Outcome:
    """The same, done to one."""

    def act() -> str:
        ended = verbs.confirm_dead(cluster, seen, reason=reason)
        return f"is lost; {things(len(ended), 'job')} given up"

    return outcome_of(f"worker:{seen.name}", act, lambda: "it is lost already" if verbs.is_dead(cluster, seen) else "")


def forget(cluster: Cluster, deed: Deed, seen: Sequence[WorkerPicture], asides: list[Aside]) -> Proposal:
    """``forget``: those that are gone, and hold nothing."""
    meant = []
    for each in seen:
        try:
            verbs.forget(cluster, each, dry_run=True)
        except Refused as refused:
            asides.append(Aside(subject=f"worker:{each.name}", why=f"{refused}; {refused.hint}"))
        else:
            meant.append(each)
    if not meant:
        return Proposal(deed=deed, title="Nobody to forget", asides=tuple(asides))
    return Proposal(
        deed=deed,
        title=title("Forget", meant),
        why=tuple(heard(each) for each in meant),
        **listed([Change(subject=f"worker:{each.name}", before=each.live_state, after="forgotten") for each in meant]),
        asides=tuple(asides),
        risk="what was said of it is lost: its labels, that it drains; should its agent live, it is a new worker",
        precondition="it still holds nothing, and nothing has been heard of it since",
        **typed_in(*(("worker", each.name, "--forget") for each in meant)),
        **care("moderate", len(meant), meant[0].name),
        seen=tuple(meant),
    )


def forget_seen(cluster: Cluster, seen: WorkerPicture, reason: str) -> Outcome:
    """The same, done to one."""

    def act() -> str:
        verbs.forget(cluster, seen, reason=reason)
        return "is forgotten"

    def is_so() -> str:
        return "" if worker_rows.read(cluster.db, seen.name) else "it is forgotten already"

    return outcome_of(f"worker:{seen.name}", act, is_so)


def title(verb: str, meant: Sequence[WorkerPicture]) -> str:
    """What is asked."""
    return f"{verb} {meant[0].name}?" if len(meant) == 1 else f"{verb} {things(len(meant), 'worker')}?"
