"""What is said of a service and of its replicas."""

from __future__ import annotations

import shlex

from clusterctl.model.services import ReplicaCounts, ServicePicture
from clusterctl.units import about_memory, format_cpus

WORDS = ("ready", "starting", "unready", "resting", "silent", "scheduled", "pending", "held", "stopping")


def state_of(service: ServicePicture) -> str:
    """How it stands; of one that is being stopped for good, that."""
    return "stopping" if service.ended_at is None and not service.replicas.wanted else service.state


def ready_of(service: ServicePicture) -> str:
    """``2/3``: of those that are wanted, how many serve."""
    return f"{service.replicas.ready}/{service.replicas.wanted}"


def waiting_of(service: ServicePicture) -> int:
    """How many wait for a worker, or for it to start them."""
    return service.replicas.pending + service.replicas.scheduled


def command(service: ServicePicture) -> str:
    """What each replica runs; of a script, that it is one, and its arguments."""
    words = shlex.join(service.command)
    return words if service.script_lines is None else script_words(service.script_lines, words)


def script_words(lines: int, arguments: str) -> str:
    """``a script of 4 lines: --port 0``."""
    return f"a script of {lines} line{'' if lines == 1 else 's'}" + (f": {arguments}" if arguments else "")


def latency(service: ServicePicture) -> str:
    """``80/120 ms``: of what was reported lately, and what it should stay below."""
    told = "-" if service.p99_ms is None else f"{service.p99_ms:.0f}"
    return f"{told}/{service.slo_p99_ms} ms" if service.slo_p99_ms else told if told == "-" else f"{told} ms"


def rate(service: ServicePicture) -> str:
    """The share of requests that violated the SLO, of those reported lately."""
    return "-" if service.violation_rate is None else f"{service.violation_rate:.2%}"


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
