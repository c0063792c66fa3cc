"""One service on a page: how it stands, what it asks for, and how each of its replicas fares."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from clusterctl.cli.display import card, table
from clusterctl.cli.display.ages import ago, span, stamp
from clusterctl.cli.display.job_rows import doing, state_of
from clusterctl.cli.display.service_rows import command, latency, rate
from clusterctl.cli.display.service_rows import state_of as standing_of
from clusterctl.cli.display.table import Column
from clusterctl.model.pictures import JobPicture
from clusterctl.model.services import ReplicaCounts, ServicePicture, ServiceStory
from clusterctl.units import about_memory, format_cpus

WORDS = ("ready", "starting", "unready", "resting", "silent", "scheduled", "pending", "held", "stopping")


def show_card(story: ServiceStory) -> None:
    """Print all that is known about a service."""
    card.draw(f"service {story.service.id}  {story.service.name}", standing_of(story.service), facts(story.service))
    if story.replicas:
        sys.stdout.write("\n")
        table.draw(REPLICAS, story.replicas)


def facts(service: ServicePicture) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them; what is empty is left out by the caller."""
    yield "runs as", replicas(service.replicas, every_worker=service.every_worker)
    yield "restarting", rolling(service)
    yield "restarts", str(service.restarts) if service.restarts else ""
    yield "p99", f"{latency(service)}, as its replicas reported lately" if told_of(service) else ""
    yield "violations", violations(service)
    yield "command", command(service)
    yield "each", request(service)
    yield "whose", f"{service.user or '-'}, tenant {service.tenant}, priority {service.priority}"
    yield "created", f"{stamp(service.created_at)}, {ago(service.created_at)}"
    yield "ended", f"{stamp(service.ended_at)}, {ago(service.ended_at)}" if service.ended_at else ""


def replicas(counts: ReplicaCounts, *, every_worker: bool) -> str:
    """``3 replicas: 2 ready, 1 starting``."""
    some = ", ".join(f"{count} {word}" for word in WORDS if (count := getattr(counts, word)))
    each = ", one for each worker" if every_worker else ""
    return f"{counts.wanted} replica{'' if counts.wanted == 1 else 's'}{each}" + (f": {some}" if some else "")


def rolling(service: ServicePicture) -> str:
    """How far a rolling restart has come."""
    if not service.rolling:
        return ""
    return f"one after the other, {service.current} of {service.replicas.wanted} are back{held_up(service)}"


def held_up(service: ServicePicture) -> str:
    """``; waits until job 2 on w2 is ready again``, of a restart that does."""
    return f"; waits until {service.held_up_by}" if service.held_up_by is not None else ""


def told_of(service: ServicePicture) -> bool:
    """Whether there is anything to say of its latency."""
    return service.p99_ms is not None or service.slo_p99_ms is not None


def violations(service: ServicePicture) -> str:
    """How many requests took too long, lately and of all."""
    if not service.requests:
        return ""
    lately = f"{rate(service)} lately; " if service.violation_rate is not None else ""
    return f"{lately}{service.violations:,} of {service.requests:,} requests since these replicas began"


def request(service: ServicePicture) -> str:
    """What each replica was given or wants."""
    parts = [f"{format_cpus(round(service.cpus * 1000))} CPU{'' if service.cpus == 1 else 's'}"]
    parts += [f"{about_memory(service.memory_mb)} memory"] if service.memory_mb else []
    parts += [f"{service.gpus} GPU{'' if service.gpus == 1 else 's'}"] if service.gpus else []
    return ", ".join(parts)


def ready_since(job: JobPicture) -> str:
    """How long it has been able to serve."""
    return span(job.service.ready_at) if job.service and job.service.ready_at else "-"


REPLICAS: list[Column[JobPicture]] = [
    Column("ID", lambda job: str(job.id), right=True),
    Column("REPLICA", lambda job: str(job.array_index), right=True),
    Column("STATE", state_of),
    Column("WORKER", lambda job: job.worker or "-", least=5),
    Column("READY", ready_since, right=True),
    Column("RESTARTS", lambda job: str(job.service.restarts) if job.service else "-", right=True),
    Column("TRY", lambda job: str(job.attempt), right=True),
    Column("NOW", doing, least=7),
    Column("LAST EXIT", lambda job: (job.service and job.service.last_exit) or "-", least=6, spare=True),
    Column(
        "P99",
        lambda job: "-" if job.service is None or job.service.p99_ms is None else f"{job.service.p99_ms:.0f} ms",
        right=True,
        spare=True,
    ),
]
