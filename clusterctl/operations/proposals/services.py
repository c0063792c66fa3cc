"""``scale`` and ``restart``, proposed. No replicas at all is ``hold`` of all that there are."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.model.errors import BadInput, NotFound, Refused
from clusterctl.model.job_verbs import standing
from clusterctl.model.proposals import Aside, Change, Deed, Outcome, Proposal
from clusterctl.model.selection import Selection
from clusterctl.model.services import Scaled, ServicePicture
from clusterctl.model.states import LIVE
from clusterctl.operations import services as verbs
from clusterctl.operations.proposals import jobs
from clusterctl.operations.proposals.wording import care, listed, outcome_of, things, typed_in
from clusterctl.store import choice, job_steps, service_rows


def propose(cluster: Cluster, deed: Deed) -> Proposal:
    """What the verb would do to the service. Raises NotFound; BadInput for a number that no service has."""
    if deed.service is None:
        raise BadInput("no service is named")
    service = find(cluster, deed.service)
    try:
        if deed.verb == "restart":
            return restart(cluster, deed, service)
        if deed.replicas is None:
            raise BadInput("nobody says how many replicas there shall be")
        return scale(cluster, deed, service, deed.replicas) if deed.replicas else stop(cluster, deed, service)
    except Refused as refused:
        return nothing(deed, str(refused))


def carry_out(cluster: Cluster, proposal: Proposal, reason: str) -> list[Outcome]:
    """Do it, if the service still is as it was seen."""
    if proposal.deed.verb == "restart":
        return [restart_seen(cluster, proposal, reason)]
    return [scale_seen(cluster, proposal, reason)]


def find(cluster: Cluster, number: int) -> ServicePicture:
    """That service."""
    found = service_rows.read(cluster.db, [number], cluster.settings.measure_ttl)
    if not found:
        raise NotFound(f"no service {number}", "`clusterctl services` lists them")
    return found[0]


def nothing(deed: Deed, why: str) -> Proposal:
    """What cannot, or need not be done."""
    return Proposal(
        deed=deed, title=f"Nothing to {deed.verb}", asides=(Aside(subject=f"service:{deed.service}", why=why),)
    )


def scale(cluster: Cluster, deed: Deed, service: ServicePicture, wanted: int) -> Proposal:
    """More replicas, or fewer: by its own dry run."""
    foreseen = verbs.scale(cluster, service, wanted, dry_run=True)
    was = service.replicas.wanted
    if was == wanted and not foreseen.cancelled:
        return nothing(deed, f"it has {things(wanted, 'replica')} already")
    going = job_steps.look(cluster.db, foreseen.cancelled)
    changes = [Change(subject=f"service:{service.id}", before=things(was, "replica"), after=things(wanted, "replica"))]
    changes += [Change(subject=f"job:{job.job_id}", before=standing(job), after="cancelled") for job in going]
    return Proposal(
        deed=deed,
        title=f"Let {called(service)} have {things(wanted, 'replica')}?",
        **listed(changes),
        risk="what these replicas serve just now is cut off; their numbers do not come back" if going else "none",
        precondition=f"nobody has scaled or restarted it since{', and the same replicas would go' if going else ''}",
        **typed_in(("scale", str(service.id), str(wanted))),
        undo=replace(deed, replicas=was) if was else None,
        **care("moderate", max(1, len(going)), str(service.id)),
        guard={"foreseen": msgspec.to_builtins(foreseen)},
    )


def stop(cluster: Cluster, deed: Deed, service: ServicePicture) -> Proposal:
    """None at all: every replica is held, so that the service is kept; ``release`` lets it serve again."""
    ids = choice.ids(
        cluster.db, Selection(array_id=service.id, states=tuple(sorted(LIVE))), service.replicas.wanted + 1
    )
    if not ids:
        return nothing(deed, f"service {service.id} has ended")
    proposal = jobs.propose(cluster, Deed(verb="hold", jobs=tuple(ids)))
    if not proposal.changes:
        return replace(nothing(deed, "none of its replicas runs, or may start"), asides=proposal.asides)
    return replace(
        proposal,
        title=f"Stop all of {called(service)}?",
        risk="it serves nothing until it is released",
        **typed_in(("hold", f"service:{service.id}")),
        weight="severe",
        typed=str(service.id),
    )


def restart(cluster: Cluster, deed: Deed, service: ServicePicture) -> Proposal:
    """A rolling restart: by its own dry run."""
    generation = verbs.restart(cluster, service, dry_run=True)
    running = service.replicas.running
    if not running:
        return nothing(deed, "no replica runs: there is nothing to restart")
    alone = "nothing serves while the only one is started anew" if running == 1 else "one less serves at a time"
    after = f"generation {generation}: {things(running, 'replica')} started anew{', in turn' if running > 1 else ''}"
    return Proposal(
        deed=deed,
        title=f"Restart {called(service)}?",
        why=(f"its last restart goes on: it waits until {service.held_up_by}",) if service.held_up_by else (),
        changes=(Change(subject=f"service:{service.id}", before=f"generation {service.generation}", after=after),),
        risk=alone,
        precondition=f"nobody has restarted it since: it is still of generation {service.generation}",
        **typed_in(("restart", str(service.id))),
        **care("moderate", 1, str(service.id)),
        guard={"service": msgspec.to_builtins(service)},
    )


def scale_seen(cluster: Cluster, proposal: Proposal, reason: str) -> Outcome:
    """The same, done."""
    foreseen = msgspec.convert(proposal.guard["foreseen"], Scaled)
    service, wanted = foreseen.service, foreseen.wanted

    def act() -> str:
        scaled = verbs.scale(cluster, service, wanted, reason=reason, only_if=foreseen)
        made = f"; made: {jobs.numbers(scaled.made)}" if scaled.made else ""
        return f"has {things(wanted, 'replica')} instead of {service.replicas.wanted}{made}"

    def is_so() -> str:
        now = service_rows.read(cluster.db, [service.id], cluster.settings.measure_ttl)
        has = [each.replicas.wanted for each in now if each.ended_at is None]
        return f"it has {things(wanted, 'replica')} already" if has == [wanted] else ""

    return outcome_of(f"service:{service.id}", act, is_so)


def restart_seen(cluster: Cluster, proposal: Proposal, reason: str) -> Outcome:
    """The same, done."""
    service = msgspec.convert(proposal.guard["service"], ServicePicture)

    def act() -> str:
        return f"is restarted, as generation {verbs.restart(cluster, service, reason=reason)}"

    return outcome_of(f"service:{service.id}", act, lambda: "")


def called(service: ServicePicture) -> str:
    """``service 42 (web)``."""
    return f"service {service.id}" + (f" ({service.name})" if service.name else "")
