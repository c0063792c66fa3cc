"""Telling how a service fares, for whom its agent does not do it."""

from __future__ import annotations

from contextlib import suppress

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound, Refused
from clusterctl.model.orders import Report
from clusterctl.model.reports import check_report
from clusterctl.operations.workers import TakenBack
from clusterctl.store import audit, reports


@served
def report(cluster: Cluster, job_id: int, said: Report, *, reason: str = "", dry_run: bool = False) -> None:
    """Keep what is *said* of a replica that runs. Raises BadInput, NotFound, Refused.

    Only one with a *reason* is in the audit: others come every few seconds, from programs.
    """
    check_report(said)
    with suppress(TakenBack), cluster.db.transaction():
        told = reports.tell(cluster.db, job_id, said)
        if told is not None and told.kept and reason:
            detail = {"p99_ms": said.p99_ms, "requests": said.requests, "violations": said.violations}
            audit.note(cluster.db, cluster.caller, "report", [f"job:{job_id}"], reason, detail=detail)
        if dry_run:
            raise TakenBack
    if told is None:
        raise NotFound(f"no job {job_id}")
    if not told.kept:
        why = "a batch job" if told.kind == "batch" else told.state
        raise Refused(f"nothing was kept: job {job_id} is {why}", "replicas of services report, while they run")
