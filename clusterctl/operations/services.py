"""What is done to services as a whole: more or fewer replicas, a rolling restart. All else is done to replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.errors import BadInput, Changed, Refused
from clusterctl.model.services import Replica, Scaled, ServicePicture, surplus
from clusterctl.model.spec import MAX_REPLICAS
from clusterctl.operations.acts import said_by
from clusterctl.operations.changes import again, wake_workers
from clusterctl.store import audit, bell, grants, jobs, service_rows, services
from clusterctl.store.connection import MANY_WAIT


@served
def scale(
    cluster: Cluster,
    service: ServicePicture,
    wanted: int,
    *,
    reason: str = "",
    dry_run: bool = False,
    only_if: Scaled | None = None,
) -> Scaled:
    """Let a *service*, as it was seen, have so many replicas from now on: new ones, or some of them cancelled.

    Those go first that no worker has, then those with the highest indexes. New ones are held if the first is. Safe to
    repeat. Raises BadInput for a number that no service has; Refused for a service that has ended, or that has a
    replica on every worker. With *only_if*, what a dry run has told: Changed if it would not be the same any more.
    """
    if not 1 <= wanted <= MAX_REPLICAS:
        raise BadInput(
            f"a service has at least 1 replica, and at most {MAX_REPLICAS:,}",
            f"`clusterctl hold service:{service.id}` stops all and keeps it; `cancel` ends it",
        )
    if service.every_worker:
        raise Refused(
            f"service {service.id} has a replica on every worker", "`--label` at submit says which workers it means"
        )
    scaled = again(lambda: scale_now(cluster, service, wanted, reason, dry_run=dry_run, only_if=only_if))
    if not dry_run:
        bell.ring(cluster.db)
    return scaled


def scale_now(
    cluster: Cluster, service: ServicePicture, wanted: int, reason: str, *, dry_run: bool, only_if: Scaled | None
) -> Scaled:
    """Do it, once, in a transaction; with *dry_run* only tell what would go.

    Raises Refused, also for more waiting jobs than its tenant may have; Changed; Moved.
    """
    with cluster.db.transaction():
        services.take_turn(cluster.db, service.id)
        live = services.replicas(cluster.db, service.id)
        refuse_another(only_if, live, wanted)
        if not live:
            raise Refused(f"service {service.id} has ended", "`clusterctl submit --service` makes another")
        gone, short = surplus(live, wanted), max(0, wanted - len(live))
        scaled = Scaled(service=service, wanted=wanted, cancelled=tuple(sorted(gone)))
        if dry_run and short and (why := grants.refusal(cluster.db, service.tenant, short)):
            raise Refused(why, MANY_WAIT)
        if dry_run or not (gone or short):
            return scaled
        cancelled = jobs.cancel(cluster.db, gone, said_by(cluster, "cancelled", reason)) if gone else []
        made = services.add(cluster.db, service.id, live[0].job_id, short) if short else []
        note(cluster, "scale", service.id, reason, {"from": len(live), "to": wanted})
        if only_if is not None and not services.stays(cluster.db, service.id, only_if.service.generation):
            raise another(service.id)  # asked last, for the row of a service is the last to be locked
    wake_workers(cluster, {each.worker for each in cancelled if each.worker})
    return Scaled(service=service, wanted=wanted, made=tuple(made), cancelled=scaled.cancelled)


def refuse_another(only_if: Scaled | None, live: Sequence[Replica], wanted: int) -> None:
    """Changed if to have *wanted* replicas instead of those that *live* is not what was told."""
    if only_if is None:
        return
    told = (only_if.service.replicas.wanted, only_if.wanted, only_if.cancelled)
    if (len(live), wanted, tuple(sorted(surplus(live, wanted)))) != told:
        raise another(only_if.service.id)


def another(service_id: int) -> Changed:
    """What is told of a service that is not as it was seen."""
    return Changed(f"service {service_id} is not as it was seen", f"look again: `clusterctl service {service_id}`")


@served
def restart(cluster: Cluster, service: ServicePicture, *, reason: str = "", dry_run: bool = False) -> int:
    """Let each replica that runs be stopped and started anew, one after the other; the service's new generation.

    The next one is stopped only once the one before is ready again. Held ones, and those that no worker has yet, need
    nothing. Raises Refused for a service that has ended, or that somebody else restarts since it was seen. Safe to
    repeat.
    """
    generation = service.generation + 1
    if service.ended_at is not None:
        raise Refused(f"service {service.id} has ended", "`clusterctl submit --service` makes another")
    if dry_run:
        return generation

    def change() -> bool:
        with cluster.db.transaction():
            if asked := services.restart(cluster.db, service.id, service.generation):
                note(cluster, "restart", service.id, reason, {"generation": generation})
        return asked

    if not again(change) and not (cluster.repeats and is_asked(cluster, service.id, generation)):
        raise Changed(
            f"service {service.id} has been restarted or has ended meanwhile",
            f"look again: `clusterctl service {service.id}`",
        )
    bell.ring(cluster.db)
    return generation


def is_asked(cluster: Cluster, service_id: int, generation: int) -> bool:
    """Whether that restart has been asked for: by us, perhaps, and the answer was lost."""
    found = service_rows.read(cluster.db, [service_id], cluster.settings.measure_ttl)
    return [each.generation for each in found] == [generation]


def note(cluster: Cluster, verb: str, service_id: int, reason: str, detail: Mapping[str, object]) -> None:
    """Keep who did it."""
    audit.note(cluster.db, cluster.caller, verb, [f"service:{service_id}"], reason, detail=detail)
