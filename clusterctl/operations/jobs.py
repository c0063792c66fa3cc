"""What is done to jobs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import Submission, Submitted
from clusterctl.model.validity import check
from clusterctl.operations.changes import again, wake_workers
from clusterctl.settings.checks import contradictions
from clusterctl.store import audit, bell, jobs, submissions, workers
from clusterctl.store.jobs import Cancelled


@served
def submit(cluster: Cluster, submission: Submission) -> Submitted:
    """Take the submission in; when this returns it is on disk and schedd has been told.

    Raises BadInput, Refused (the key is taken), NotFound (a dependency), Outage. After an Outage it is unknown
    whether the jobs exist; with a key, repeating is safe.
    """
    submission = msgspec.structs.replace(submission, user=cluster.caller)
    check(submission)
    check_lease(cluster, submission)
    submitted = again(lambda: submissions.submit(cluster.db, submission))
    bell.ring(cluster.db)
    return submitted


def check_lease(cluster: Cluster, submission: Submission) -> None:
    """BadInput for a lease so short that no agent could keep it alive: the setting obeys the same rule."""
    for trouble in contradictions(msgspec.structs.replace(cluster.settings, lease=submission.lease_s)):
        raise BadInput(trouble)


@served
def foresee(cluster: Cluster, submission: Submission) -> str:
    """A warning if no worker that is registered could ever hold this; else empty."""
    request = submission.request
    if workers.could_hold(cluster.db, request, submission.labels, submission.worker):
        return ""
    return "no worker that is registered now could ever hold this: it waits until one joins that can"


@served
def cancel(cluster: Cluster, ids: Sequence[int], *, reason: str = "") -> list[Cancelled]:
    """Cancel what waits, and ask the agents of what runs to stop it. Unknown ids are not in the answer.

    The caller and *reason* go into the audit.
    """
    outcomes = again(lambda: jobs.cancel(cluster.db, sorted(set(ids))))
    if touched := [f"job:{done.job_id}" for done in outcomes if done.outcome != "ended"]:
        audit.note(cluster.db, cluster.caller, "cancel", touched, reason)
    stopping = {done.worker for done in outcomes if done.outcome == "stopping" and done.worker}
    if stopping:
        wake_workers(cluster, stopping)
    if any(done.outcome == "cancelled" for done in outcomes):
        bell.ring(cluster.db)
    return outcomes
