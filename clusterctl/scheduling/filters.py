"""Which workers can have a job. A filter names the workers that it lets pass; ``FILTERS`` is the chain.

The order of the chain is its meaning. First what the job itself forbids, then what a worker *is* (its name, its
labels, its size), then how it *fares* (live, open, free now). So the last filter that removed anybody is the
one that would have to change for the job to start, and it names the reason: a job that only a silent worker
could hold waits for ``live``; one that no worker, silent or not, could ever hold is ``unsatisfiable``.

A dependency that is unmet and a ``not_before`` that lies ahead never get here: SQL leaves such jobs out.
A new filter is a function of this shape, its place in ``FILTERS``, and what it looks at of a group in ``trait``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import reduce

import msgspec

from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.scheduling.roster import Members, Roster, Sieve, each

Filter = Callable[[QueueGroup, Roster], Members]


def array_limit(group: QueueGroup, roster: Roster) -> Members:
    """Nobody, once as many of the array run as ``--array …%LIMIT`` allows."""
    return 0 if group.slots == 0 else roster.everyone


def tenant_quota(group: QueueGroup, roster: Roster) -> Members:
    """Nobody, once its tenant holds as much as it may, or has as many jobs running."""
    return roster.everyone if roster.quotas.allow(group) else 0


def named_worker(group: QueueGroup, roster: Roster) -> Members:
    """Only the worker that the job asks for by name, if it asks for one."""
    return roster.everyone if group.worker is None else roster.names.get(group.worker, 0)


def label(group: QueueGroup, roster: Roster) -> Members:
    """Those that carry every label of the job."""
    carriers = (roster.labels.get(wanted, 0) for wanted in group.labels.items())
    return reduce(int.__and__, carriers, roster.everyone)


def fits_ever(group: QueueGroup, roster: Roster) -> Members:
    """Those that could hold the job if they were empty."""
    return roster.capacities.at_least(group.request)


def live(group: QueueGroup, roster: Roster) -> Members:
    """Those whose agent is up: neither silent nor lost."""
    return roster.up


def admin_open(group: QueueGroup, roster: Roster) -> Members:
    """Those that the operator lets take new jobs."""
    return roster.open


def untroubled(group: QueueGroup, roster: Roster) -> Members:
    """Those whose agent itself has nothing against new work, such as a full disk."""
    return roster.untroubled


def measured(group: QueueGroup, roster: Roster) -> Members:
    """Those of which it is known what they use, if the policy for the job goes by that.

    Of one that the job names, it need not be known: nothing is to be chosen.
    """
    return roster.everyone if group.worker is not None or not roster.measures(group.kind) else roster.measured


def fits_load(group: QueueGroup, roster: Roster) -> Members:
    """Those that have enough left by what they were measured to use, if the policy for the job goes by that."""
    return roster.spares.at_least(group.request) if roster.measures(group.kind) else roster.everyone


def fits_now(group: QueueGroup, roster: Roster) -> Members:
    """Those that have enough free, by the snapshot."""
    return roster.rooms.at_least(group.request)


FILTERS: dict[str, Filter] = {
    filter.__name__: filter
    for filter in (
        array_limit,
        tenant_quota,
        named_worker,
        label,
        fits_ever,
        live,
        admin_open,
        untroubled,
        measured,
        fits_load,
        fits_now,
    )
}
AVOIDED = "avoid"  # what a replica does with the worker on which it has just crashed, if another can have it
# What removes workers in the round itself: the chain would have let them pass.
BACKFILL, SERVICE_CLAIMS = "backfill", "service_claims"
WORDS = (AVOIDED, *FILTERS, BACKFILL, SERVICE_CLAIMS)
SHOWN_AS = {"fits_ever": "unsatisfiable", "untroubled": "worker_trouble"}  # the words an operator knows
NEVER = frozenset({"named_worker", "label", "unsatisfiable"})  # waits for what a worker is: no end of a job ends them
OF_SIZE = frozenset({"fits_ever", "fits_load", "fits_now"})  # filters that look at amounts; the others choose a pool


class Refusals(msgspec.Struct, frozen=True, kw_only=True):
    """How the workers stand to a job.

    ``removed``: per filter, in the order of the chain, how many it removed (filters that removed none are left
    out); ``candidates``: the names of those that remain, in order. Together they count every worker once.
    ``reason`` is the word for a job that waits; empty while there are candidates.
    """

    removed: Mapping[str, int]
    candidates: tuple[str, ...]
    reason: str


def refusals(group: QueueGroup, snapshot: Snapshot) -> Refusals:
    """The table of ``explain``: the chain's answer to *group*, before anything else starts."""
    roster = Roster(snapshot)
    sieve = sift(group, roster)
    names = tuple(roster.workers[at].name for at in each(sieve.left))
    return Refusals(removed=sieve.removed, candidates=names, reason=sieve.reason)


def trait(group: QueueGroup, roster: Roster) -> tuple[Hashable, ...]:
    """All of a group that the chain tells apart: groups of one trait fare alike, however many there are."""
    request = group.request
    return (
        group.kind,
        group.worker,
        group.avoid,
        group.slots == 0,
        roster.quotas.allow(group),
        tuple(group.labels.items()),
        roster.capacities.rungs(request),
        roster.rooms.rungs(request),
        roster.spares.rungs(request) if roster.measures(group.kind) else None,
    )


def sift(group: QueueGroup, roster: Roster) -> Sieve:
    """Send everybody through the chain; once for all groups of one trait."""
    of = trait(group, roster)
    sieve = roster.sieves.get(of)
    if sieve is None:
        sieve = roster.sieves[of] = _sift(group, roster)
    return sieve


def _sift(group: QueueGroup, roster: Roster) -> Sieve:
    lost: dict[str, Members] = {}
    left = pool = roster.everyone
    for name, passes in FILTERS.items():
        passing = passes(group, roster)
        if name not in OF_SIZE:
            pool &= passing
        if gone := left & ~passing:
            lost[name] = gone
            left ^= gone
    avoided = 0 if group.avoid is None else roster.ids.get(group.avoid, 0)
    if left & ~avoided:  # another can have it
        lost.update({AVOIDED: gone} if (gone := left & avoided) else {})
        left, pool = left & ~avoided, pool & ~avoided
    removed = {name: gone.bit_count() for name, gone in lost.items()}
    return Sieve(lost, removed, left, pool, "" if left else reason(removed, roster))


def reason(removed: Mapping[str, int], roster: Roster) -> str:
    """The one word for a wait in which everybody was *removed*."""
    if not roster.up:
        return "no_workers"
    last = next(name for name in reversed(WORDS) if name in removed)
    return SHOWN_AS.get(last, last)
