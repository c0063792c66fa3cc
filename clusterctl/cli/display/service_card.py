"""One service on a page: how it stands, what it asks for, and how each of its replicas fares."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from clusterctl.cli.display import card, table
from clusterctl.cli.display.ages import ago, now, span
from clusterctl.cli.display.job_rows import state_of
from clusterctl.cli.display.service_rows import state_of as standing_of
from clusterctl.cli.display.table import Column
from clusterctl.model.pictures import JobPicture
from clusterctl.model.services import ServicePicture, ServiceStory
from clusterctl.wording.jobs import doing
from clusterctl.wording.moments import stamp
from clusterctl.wording.services import command, latency, replicas, request, rolling, told_of, violations


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
    Column("NOW", lambda job: doing(job, now()), least=7),
    Column("LAST EXIT", lambda job: (job.service and job.service.last_exit) or "-", least=6, spare=True),
    Column(
        "P99",
        lambda job: "-" if job.service is None or job.service.p99_ms is None else f"{job.service.p99_ms:.0f} ms",
        right=True,
        spare=True,
    ),
]
