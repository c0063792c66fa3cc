"""What is older than it should get, in Postgres and in the spools of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.retention import Kind, age_of
from clusterctl.store import leftovers as stored
from clusterctl.store import outputs
from clusterctl.store.leftovers import Keep

MOST = 10_000_000  # rows that are counted
NEVER = 1e9  # seconds: nothing is as old


class Prunable(msgspec.Struct, frozen=True, kw_only=True):
    """So many ``rows`` of one ``kind`` are older than ``older_than_s`` seconds, the oldest of them since ``oldest``."""

    kind: Kind
    rows: int
    oldest: datetime
    older_than_s: float


@served
def leftovers(cluster: Cluster, kinds: Sequence[Kind], older_than_s: float | None = None) -> list[Prunable]:
    """What would be pruned of *kinds*; those of which there is nothing are left out.

    Without *older_than_s*, what is older than the cluster's setting ``keep_…``.
    """
    ages = {kind: age_of(cluster.settings, kind, older_than_s) if kind in kinds else NEVER for kind in get_args(Kind)}
    found = stored.leftovers(cluster.db, Keep(**ages), MOST)
    return [Prunable(**msgspec.structs.asdict(each), older_than_s=ages[each.kind]) for each in found]


@served
def keep_logs(cluster: Cluster) -> float:
    """For how many seconds output is kept that nobody writes to, as the cluster has it."""
    return cluster.settings.keep_logs


@served
def spools(cluster: Cluster, machine_id: str) -> dict[str, list[str]]:
    """The directories in which workers of that machine keep output, with the workers of each."""
    return outputs.spools(cluster.db, machine_id)


@served
def standing(cluster: Cluster, job_ids: Sequence[int]) -> list[int]:
    """Those of *job_ids* that have not ended: their output stays."""
    return outputs.standing(cluster.db, job_ids)
