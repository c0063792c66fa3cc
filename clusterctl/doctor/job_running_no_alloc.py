"""``job_running_no_alloc``: a job claims to be placed, and no allocation of it is live as that says."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Fix, Mended
from clusterctl.store import disagreements
from clusterctl.store.disagreements import Fence, Placed
from clusterctl.units import format_duration

HELD = "it is held, for it was to wait for its worker: cancel it, and submit it anew once no machine can still run it"


class JobRunningNoAlloc(Check):
    """The database refuses what would lead here. Four ways lead out, by what else is known of the job."""

    code = "job_running_no_alloc"
    severity = "critical"
    meaning = (
        "A job is scheduled or running, and none of its allocations is live as that says: it would stay so for ever."
    )
    cure = (
        "Lets the job name its live allocation; or become what its released one makes of it; or, where none is left, "
        "wait again. What may have run rests for its lease, grace and margin first, until no machine can run it any "
        "more; what is to wait for its worker is never fenced, and is held instead."
    )
    is_stuck = True
    covers = frozenset(
        {
            "a job is scheduled while reserved, running while allocated, and else holds nothing",
            "a live allocation is its job's newest attempt",
            "nothing runs again after a zero exit",
        }
    )
    clue = "disagreeing"

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Jobs whose state and allocation disagree."""
        for job in disagreements.placed(cluster.db, fence_of(cluster)):
            subject = f"job:{job.job_id}"
            concerns = [f"allocation:{id}" for id in (job.named_id, job.live_id) if id is not None]
            if job.worker is not None:
                concerns.append(f"worker:{job.worker}")
            yield self.finding(
                subject,
                f"job {job.job_id} is {job.state} by allocation {job.named_id}, {how_it_is(job)}",
                self.way_out(job),
                since=job.since,
                evidence={
                    "state": job.state,
                    "allocation_id": job.named_id,
                    "allocation_status": job.named_status,
                    "release_reason": job.named_reason,
                    "live_allocation_id": job.live_id,
                    "live_allocation_status": job.live_status,
                    "worker": job.worker,
                },
                concerns=tuple(concerns),
            )

    def way_out(self, job: Placed) -> Fix:
        """What makes the job agree with its allocations."""
        subject = f"job:{job.job_id}"
        guard = {"job_id": job.job_id, "state": job.state, "named_id": job.named_id}
        if job.live_id is not None and (job.live_status, job.state) == ("reserved", "running"):
            change = f"allocation {job.live_id}, which nobody started, is released; {again(job)}"
            return self.fix(subject, change, risk(job), way="withdraw", live_id=job.live_id, **guard)
        if job.live_id is not None:
            return self.fix(
                subject,
                f"job {job.job_id} names allocation {job.live_id}, which is {job.live_status}",
                "none: nothing is started or ended",
                way="follow",
                live_id=job.live_id,
                live_status=job.live_status,
                **guard,
            )
        if job.named_status is not None:
            change = f"job {job.job_id} becomes what the end of allocation {job.named_id} makes of it"
            if job.ran and not job.cancelled:
                change += f"; if that is to run again, {again(job)}"
            return self.fix(subject, change, risk(job), way="conclude", **guard)
        return self.fix(subject, again(job), risk(job), way="wait again", **guard)

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Go the way that was found, if the job is still as it was seen."""
        guard = dict(finding.fix.guard)
        way, job, named, fence = guard["way"], guard["job_id"], guard["named_id"], fence_of(cluster)
        if way == "withdraw":
            done = disagreements.withdraw(cluster.db, job, named, guard["live_id"], fence) is not None
        elif way == "follow":
            seen = {each: guard[each] for each in ("state", "named_id", "live_id", "live_status")}
            done = disagreements.follow(cluster.db, job, **seen)
        elif way == "conclude":
            done = disagreements.conclude(cluster.db, job, guard["state"], named, fence) is not None
        else:
            done = disagreements.wait_again(cluster.db, job, guard["state"], named, fence) is not None
        if not done:
            return self.fated("changed", finding, "the job or its allocation is no longer as it was")
        return self.fated("done", finding, finding.fix.change)


def again(job: Placed) -> str:
    """What becomes of a job that is to run again."""
    if job.cancelled:
        return f"job {job.job_id} is cancelled"
    if job.ran and job.unfenced:
        return HELD
    return f"job {job.job_id} waits again" + (f" in {format_duration(round(job.rest_s))}" if job.ran else "")


def risk(job: Placed) -> str:
    """What could go wrong by that."""
    if job.cancelled or not job.ran:
        return "none: it does not run again" if job.cancelled else "none: it was never started"
    return (
        "none: nothing runs again by itself" if job.unfenced else "none: by then every machine has heard or was fenced"
    )


def how_it_is(job: Placed) -> str:
    """What is wrong with what the job names."""
    named = {
        None: "which is none of its own",
        "released": f"which was released ({job.named_reason})",
    }.get(job.named_status, f"which is {job.named_status}")
    other = job.live_id is not None and job.live_id != job.named_id
    return f"{named}; allocation {job.live_id} of it is {job.live_status}" if other else named


def fence_of(cluster: Cluster) -> Fence:
    """What is granted beyond a lease."""
    settings = cluster.settings
    return Fence(settings.term_grace + settings.lease_margin, 2 * settings.beat_every)
