"""A replica that has a worker: whether it serves, and what of its service's restart it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusterctl.model.circumstances import Serving
from clusterctl.model.explanation import ReplicaLine
from clusterctl.model.pictures import JobPicture, ReplicaPicture
from clusterctl.scheduling.explanation.spans import about, clock, counted


def serving(replica: Serving, now: float) -> str:
    """``ready for 3 h; restarted 2 times, the last after exit code 1``, and so on."""
    return "; ".join(parts(replica, now))


def parts(replica: Serving, now: float) -> Iterator[str]:
    """Whether it serves, how often it had to be restarted, and what is still to come."""
    yield readiness(replica, now)
    if replica.restarts:
        last = f", the last after {replica.last_exit}" if replica.last_exit and replica.resting_until is None else ""
        yield f"restarted {counted(replica.restarts, 'time')}{last}"
    if replica.asked < replica.wanted:
        yield turn_to_come(replica)


def readiness(replica: Serving, now: float) -> str:
    """Whether it can serve, and if not, what is missing."""
    if replica.resting_until is not None:
        how = f" ({replica.last_exit})" if replica.last_exit else ""
        left = about(replica.resting_until - now)
        return f"its process has ended{how} and is started again at {clock(replica.resting_until, now)}, in {left}"
    if replica.ran is not None and replica.ran < replica.asked:
        return "its process is being restarted, as its service wants"
    if replica.ready_at is not None:
        return f"ready for {about(now - replica.ready_at)}"
    if replica.was_ready:
        return f"ready no longer: its `{replica.ready_cmd}` fails" if replica.ready_cmd else "ready no longer"
    if replica.ready_cmd:
        return f"not ready yet: its `{replica.ready_cmd}` has not succeeded"
    if replica.ready_after_s:
        return f"not ready yet: it is once it has been up for {about(replica.ready_after_s)}"
    return "not ready yet: its worker has not said that it runs"


def turn_to_come(replica: Serving) -> str:
    """What its part in a rolling restart waits for."""
    if replica.roll is None or replica.roll.held_up_by is None:
        return "it is restarted next, as its service wants"
    return (
        f"it is restarted once {replica.roll.held_up_by};"
        f" {counted(replica.roll.left, 'replica')} {'is' if replica.roll.left == 1 else 'are'} still to come"
    )


def replica_line(job: JobPicture, now: float) -> ReplicaLine:
    """One of the replicas of a service, as far as its own row tells."""
    knows = job.state == "running" and job.reason != "worker_silent"  # else its worker's last word is long ago
    told = in_short(job.service, now) if knows and job.service is not None else job.detail
    worker = job.worker if job.state in ("scheduled", "running") else None
    return ReplicaLine(job_id=job.id, state=job.state, reason=job.reason, worker=worker, sentence=told)


def worst(jobs: Iterable[JobPicture]) -> JobPicture:
    """The one of these replicas that is worst off, of equals the first. There must be one."""
    return min(jobs, key=lambda job: (well(job), job.id))


def well(job: JobPicture) -> int:
    """How well a replica is: it waits, has ended for now, is not ready yet, is held on purpose, or serves."""
    if job.state in ("pending", "held"):
        return 0 if job.state == "pending" else 3
    if job.service is None or job.service.ready_at is None:
        return 1 if job.service is not None and job.service.resting_until is not None else 2
    return 4


def in_short(replica: ReplicaPicture, now: float) -> str:
    """How a running one serves, in a line."""
    if replica.resting_until is not None:
        how = f" ({replica.last_exit})" if replica.last_exit else ""
        told = f"its process has ended{how}, started again in {about(replica.resting_until.timestamp() - now)}"
    elif replica.ready_at is not None:
        told = f"ready for {about(now - replica.ready_at.timestamp())}"
    else:
        told = "ready no longer" if replica.was_ready else "not ready yet"
    restarts = f", restarted {counted(replica.restarts, 'time')}" if replica.restarts else ""
    behind = (replica.ran_generation or 0) < replica.generation
    return f"{told}{restarts}{', to be restarted as its service wants' if behind else ''}"
