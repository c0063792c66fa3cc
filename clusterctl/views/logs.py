"""Where a job's output lies."""

from __future__ import annotations

from pathlib import Path

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound, Refused
from clusterctl.model.output import default_output
from clusterctl.model.pictures import OutputPicture
from clusterctl.model.spec import Spec, expand_pattern
from clusterctl.store import jobs
from clusterctl.views.jobs import job


@served
def output(cluster: Cluster, job_id: int, *, attempt: int | None = None, stderr: bool = False) -> OutputPicture:
    """Where an attempt's output lies (the newest one's, unless told). Raises NotFound, and Refused before a start."""
    facts = jobs.output_facts(cluster.db, job_id, attempt)
    if facts is None:
        if attempt is None:
            state = job(cluster, job_id).job.state
            raise Refused(f"job {job_id} has not started yet, it is {state}", f"`clusterctl job {job_id}` says why")
        raise NotFound(f"job {job_id} has no attempt {attempt} that started")
    number, status, worker, hostname, spool, name, array_id, array_index, spec_json, _ = facts
    spec = msgspec.json.decode(spec_json, type=Spec)
    pattern = spec.stderr if stderr and spec.stderr else spec.stdout
    expanded = expand_pattern(pattern, job_id=job_id, array_id=array_id, array_index=array_index, name=name)
    path = Path(spec.cwd, expanded) if pattern else Path(spool, default_output(job_id, number))
    return OutputPicture(
        job_id=job_id,
        attempt=number,
        worker=worker,
        hostname=hostname,
        path=str(path),
        ended=status == "released",
    )
