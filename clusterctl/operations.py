"""The operator's verbs: from a request to a result, whoever asks.

Each makes the change in Postgres first, then rings the bell of whom it concerns. A bell that nobody hears costs a
second, never the change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.model.errors import BadInput, Moved, NotFound, Refused
from clusterctl.model.findings import Finding, Mended
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.spec import Submission, Submitted
from clusterctl.model.states import AdminState
from clusterctl.model.validity import check
from clusterctl.settings.checks import contradictions
from clusterctl.store import audit, bell, jobs, releases, submissions, worker_rows, workers
from clusterctl.store.jobs import Cancelled
from clusterctl.store.releases import Ended

T = TypeVar("T")
TRIES = 5  # how often a change is tried against a world that keeps moving


def submit(cluster: Cluster, submission: Submission) -> Submitted:
    """Take the submission in; when this returns it is on disk and schedd has been told.

    Raises BadInput, Refused (the key is taken), NotFound (a dependency), Outage. After an Outage it is unknown
    whether the jobs exist; with a key, repeating is safe.
    """
    check(submission)
    check_lease(cluster, submission)
    submitted = again(lambda: submissions.submit(cluster.db, submission))
    bell.ring(cluster.db)
    return submitted


def check_lease(cluster: Cluster, submission: Submission) -> None:
    """BadInput for a lease so short that no agent could keep it alive: the setting obeys the same rule."""
    for trouble in contradictions(msgspec.structs.replace(cluster.settings, lease=submission.lease_s)):
        raise BadInput(trouble)


def foresee(cluster: Cluster, submission: Submission) -> str:
    """A warning if no worker that is registered could ever hold this; else empty."""
    request = submission.request
    if workers.could_hold(cluster.db, request, submission.labels, submission.worker):
        return ""
    return "no worker that is registered now could ever hold this: it waits until one joins that can"


def cancel(cluster: Cluster, ids: Sequence[int], *, actor: str = "", reason: str = "") -> list[Cancelled]:
    """Cancel what waits, and ask the agents of what runs to stop it. Unknown ids are not in the answer.

    *actor* and *reason* go into the audit.
    """
    outcomes = again(lambda: jobs.cancel(cluster.db, sorted(set(ids))))
    if touched := [f"job:{done.job_id}" for done in outcomes if done.outcome != "ended"]:
        audit.note(cluster.db, actor, "cancel", touched, reason)
    stopping = {done.worker for done in outcomes if done.outcome == "stopping" and done.worker}
    if stopping:
        wake_workers(cluster, stopping)
    if any(done.outcome == "cancelled" for done in outcomes):
        bell.ring(cluster.db)
    return outcomes


def administer(cluster: Cluster, names: Sequence[str], state: AdminState, *, actor: str, reason: str) -> list[str]:
    """Let workers take new jobs, or not; the names of those for which that is new. Raises NotFound for unknown ones."""
    known = {worker.name for worker in worker_rows.read(cluster.db)}
    if strangers := [name for name in names if name not in known]:
        raise NotFound(f"no worker {strangers[0]!a}", "`clusterctl workers` lists them")
    verb = "resume" if state is AdminState.OPEN else "drain"

    def change() -> list[str]:
        with cluster.db.transaction():
            changed = workers.administer(cluster.db, names, state, reason)
            audit.note(cluster.db, actor, verb, [f"worker:{name}" for name in changed], reason)
        return changed

    changed = again(change)
    bell.ring(cluster.db)
    return changed


def confirm_dead(cluster: Cluster, seen: WorkerPicture, *, actor: str, reason: str) -> list[Ended]:
    """Vouch that a silent worker's machine runs nothing any more; what became of what it held.

    Raises Refused, and changes nothing, if it has been heard since it was *seen*.
    """
    detail = f"{actor} confirmed that worker {seen.name} is dead"

    def change() -> list[Ended]:
        with cluster.db.transaction():
            ended = releases.confirm_dead(cluster.db, seen.name, seen.incarnation, seen.beat, detail)
            subjects = [f"worker:{seen.name}", *(f"job:{each.job_id}" for each in ended)]
            audit.note(cluster.db, actor, "confirm_dead", subjects, reason)
        return ended

    try:
        ended = again(change)
    except Moved as moved:
        raise Refused(
            f"worker {seen.name} may live: {moved}", f"look again: `clusterctl worker {seen.name}`"
        ) from moved
    bell.ring(cluster.db)
    return ended


def mend(cluster: Cluster, findings: Sequence[Finding], *, actor: str, reason: str) -> list[Mended]:
    """Apply the fixes of *findings*, one by one, each only if all still is as it was found; what became of each.

    *actor* and *reason* go into the audit. What a mend needs of others, they are woken for.
    """
    from clusterctl.doctor import mending  # noqa: PLC0415 - it has many parts, and most commands need none

    outcomes = [mending.mend(cluster, finding, actor=actor, reason=reason) for finding in findings]
    pairs = zip(findings, outcomes, strict=True)
    concerned = {each for finding, mended in pairs if mended.fate == "done" for each in finding.concerns}
    if concerned:
        bell.ring(cluster.db)
    if names := {each.removeprefix("worker:") for each in concerned if each.startswith("worker:")}:
        wake_workers(cluster, names)
    return outcomes


def migrate(cluster: Cluster) -> list[str]:
    """Bring the schema to this program's version; the names of the steps that this took."""
    from clusterctl.store import migrations  # noqa: PLC0415 - only `db` and `up` need it

    return migrations.migrate(cluster.settings.database_url)


def again(change: Callable[[], T]) -> T:
    """Make a guarded change, looking again while the world moves under it."""
    for _ in range(TRIES - 1):
        try:
            return change()
        except Moved:
            continue
    return change()


def wake_workers(cluster: Cluster, names: set[str]) -> None:
    """These workers have orders or stops."""
    from clusterctl import live  # noqa: PLC0415 - see Cluster.redis

    live.bell.wake(cluster.redis, *(live.bell.worker(name) for name in sorted(names)))
