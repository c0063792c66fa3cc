"""A job that a worker has: since when, how its worker fares, and when it ends."""

from __future__ import annotations

from clusterctl.model.circumstances import Placement
from clusterctl.model.explanation import Estimate, Explanation
from clusterctl.model.pictures import JobPicture
from clusterctl.model.states import LiveState
from clusterctl.scheduling.explanation import deadlines, ends
from clusterctl.scheduling.explanation.serving import serving
from clusterctl.scheduling.explanation.spans import about, clock, moment


def explain_placed(job: JobPicture, placement: Placement) -> Explanation:
    """Why a scheduled or running job is where it is."""
    end = ends.expected(placement.holding, placement.at)
    basis = end.basis if end.at is not None else f"no estimate: {end.basis}"
    ends_at = None if job.state == "scheduled" else Estimate(at=moment(end.at), basis=basis)
    return Explanation(
        job_id=job.id,
        name=job.name,
        kind=job.kind,
        state="stopping" if placement.stop_requested_at is not None else job.state,
        reason=job.reason,
        headline=headline(job, placement),
        ends_at=ends_at,
        deadline=deadlines.of_placed(job, ends_at, placement.at),
        similar=None if job.kind == "service" else placement.holding.similar,
        advice="" if placement.live_state == LiveState.UP else if_dead(placement.holding.worker),
    )


def if_dead(worker: str) -> str:
    """What a person may do about a silent worker, without waiting."""
    return f"If its machine is dead, its jobs go on elsewhere at once: `clusterctl worker {worker} --confirm-dead`."


def headline(job: JobPicture, placement: Placement) -> str:
    """Where it is, and what happens next."""
    if placement.live_state != LiveState.UP:
        return f"{where(job, placement)}; {job.detail}{once_lost(placement)}"
    if placement.stop_requested_at is not None:
        return f"{where(job, placement)}; {stopping(placement)}"
    if placement.holding.since is None:
        by = f"it must start by {clock(placement.start_by, placement.at)}, or it waits again"
        return f"{where(job, placement)}; {by}; {health(placement)}"
    serves = "" if placement.serving is None else f"; {serving(placement.serving, placement.at)}"
    return f"{where(job, placement)}{serves}; {health(placement)}"


def once_lost(placement: Placement) -> str:
    """When its worker is lost, and what becomes of it then; empty where that does not come by itself."""
    if placement.lost_after_s is None or placement.holding.since is None:
        return ""
    at = max(placement.at, placement.heard_at + placement.lost_after_s)
    then = "it fails" if placement.on_worker_loss == "fail" else "it waits again, for another worker"
    return f": at {clock(at, placement.at)} at the earliest, in {about(at - placement.at)}; then {then}"


def where(job: JobPicture, placement: Placement) -> str:
    """Which worker has it, and since when."""
    name, since = placement.holding.worker, placement.holding.since
    of = f" of {job.max_attempts}" if job.attempt <= job.max_attempts else ""  # a requeue spends none of them
    tries = f", attempt {job.attempt}{of}" if job.attempt > 1 else ""
    if since is None:
        return f"reserved on {name} for {about(placement.at - placement.reserved_at)}{tries}"
    return f"runs on {name} for {about(placement.at - since)}{tries}"


def stopping(placement: Placement) -> str:
    """Who wants it to end, and since when."""
    since = about(placement.at - (placement.stop_requested_at or placement.at))
    asked = f"it was asked to stop {since} ago"
    if placement.remark is not None:
        why = f": {placement.remark.reason}" if placement.remark.reason else ""
        return f"{asked} by {placement.remark.actor}{why}"
    return f"{asked}, as {placement.stop_outcome}" if placement.stop_outcome else asked


def health(placement: Placement) -> str:
    """How its worker fares, and what happens if it falls silent."""
    heard = f"its worker was heard {about(placement.at - placement.heard_at)} ago"
    if placement.lease_s is None:
        return f"{heard}; cut off, it would run on for ever"
    return f"{heard}; cut off, it would run on for {about(placement.lease_s)}"
