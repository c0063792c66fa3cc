"""What becomes of services when something is done to single replicas of theirs: cancelled, or held."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from clusterctl.model.job_verbs import Handled, Seen, Verb
from clusterctl.model.proposals import Change
from clusterctl.operations.proposals.wording import things


class Meant(Protocol):
    """A job to which something will be done."""

    @property
    def job(self) -> Seen:
        """As what it was seen."""

    @property
    def handled(self) -> Handled:
        """What a dry run says of it."""


def services_after(verb: Verb, meant: Sequence[Meant]) -> list[Change]:
    """Each service that will have fewer replicas, or fewer that serve: how many it had, and what it is then.

    One with a replica on every worker gets another at once when one is cancelled: of that there is nothing to tell.
    """
    if verb not in ("cancel", "hold"):
        return []
    theirs = sorted((each for each in meant if each.job.service is not None and not each.job.cancelled), key=number)
    told = []
    for service, some in groupby(theirs, number):
        each, *others = some
        if verb == "cancel" and each.handled.every_worker:
            continue
        had, count = each.handled.replicas, 1 + len(others)
        after = cancelled(had - count) if verb == "cancel" else held(had, count)
        told.append(Change(subject=f"service:{service}", before=things(had, "replica"), after=after))
    return told


def number(each: Meant) -> int:
    """Of which service it is a replica."""
    return each.job.service or 0


def cancelled(left: int) -> str:
    """What a service is with so many replicas *left*."""
    if left <= 0:
        return "none: it ends"
    return f"{things(left, 'replica')} from now on; only `clusterctl scale` makes others"


def held(had: int, count: int) -> str:
    """What a service is when so many of its replicas are held: they stay its replicas, and nothing stands in."""
    if count >= had:
        return "all held: it serves nothing until they are released"
    return f"{had:,}, of which {count:,} {'is' if count == 1 else 'are'} held until released: nothing stands in"
