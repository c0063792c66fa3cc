"""Handing work in, so that a lost answer never makes it twice, and a short outage does not lose it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.model.errors import Outage
from clusterctl.model.job_verbs import Handled
from clusterctl.model.spec import Submission, Submitted
from clusterctl.operations import jobs, submissions

T = TypeVar("T")
OWN_KEY = "~"  # begins the keys that nobody has chosen
PAUSES = (0.5, 1.5)  # seconds between two tries
LONGEST = 4.0  # seconds after which no other try is begun: the command line promises an answer within five


def submit(
    cluster: Cluster, submission: Submission, *, reason: str = "", rest: Callable[[float], object] = time.sleep
) -> Submitted:
    """Take the submission in, as ``submissions.submit`` does, once, however often that takes.

    Not ``served`` itself: its key must be known here, before the first try, through the door or not. Raises Outage if
    that lasts longer than a few seconds; only then it is unknown whether the jobs exist.
    """
    (submitted,) = each_once([submission], lambda keyed: [submissions.submit(cluster, keyed[0], reason=reason)], rest)
    return submitted


def submit_many(
    cluster: Cluster, wanted: Sequence[Submission], *, reason: str = "", rest: Callable[[float], object] = time.sleep
) -> list[Submitted]:
    """The same of all *wanted* or none, as ``submissions.submit_many`` does."""
    return each_once(wanted, lambda keyed: submissions.submit_many(cluster, keyed, reason=reason), rest)


def requeue(
    cluster: Cluster,
    ids: Sequence[int],
    *,
    reason: str = "",
    dry_run: bool = False,
    rest: Callable[[float], object] = time.sleep,
) -> list[Handled]:
    """Let jobs run once more, as ``jobs.requeue`` does, once, however often that takes."""
    key = own_key()
    newest = through_outage(lambda: jobs.newest_allocation(cluster), rest)
    return through_outage(
        lambda: jobs.requeue(cluster, ids, key=key, newest=newest, reason=reason, dry_run=dry_run), rest
    )


def each_once(
    wanted: Sequence[Submission], take: Callable[[list[Submission]], list[Submitted]], rest: Callable[[float], object]
) -> list[Submitted]:
    """What *take* makes of *wanted*, with keys of our own for those that have none; these were never there before."""
    own = own_key()
    keyed = [
        each if each.key is not None else msgspec.structs.replace(each, key=f"{own}.{number}")
        for number, each in enumerate(wanted)
    ]
    submitted = through_outage(lambda: take(keyed), rest)
    return [
        msgspec.structs.replace(answer, existing=False) if each.key is None else answer
        for each, answer in zip(wanted, submitted, strict=True)
    ]


def own_key() -> str:
    """A key that nobody else has."""
    return OWN_KEY + os.urandom(16).hex()


def through_outage(attempt: Callable[[], T], rest: Callable[[float], object]) -> T:
    """*attempt*, again after each of PAUSES if Postgres goes away meanwhile. Raises the last Outage."""
    begun = time.monotonic()
    for pause in PAUSES:
        try:
            return attempt()
        except Outage:
            if time.monotonic() - begun + pause > LONGEST:
                raise
            rest(pause)
    return attempt()
