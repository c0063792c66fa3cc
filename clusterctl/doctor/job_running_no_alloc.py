"""``job_running_no_alloc``: a job claims to be placed, and no allocation of it is live as that says."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Fix, Mended
from clusterctl.model.states import FREE_RETURNS, LOSSES
from clusterctl.store import disagreements
from clusterctl.store.disagreements import Placed
from clusterctl.units import format_duration

WAITS = "it may run on a worker that is silent, and is to wait for it: bring that back, or confirm that it is dead"


class JobRunningNoAlloc(Check):
    """The database refuses what would lead here. Four ways lead out, by what else is known of the job."""

    code = "job_running_no_alloc"
    severity = "critical"
    meaning = (
        "A job is scheduled or running, and none of its allocations is live as that says: it would stay so for ever."
    )
    cure = (
        "Lets the job name its live allocation; or become what its released one makes of it; or, where none is left, "
        "wait again after its lease, grace and margin, when no machine can run it any more."
    )
    is_stuck = True
    covers = frozenset(
        {
            "a job is scheduled while reserved, running while allocated, and else holds nothing",
            "a live allocation is its job's newest attempt",
            "nothing runs again after a zero exit",
        }
    )

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Jobs whose state and allocation disagree."""
        for job in disagreements.placed(cluster.db):
            subject = f"job:{job.job_id}"
            concerns = [f"allocation:{id}" for id in (job.named_id, job.live_id) if id is not None]
            if job.worker is not None:
                concerns.append(f"worker:{job.worker}")
            yield self.finding(
                subject,
                f"job {job.job_id} is {job.state} by allocation {job.named_id}, {how_it_is(job)}",
                self.way_out(job, fence_of(cluster)),
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

    def way_out(self, job: Placed, fence_s: float) -> Fix:
        """What makes the job agree with its allocations."""
        subject = f"job:{job.job_id}"
        guard = {"job_id": job.job_id, "state": job.state, "named_id": job.named_id}
        if job.live_id is not None and (job.live_status, job.state) == ("reserved", "running"):
            return self.fix(
                subject,
                f"allocation {job.live_id}, which nobody started, is released, and job {job.job_id} waits again",
                "none: no start was won",
                way="withdraw",
                live_id=job.live_id,
                **guard,
            )
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
        if job.silent and job.state == "running" and job.on_worker_loss == "wait" and may_run_again(job):
            return self.by_hand("clusterctl workers", WAITS)
        if job.named_status is not None:
            change = f"job {job.job_id} becomes what the end of allocation {job.named_id} makes of it"
            risk = "none: if it is to run again, it first rests until every machine has heard or was fenced"
            return self.fix(subject, change, risk, way="conclude", **guard)
        rest = f" in {format_duration(round(job.lease_s + fence_s))}" if job.state == "running" else ""
        change = f"job {job.job_id} waits again{rest}"
        return self.fix(subject, change, "none after that time: by then every machine has heard or was fenced" if rest
                        else "none: it was never started", way="wait again", **guard)  # fmt: skip

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Go the way that was found, if the job is still as it was seen."""
        guard = dict(finding.fix.guard)
        way, job, named, fence = guard["way"], guard["job_id"], guard["named_id"], fence_of(cluster)
        if way == "withdraw":
            done = disagreements.withdraw(cluster.db, job, named, guard["live_id"], fence)
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


def may_run_again(job: Placed) -> bool:
    """Whether the job would wait again for all that is known, and not end: by an exit it ends, or tries anew."""
    return not job.cancelled and (job.named_reason is None or job.named_reason in LOSSES | FREE_RETURNS)


def how_it_is(job: Placed) -> str:
    """What is wrong with what the job names."""
    named = {
        None: "which is none of its own",
        "released": f"which was released ({job.named_reason})",
    }.get(job.named_status, f"which is {job.named_status}")
    other = job.live_id is not None and job.live_id != job.named_id
    return f"{named}; allocation {job.live_id} of it is {job.live_status}" if other else named


def fence_of(cluster: Cluster) -> float:
    """Seconds beyond its lease for which an unheard machine could run a job."""
    settings = cluster.settings
    return settings.term_grace + settings.lease_margin + 2 * settings.beat_every
