"""A service on a page: how it stands as a whole, and how each of its replicas fares on its worker."""

from __future__ import annotations

from collections.abc import Iterator

from clusterctl.model.pictures import JobPicture
from clusterctl.model.services import ServicePicture, ServiceStory
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.paint.bars import bar
from clusterctl.tui.paint.pieces import Line, Piece, Sight, data
from clusterctl.tui.painters.jobs import told_state
from clusterctl.tui.painters.ruled import LABEL, grid, labelled, rule
from clusterctl.tui.painters.services import MOODS, SIGNS
from clusterctl.wording import services as words
from clusterctl.wording.jobs import doing, state_of
from clusterctl.wording.latencies import latency
from clusterctl.wording.moments import ago, span

WIDEST = 40  # cells of the bar


def service_topic(service_id: int, name: str) -> Topic:
    """The page."""
    return Topic(
        subject=f"service:{service_id}",
        title=(Piece(f"service {service_id}  ", "title"), data(name, "title", 40)),
        ask=lambda source: source.service(service_id),
        paint=lambda told, sight, width: list(service_lines(told, sight, width)),
    )


def service_lines(story: ServiceStory, sight: Sight, width: int) -> Iterator[Line]:
    """How it stands; then its replicas by worker."""
    service = story.service
    word = words.state_of(service)
    yield (Piece(" "), data(f"{SIGNS.get(word, '?')} {word}", MOODS.get(word, "plain")))
    room = min(WIDEST, max(8, width - LABEL - 12))
    filled = bar(service.replicas.ready, service.replicas.wanted, room, sight.glyphs)
    yield (Piece(f" {'ready':{LABEL}} ", "dim"), *filled, Piece(f"  {words.ready_of(service)}"))
    yield from labelled(facts(service, sight), width)
    if story.replicas:
        yield rule((Piece("replicas by worker"),), width, sight.glyphs)
        yield from replica_lines(story, sight, width)


def facts(service: ServicePicture, sight: Sight) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    yield "runs as", words.replicas(service.replicas, every_worker=service.every_worker)
    yield "restarting", words.rolling(service)
    yield "restarts", str(service.restarts) if service.restarts else ""
    yield "p99", f"{words.latency(service)}, as its replicas reported lately" if words.told_of(service) else ""
    yield "violations", words.violations(service)
    yield "command", words.command(service)
    yield "each", words.request(service)
    yield "whose", f"{service.user or '-'}, tenant {service.tenant}, priority {service.priority}"
    yield "created", ago(service.created_at, sight.now)
    yield "ended", ago(service.ended_at, sight.now) if service.ended_at else ""


def replica_lines(story: ServiceStory, sight: Sight, width: int) -> list[Line]:
    """Where each is, and what it does; those without a worker last."""
    rows = [replica(each, sight) for each in sorted(story.replicas, key=place)]
    return grid(("WORKER", "ID", "STATE", "NOW", "READY", "RESTARTS", "P99"), rows, width, right=(1, 4, 5, 6))


def place(job: JobPicture) -> tuple[bool, str, int]:
    """By worker, then by index."""
    return job.worker is None, job.worker or "", job.array_index or 0


def replica(job: JobPicture, sight: Sight) -> list[Piece]:
    """One of them."""
    how = job.service
    now = doing(job, sight.now)
    return [
        data(job.worker or "-", width=16),
        Piece(str(job.id)),
        told_state(state_of(job)),
        data(now, "good" if now == "ready" else "warning", 28),
        Piece(span(how.ready_at, sight.now) if how else "-"),
        Piece(str(how.restarts) if how else "-", "warning" if how and how.restarts else "plain"),
        Piece(latency(how.p99_ms) if how else "-"),
    ]
