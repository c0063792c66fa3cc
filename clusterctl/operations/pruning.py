"""Forgetting what is old before its time, a bite at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.retention import Kind, age_of, check_age
from clusterctl.model.selection import Limit
from clusterctl.operations.changes import again
from clusterctl.store import audit, history, rounds
from clusterctl.store.connection import Database

BITE = 5000  # rows: so many go in well under a second


def prune_claims(db: Database, older_than_s: float, most: int) -> int:
    """The claim log, and with it the rounds that it tells of; how many rows of the log."""
    rounds.prune(db, older_than_s)
    return history.prune_claims(db, older_than_s, most)


_PRUNERS: Mapping[Kind, Callable[[Database, float, int], int]] = {
    "jobs": history.prune_jobs,
    "allocations": history.prune_allocations,
    "claims": prune_claims,
    "samples": history.prune_samples,
    "history": history.prune_history,
    "audit": history.prune_audit,
}


@served
def prune(
    cluster: Cluster,
    kind: Kind,
    older_than_s: float | None = None,
    *,
    reason: str = "",
    begun: bool = False,
    before: datetime | None = None,
    most: Limit = BITE,
) -> int:
    """Forget one bite of what is older, by the rules by which schedd does; how many rows. 0: nothing is left.

    Without *older_than_s*, of what is older than the cluster's setting ``keep_…``. Never what is live. *begun*: an
    earlier bite stands in the audit, and this one belongs to it. *before*: instead of an age, a moment that stands
    still, and at *most* so many rows. Raises BadInput for an age that is none.
    """
    told = age_of(cluster.settings, kind, older_than_s)

    def bite() -> int:
        with cluster.db.transaction():  # the database's clock stands still in it
            age = told if before is None else history.age(cluster.db, before)
            gone = _PRUNERS[kind](cluster.db, age, min(most, BITE))
            if gone and not begun:
                audit.note(cluster.db, cluster.caller, "prune", [kind], reason, detail={"older_than_s": age})
        return gone

    return again(bite)


@served
def announce_prune(cluster: Cluster, workers: Sequence[str], older_than_s: float, *, reason: str = "") -> None:
    """Keep who deletes output older than that in the spools of *workers*: before it is done, for it is done elsewhere.

    By this the doctor knows that what is missing there was not lost. Raises BadInput for an age that is none.
    """
    check_age(older_than_s)
    subjects = [f"spool:{name}" for name in workers]
    audit.note(cluster.db, cluster.caller, "prune", subjects, reason, detail={"older_than_s": older_than_s})
