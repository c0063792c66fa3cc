"""What is done to workers."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import Moved, NotFound, Refused
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.states import AdminState
from clusterctl.operations.changes import again
from clusterctl.store import audit, bell, releases, worker_rows, workers
from clusterctl.store.releases import Ended


@served
def administer(cluster: Cluster, names: Sequence[str], state: AdminState, *, reason: str) -> list[str]:
    """Let workers take new jobs, or not; the names of those for which that is new. Raises NotFound for unknown ones."""
    known = {worker.name for worker in worker_rows.read(cluster.db)}
    if strangers := [name for name in names if name not in known]:
        raise NotFound(f"no worker {strangers[0]!a}", "`clusterctl workers` lists them")
    verb = "resume" if state is AdminState.OPEN else "drain"

    def change() -> list[str]:
        with cluster.db.transaction():
            changed = workers.administer(cluster.db, names, state, reason)
            audit.note(cluster.db, cluster.caller, verb, [f"worker:{name}" for name in changed], reason)
        return changed

    changed = again(change)
    bell.ring(cluster.db)
    return changed


@served
def confirm_dead(cluster: Cluster, seen: WorkerPicture, *, reason: str) -> list[Ended]:
    """Vouch that a silent worker's machine runs nothing any more; what became of what it held.

    Raises Refused, and changes nothing, if it has been heard since it was *seen*.
    """
    detail = f"{cluster.caller} confirmed that worker {seen.name} is dead"

    def change() -> list[Ended]:
        with cluster.db.transaction():
            ended = releases.confirm_dead(cluster.db, seen.name, seen.incarnation, seen.beat, detail)
            subjects = [f"worker:{seen.name}", *(f"job:{each.job_id}" for each in ended)]
            audit.note(cluster.db, cluster.caller, "confirm_dead", subjects, reason)
        return ended

    try:
        ended = again(change)
    except Moved as moved:
        raise Refused(
            f"worker {seen.name} may live: {moved}", f"look again: `clusterctl worker {seen.name}`"
        ) from moved
    bell.ring(cluster.db)
    return ended
