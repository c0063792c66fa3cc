"""Telling how a service fares, for whom its agent does not do it."""

from __future__ import annotations

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound, Refused
from clusterctl.model.orders import Report
from clusterctl.model.reports import check_report
from clusterctl.store import reports


@served
def report(cluster: Cluster, job_id: int, said: Report) -> None:
    """Keep what is *said* of a replica that runs. Raises BadInput, NotFound, Refused."""
    check_report(said)
    told = reports.tell(cluster.db, job_id, said)
    if told is None:
        raise NotFound(f"no job {job_id}")
    if not told.kept:
        why = "a batch job" if told.kind == "batch" else told.state
        raise Refused(f"nothing was kept: job {job_id} is {why}", "replicas of services report, while they run")
