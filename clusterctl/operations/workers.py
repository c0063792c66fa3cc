"""What is done to workers.

With ``dry_run`` it is done, and taken back before anybody sees it: the answer is what it would be, by the same laws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput, Changed, Moved, NotFound, Refused
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.validity import check_labels
from clusterctl.operations.changes import again
from clusterctl.store import administration, audit, bell, releases, worker_rows
from clusterctl.store.administration import Relabelled
from clusterctl.store.releases import Ended

T = TypeVar("T")
LONGEST_DEADLINE = 3e9  # seconds, a hundred years


class TakenBack(Exception):
    """It was only a rehearsal."""


@served
def administer(
    cluster: Cluster,
    names: Sequence[str],
    state: AdminState,
    *,
    reason: str = "",
    deadline_s: float | None = None,
    dry_run: bool = False,
    only_if: Sequence[WorkerPicture] | None = None,
) -> list[str]:
    """Let workers take new jobs, or not; the names of those for which that is new. Raises NotFound for unknown ones.

    *deadline_s* seconds from now, what still runs on draining workers is stopped, and runs elsewhere. With *only_if*
    something is done only to workers that still are as they were seen then, and unknown ones are no error.
    """
    if deadline_s is not None and not 0 <= deadline_s <= LONGEST_DEADLINE:
        raise BadInput(f"a deadline in {deadline_s:g} s is none")
    if only_if is None:
        refuse_strangers(cluster, names)
    verb = "resume" if state is AdminState.OPEN else "drain"

    def change() -> list[str]:
        changed = administration.administer(cluster.db, names, state, reason, deadline_s, only_if=only_if)
        detail = {} if deadline_s is None else {"deadline_s": deadline_s}
        audit.note(cluster.db, cluster.caller, verb, [f"worker:{name}" for name in changed], reason, detail=detail)
        return changed

    changed = together(cluster, change, dry_run=dry_run)
    return list(dict.fromkeys(names)) if cluster.repeats and not dry_run and only_if is None else changed


@served
def label(
    cluster: Cluster,
    names: Sequence[str],
    labels: Mapping[str, str | None],
    *,
    reason: str = "",
    dry_run: bool = False,
) -> list[Relabelled]:
    """Give workers labels, or (None) take them away; those for which that is new. Raises BadInput and NotFound."""
    check_labels({key: value or "" for key, value in labels.items()})
    refuse_strangers(cluster, names)

    def change() -> list[Relabelled]:
        changed = administration.label(cluster.db, names, labels)
        subjects = [f"worker:{each.name}" for each in changed]
        audit.note(cluster.db, cluster.caller, "label", subjects, reason, detail={"labels": dict(labels)})
        return changed

    return together(cluster, change, dry_run=dry_run)


@served
def confirm_dead(cluster: Cluster, seen: WorkerPicture, *, reason: str = "", dry_run: bool = False) -> list[Ended]:
    """Vouch that a silent worker's machine runs nothing any more; what became of what it held.

    Raises Refused, and changes nothing, if it was not silent, or has been heard since it was *seen*.
    """
    if cluster.repeats and is_dead(cluster, seen):
        return []
    if seen.live_state != LiveState.SILENT:
        raise Refused(f"worker {seen.name} is {seen.live_state}", "only a silent worker can be confirmed dead")
    detail = f"{cluster.caller} confirmed that worker {seen.name} is dead"

    def change() -> list[Ended]:
        ended = releases.confirm_dead(cluster.db, seen.name, seen.incarnation, seen.beat, detail)
        subjects = [f"worker:{seen.name}", *(f"job:{each.job_id}" for each in ended)]
        audit.note(cluster.db, cluster.caller, "confirm_dead", subjects, reason)
        return ended

    try:
        return together(cluster, change, dry_run=dry_run)
    except Moved as moved:
        raise Changed(
            f"worker {seen.name} may live: {moved}", f"look again: `clusterctl worker {seen.name}`"
        ) from moved


@served
def forget(cluster: Cluster, seen: WorkerPicture, *, reason: str = "", dry_run: bool = False) -> None:
    """Show a worker nowhere any more. Raises Refused, and changes nothing, if it is up, holds anything, or was heard.

    Should its agent live, it registers again, as a new worker. The names in the history of its jobs stay.
    """
    from clusterctl import live  # noqa: PLC0415 - see Cluster.redis

    if cluster.repeats and not worker_rows.read(cluster.db, seen.name):
        return
    refuse_the_living(seen)

    def change() -> None:
        administration.forget(cluster.db, seen.name, seen.incarnation, seen.beat)
        audit.note(cluster.db, cluster.caller, "forget", [f"worker:{seen.name}"], reason)

    try:
        together(cluster, change, dry_run=dry_run)
    except Moved as moved:
        raise Changed(f"not forgotten: {moved}", f"look again: `clusterctl worker {seen.name}`") from moved
    if not dry_run:
        live.heartbeats.remove(cluster.redis, seen.name)


def is_dead(cluster: Cluster, seen: WorkerPicture) -> bool:
    """Whether it has been confirmed dead since it was *seen*: by us, perhaps, and the answer was lost."""
    here = worker_rows.read(cluster.db, seen.name)
    return [(each.live_state, each.incarnation, each.beat) for each in here] == [
        (LiveState.LOST, seen.incarnation, seen.beat)
    ]


def refuse_the_living(seen: WorkerPicture) -> None:
    """Refused, and what to do instead, for a worker that is up or holds something."""
    if seen.live_state == LiveState.UP:
        raise Refused(
            f"worker {seen.name} is up", "stop its agent first; `clusterctl drain` lets it finish what it runs"
        )
    if seen.jobs:
        raise Refused(
            f"worker {seen.name} still holds {seen.jobs} of its jobs",
            f"they are lost in time; if its machine is dead, at once: `clusterctl worker {seen.name} --confirm-dead`",
        )


def refuse_strangers(cluster: Cluster, names: Sequence[str]) -> None:
    """NotFound for a name that no worker has."""
    known = {worker.name for worker in worker_rows.read(cluster.db)}
    if strangers := [name for name in names if name not in known]:
        raise NotFound(f"no worker {strangers[0]!a}", "`clusterctl workers` lists them")


def together(cluster: Cluster, change: Callable[[], T], *, dry_run: bool) -> T:
    """Make a change and its entry in the audit, both or neither, and tell schedd; or only see what it would be."""

    def both() -> T:
        with suppress(TakenBack), cluster.db.transaction():
            changed = change()
            if dry_run:
                raise TakenBack
        return changed

    changed = again(both)
    if not dry_run:
        bell.ring(cluster.db)
    return changed
