"""``prune``, proposed: by a moment that stands still, so that nothing goes that has become old since it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.model.errors import BadInput
from clusterctl.model.proposals import Change, Deed, Outcome, Proposal
from clusterctl.model.retention import Kind, age_of
from clusterctl.operations import pruning as verb
from clusterctl.operations.proposals.wording import things, typed_in
from clusterctl.store import history, leftovers
from clusterctl.store.leftovers import Keep
from clusterctl.units import format_duration

MOST = 10_000_000  # rows that are counted
NOUNS: dict[Kind, str] = {  # what one row of each kind is
    "jobs": "job",
    "allocations": "allocation",
    "claims": "claim",
    "samples": "sample",
    "history": "history row",
    "audit": "audit row",
}
NEVER = 1e9  # seconds: nothing is as old


class Plan(msgspec.Struct, frozen=True):
    """So many ``rows`` of a kind are older than that moment."""

    kind: Kind
    rows: int
    before: datetime
    older_than_s: float


def propose(cluster: Cluster, deed: Deed) -> Proposal:
    """What is old enough, of each kind. Raises BadInput for what is no kind, or no age."""
    kinds = kinds_of(deed)
    ages = {kind: age_of(cluster.settings, kind, deed.older_than_s) for kind in kinds}
    with cluster.db.one_moment():
        before = {kind: history.moment(cluster.db, age) for kind, age in ages.items()}
        found = {each.kind: each for each in leftovers.leftovers(cluster.db, keep(ages), MOST)}
    plans = [Plan(kind, found[kind].rows, before[kind], ages[kind]) for kind in kinds if kind in found]
    if not plans:
        return Proposal(deed=deed, title="Nothing is that old")
    oldest = tuple(f"{plan.kind}: the oldest is of {found[plan.kind].oldest:%Y-%m-%d %H:%M:%S} UTC" for plan in plans)
    total = sum(plan.rows for plan in plans)
    return Proposal(
        deed=deed,
        title=f"Forget {things(total, NOUNS[plans[0].kind] if len(plans) == 1 else 'row')}?",
        why=oldest,
        changes=tuple(
            Change(
                subject=plan.kind,
                before=f"{plan.rows:,} older than {format_duration(plan.older_than_s)}",
                after="forgotten",
            )
            for plan in plans
        ),
        risk="they are gone for good: it cannot be undone",
        precondition="it was old enough when this was shown; what has become so since stays",
        **typed_in(*commands(deed, plans)),
        weight="severe",
        typed=str(total),
        guard={"plans": msgspec.to_builtins(plans)},
    )


def carry_out(cluster: Cluster, proposal: Proposal, reason: str) -> list[Outcome]:
    """Forget what was shown, a bite at a time."""
    plans = msgspec.convert(proposal.guard["plans"], list[Plan])
    return [forget(cluster, plan, reason) for plan in plans]


def forget(cluster: Cluster, plan: Plan, reason: str) -> Outcome:
    """The same of one kind. Some of it may have gone meanwhile, by schedd or by another hand."""
    gone = 0
    while gone < plan.rows:
        bite = verb.prune(cluster, plan.kind, reason=reason, begun=gone > 0, before=plan.before, most=plan.rows - gone)
        if not bite:
            break
        gone += bite
    if not gone:
        return Outcome(subject=plan.kind, fate="unchanged", sentence="they were gone already")
    rest = "" if gone == plan.rows else f"; {plan.rows - gone:,} were gone already"
    return Outcome(subject=plan.kind, fate="done", sentence=f"forgot {gone:,}{rest}")


def kinds_of(deed: Deed) -> list[Kind]:
    """What is meant; without a word all, but the audit only by its own age."""
    known = get_args(Kind)
    for word in deed.what:
        if word == "spool":
            raise BadInput("output is forgotten on its own machine", "`clusterctl prune --spool` there")
        if word not in known:
            raise BadInput(f"{word!a:.80} is nothing that can be pruned", f"write {', '.join(known)}")
    if deed.what:
        return [kind for kind in known if kind in deed.what]
    return [kind for kind in known if kind != "audit" or deed.older_than_s is None]


def keep(ages: dict[Kind, float]) -> Keep:
    """The ages, for a look that counts only these kinds."""
    return Keep(**{kind: ages.get(kind, NEVER) for kind in get_args(Kind)})


def commands(deed: Deed, plans: Sequence[Plan]) -> list[list[str]]:
    """One: what has an age of its own has that by the cluster's settings there, too."""
    age = [] if deed.older_than_s is None else ["--older-than", format_duration(deed.older_than_s)]
    return [["prune", *(f"--{plan.kind}" for plan in plans), *age]]
