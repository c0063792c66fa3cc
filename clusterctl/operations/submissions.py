"""Taking work in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput
from clusterctl.model.spec import Submission, Submitted
from clusterctl.model.validity import check, check_together
from clusterctl.operations.changes import again
from clusterctl.settings.checks import contradictions

if TYPE_CHECKING:
    from clusterctl.store import audit, bell, submissions
else:  # whoever asks through the door needs none of it
    audit, bell, submissions = later("clusterctl.store", "audit bell submissions")


@served
def submit(cluster: Cluster, submission: Submission, *, reason: str = "") -> Submitted:
    """Take the submission in; when this returns it is on disk and schedd has been told. A *reason* goes into the audit.

    Raises BadInput, Refused (the key is taken), NotFound (a dependency), Outage. After an Outage it is unknown
    whether the jobs exist; with a key, repeating is safe.
    """
    submission = msgspec.structs.replace(submission, user=cluster.caller)
    check(submission)
    check_lease(cluster, submission.lease_s)
    (submitted,) = take(cluster, lambda: [submissions.submit(cluster.db, submission)], reason)
    bell.ring(cluster.db)
    return submitted


@served
def submit_many(cluster: Cluster, wanted: Sequence[Submission], *, reason: str = "") -> list[Submitted]:
    """Take all submissions in, or none; the answers in their order. A key that is known stands for the jobs it made.

    Raises as ``submit`` does, and BadInput for more than 100,000 jobs or MAX_CALL bytes.
    """
    named = [msgspec.structs.replace(each, user=cluster.caller) for each in wanted]
    for each in named:
        check(each)
    check_together(named)
    for lease_s in {each.lease_s for each in named}:
        check_lease(cluster, lease_s)
    submitted = take(cluster, lambda: submissions.submit_many(cluster.db, named), reason)
    bell.ring(cluster.db)
    return submitted


def take(cluster: Cluster, change: Callable[[], list[Submitted]], reason: str) -> list[Submitted]:
    """Make the jobs, and keep who did and why, both or neither. Without a reason the jobs themselves say all."""

    def noted() -> list[Submitted]:
        with cluster.db.transaction():
            made = change()
            subjects = [f"job:{id}" for each in made if not each.existing for id in each.ids]
            audit.note(cluster.db, cluster.caller, "submit", subjects, reason)
        return made

    return again(noted if reason else change)


def check_lease(cluster: Cluster, lease_s: int) -> None:
    """BadInput for a lease so short that no agent could keep it alive: the setting obeys the same rule."""
    for trouble in contradictions(msgspec.structs.replace(cluster.settings, lease=lease_s)):
        raise BadInput(trouble)
