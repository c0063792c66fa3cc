"""Deeds, thought through before they are done: what would change, why, at what risk; then carried out as proposed.

Law: a proposal is made of the verbs' own dry runs, and carried out by the verbs themselves, which check in the very
transaction that writes that each subject still is what it was: who it is, and in which version. So nothing here decides
a second time what a verb means, and nothing here writes. Never a terminal, never a look by position, never a deed upon
something that nobody was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from clusterctl.cluster import Cluster
from clusterctl.model.errors import Refused
from clusterctl.model.proposals import Deed, DeedVerb, Outcome, Proposal
from clusterctl.operations.proposals import findings, jobs, pruning, services, workers

FAMILIES: Mapping[DeedVerb, ModuleType] = {
    "cancel": jobs,
    "hold": jobs,
    "release": jobs,
    "requeue": jobs,
    "drain": workers,
    "resume": workers,
    "confirm_dead": workers,
    "forget": workers,
    "scale": services,
    "restart": services,
    "mend": findings,
    "prune": pruning,
}


def propose(cluster: Cluster, deed: Deed) -> Proposal:
    """What *deed* would change now, and whether it may; nothing is changed by asking.

    What it cannot be done to is an aside; without any change there is nothing to be done. Not ``served`` itself, as
    ``carry_out``: both hand on to what is. Raises BadInput for a deed that makes no sense, NotFound for a service that
    there is not.
    """
    proposal: Proposal = FAMILIES[deed.verb].propose(cluster, deed)
    return proposal


def carry_out(cluster: Cluster, proposal: Proposal, *, reason: str = "") -> list[Outcome]:
    """Do what was proposed, only to what still is as it was seen then; what became of each.

    The caller and *reason* go into the audit. Safe to repeat: what was done is not done again. Raises Refused if
    nothing was proposed; Outage, and then nobody knows whether it was done.
    """
    if not proposal.changes:
        raise Refused("there is nothing to be done", "look again")
    outcomes: list[Outcome] = FAMILIES[proposal.deed.verb].carry_out(cluster, proposal, reason)
    return outcomes
