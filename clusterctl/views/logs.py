"""Where a job's output lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import NotFound, Refused
from clusterctl.model.output import OutputPicture, default_output
from clusterctl.model.spec import expand_pattern
from clusterctl.model.states import TERMINAL
from clusterctl.store import outputs as stored
from clusterctl.store.outputs import Facts
from clusterctl.views.jobs import job


@served
def output(cluster: Cluster, job_id: int, *, attempt: int | None = None, stderr: bool = False) -> OutputPicture:
    """Where an attempt's output lies (the newest one's, unless told), and who serves it.

    Raises NotFound, and Refused before a start. The answer holds a secret, and is for readers only.
    """
    facts = stored.facts(cluster.db, [job_id], attempt).get(job_id)
    if facts is None:
        if attempt is None:
            state = job(cluster, job_id).job.state
            if state in TERMINAL:
                raise NotFound(f"job {job_id} is {state}: it never started, or its attempts are forgotten by now")
            raise Refused(f"job {job_id} has not started yet, it is {state}", f"`clusterctl job {job_id}` says why")
        raise NotFound(f"job {job_id} has no attempt {attempt} that started")
    return picture(job_id, facts, stderr=stderr)


@served
def outputs(cluster: Cluster, job_ids: Sequence[int]) -> list[OutputPicture]:
    """Where the output of the newest attempt at each job lies; those that never started are left out.

    The answer holds secrets, and is for readers only.
    """
    return [picture(job_id, facts) for job_id, facts in stored.facts(cluster.db, job_ids).items()]


def picture(job_id: int, facts: Facts, *, stderr: bool = False) -> OutputPicture:
    """An attempt's output; with *stderr*, what it wrote there if that has a file of its own."""
    is_apart = stderr and bool(facts.spec.stderr)
    return OutputPicture(
        job_id=job_id,
        attempt=facts.attempt,
        allocation_id=facts.allocation_id,
        stream="stderr" if is_apart else "stdout",
        worker=facts.worker,
        live_state=facts.live_state,
        live_reason=facts.live_reason,
        hostname=facts.hostname,
        machine_id=facts.machine_id,
        spool=facts.spool,
        path=str(path_of(facts, job_id, facts.spec.stderr if is_apart else facts.spec.stdout)),
        logs_url=facts.logs_url,
        logs_token=facts.logs_token,
        ended=facts.ended,
    )


def path_of(facts: Facts, job_id: int, pattern: str) -> Path:
    """The file that *pattern* names; without one, that in the worker's spool."""
    if not pattern:
        return Path(facts.spool, default_output(job_id, facts.attempt))
    named = expand_pattern(
        pattern,
        job_id=job_id,
        array_id=facts.array_id,
        array_index=facts.array_index,
        name=facts.name,
        user=facts.user,
        worker=facts.worker,
    )
    return Path(facts.spec.cwd, named)
