"""``runs_long``: a job runs beyond its time limit, or for much longer than others like it did."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import durations
from clusterctl.store.durations import Overdue, Unusual
from clusterctl.units import format_age

TIMES = 3.0  # as long as nineteen of twenty like it
LEAST = 600.0  # seconds; what takes less is nobody's worry
BEATS = 3  # an agent needs one to report an end
MOST = 100  # findings about unusual jobs


class RunsLong(Check):
    """The first is a supervisor that does not do its work. The second may be nothing: the data of today are larger."""

    code = "runs_long"
    severity = "warning"
    meaning = (
        "A job still runs though its time limit and its grace are over. Or, and that is only worth a look, it runs for "
        "three times as long as nineteen of twenty others of its name, tenant and user did, and for ten minutes."
    )
    is_cheap = False

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Both kinds; the worse first."""
        late = durations.overdue(cluster.db, BEATS * cluster.settings.beat_every)
        for job in late:
            yield self.beyond_limit(job)
        told = {job.job_id for job in late}
        for usual in durations.unusual(cluster.db, LEAST, TIMES, MOST):
            if usual.job_id not in told:
                yield self.beyond_habit(usual)

    def beyond_limit(self, job: Overdue) -> Finding:
        """Its supervisor should have ended it."""
        asked = ", and was asked to end it" if job.stopping else ""
        return self.finding(
            f"job:{job.job_id}",
            f"job {job.job_id} has run for {format_age(job.ran_s)} on {job.worker}, and may for "
            f"{format_age(job.time_limit_s)}: its supervisor has not ended it{asked}",
            self.by_hand(f"clusterctl cancel {job.job_id}", f"if it stays, look after the agent of {job.worker}"),
            since=job.started_at,
            evidence={
                "worker": job.worker,
                "ran_s": round(job.ran_s, 1),
                "time_limit_s": job.time_limit_s,
                "grace_s": job.grace_s,
                "stop_requested": job.stopping,
            },
            concerns=(f"worker:{job.worker}",),
        )

    def beyond_habit(self, job: Unusual) -> Finding:
        """It may hang, or have more to do."""
        return self.finding(
            f"job:{job.job_id}",
            f"job {job.job_id} ({job.name}) has run for {format_age(job.ran_s)} on {job.worker}; nineteen of twenty "
            f"like it took no longer than {format_age(job.usual_s)}",
            self.by_hand(f"clusterctl logs {job.job_id}", "look whether it goes on; `clusterctl cancel` ends it"),
            since=job.started_at,
            severity="info",
            evidence={
                "worker": job.worker,
                "name": job.name,
                "ran_s": round(job.ran_s, 1),
                "usual_s": round(job.usual_s, 1),
                "alike": job.alike,
            },
            concerns=(f"worker:{job.worker}",),
        )
