"""Taking work in."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import Submission, Submitted
from clusterctl.model.validity import check, check_together
from clusterctl.operations.changes import again
from clusterctl.settings.checks import contradictions
from clusterctl.store import bell, submissions


@served
def submit(cluster: Cluster, submission: Submission) -> Submitted:
    """Take the submission in; when this returns it is on disk and schedd has been told.

    Raises BadInput, Refused (the key is taken), NotFound (a dependency), Outage. After an Outage it is unknown
    whether the jobs exist; with a key, repeating is safe.
    """
    submission = msgspec.structs.replace(submission, user=cluster.caller)
    check(submission)
    check_lease(cluster, submission.lease_s)
    submitted = again(lambda: submissions.submit(cluster.db, submission))
    bell.ring(cluster.db)
    return submitted


@served
def submit_many(cluster: Cluster, wanted: Sequence[Submission]) -> list[Submitted]:
    """Take all submissions in, or none; the answers in their order. A key that is known stands for the jobs it made.

    Raises as ``submit`` does, and BadInput for more than 100,000 jobs or MAX_CALL bytes.
    """
    named = [msgspec.structs.replace(each, user=cluster.caller) for each in wanted]
    for each in named:
        check(each)
    check_together(named)
    for lease_s in {each.lease_s for each in named}:
        check_lease(cluster, lease_s)
    submitted = again(lambda: submissions.submit_many(cluster.db, named))
    bell.ring(cluster.db)
    return submitted


def check_lease(cluster: Cluster, lease_s: int) -> None:
    """BadInput for a lease so short that no agent could keep it alive: the setting obeys the same rule."""
    for trouble in contradictions(msgspec.structs.replace(cluster.settings, lease=lease_s)):
        raise BadInput(trouble)
