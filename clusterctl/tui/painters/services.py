"""Services as rows: how many of their replicas serve, and how well."""

from __future__ import annotations

from collections.abc import Mapping

from clusterctl.model.services import ServicePicture
from clusterctl.tui.paint.bars import bar
from clusterctl.tui.paint.pieces import Line, Piece, Sight, Tone, data
from clusterctl.tui.table.columns import Column
from clusterctl.units import format_cpus
from clusterctl.wording import services as words
from clusterctl.wording.moments import span

SIGNS: Mapping[str, str] = {
    "ready": "+", "restarting": "r", "partly": "-", "unready": "!", "starting": ":", "silent": "~", "waiting": ".",
    "held": "=", "ended": "x", "stopping": "<",
}  # fmt: skip
MOODS: Mapping[str, Tone] = {
    "ready": "good", "restarting": "reserved", "partly": "warning", "unready": "bad", "starting": "reserved",
    "silent": "warning", "waiting": "warning", "held": "accent", "ended": "dim", "stopping": "dim",
}  # fmt: skip


def number(service: ServicePicture, sight: Sight, width: int) -> Line:
    """Its number: that of its first replica."""
    del sight, width
    return (Piece(str(service.id)),)


def name(service: ServicePicture, sight: Sight, width: int) -> Line:
    """Its name."""
    del sight
    return (data(service.name, width=width),)


def state(service: ServicePicture, sight: Sight, width: int) -> Line:
    """How it stands as a whole: a sign and a word."""
    del sight
    word = words.state_of(service)
    return (data(f"{SIGNS.get(word, '?')} {word}", MOODS.get(word, "plain"), width),)


def ready(service: ServicePicture, sight: Sight, width: int) -> Line:
    """``2/3``: of those that are wanted, how many serve."""
    del sight, width
    few = service.replicas.ready < service.replicas.wanted
    return (Piece(words.ready_of(service), "warning" if few else "plain"),)


def ready_bar(service: ServicePicture, sight: Sight, width: int) -> Line:
    """The same as a bar."""
    return bar(service.replicas.ready, service.replicas.wanted, width, sight.glyphs)


def waiting(service: ServicePicture, sight: Sight, width: int) -> Line:
    """How many of them wait for a worker, or for it to start them."""
    del sight, width
    count = words.waiting_of(service)
    return (Piece(str(count), "warning" if count else "dim"),)


def restarts(service: ServicePicture, sight: Sight, width: int) -> Line:
    """How often their processes were started again."""
    del sight, width
    return (Piece(str(service.restarts), "warning" if service.restarts else "dim"),)


def p99(service: ServicePicture, sight: Sight, width: int) -> Line:
    """``80/120 ms``: as reported lately, and what it should stay below."""
    del sight, width
    slow = None not in (service.p99_ms, service.slo_p99_ms) and (service.p99_ms or 0) > (service.slo_p99_ms or 0)
    return (Piece(words.latency(service), "bad" if slow else "plain"),)


def violations(service: ServicePicture, sight: Sight, width: int) -> Line:
    """The share of requests that took too long, lately."""
    del sight, width
    return (Piece(words.rate(service), "warning" if service.violation_rate else "dim"),)


def tenant(service: ServicePicture, sight: Sight, width: int) -> Line:
    """Whose it is."""
    del sight
    return (data(service.tenant, width=width),)


def cpus(service: ServicePicture, sight: Sight, width: int) -> Line:
    """Of each replica."""
    del sight, width
    return (Piece(format_cpus(round(service.cpus * 1000))),)


def age(service: ServicePicture, sight: Sight, width: int) -> Line:
    """Since when there is that service."""
    del width
    return (Piece(span(service.created_at, service.ended_at or sight.now)),)


def command(service: ServicePicture, sight: Sight, width: int) -> Line:
    """What each replica runs; while it is restarted, how far that is."""
    del sight
    if rolling := words.rolling(service):
        return (data(f"restarting {rolling}", "reserved", width),)
    return (data(words.command(service), "dim", width),)


COLUMNS: tuple[Column[ServicePicture], ...] = (
    Column("id", "ID", number, 5, sort="id", right=True),
    Column("name", "NAME", name, 12, sort="name", grows=True, most=28),
    Column("state", "STATE", state, 12, sort="state"),
    Column("ready", "READY", ready, 7, sort="replicas.ready", right=True),
    Column("bar", "", ready_bar, 10, rank=8, grows=True, most=24),
    Column("waiting", "WAIT", waiting, 4, sort="replicas.pending", right=True, rank=5),
    Column("restarts", "RESTARTS", restarts, 8, sort="restarts", right=True, rank=2),
    Column("p99", "P99/SLO", p99, 11, sort="p99_ms", right=True, rank=1),
    Column("violations", "VIOLATED", violations, 8, sort="violation_rate", right=True, rank=3),
    Column("tenant", "TENANT", tenant, 8, sort="tenant", rank=6),
    Column("cpus", "CPUS", cpus, 4, sort="cpus", right=True, rank=9),
    Column("age", "AGE", age, 6, sort="age", right=True, rank=7),
    Column("command", "COMMAND", command, 12, rank=10, grows=True),
)
