"""Standing by until every replica of a service is ready, in its newest generation."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from clusterctl.cli.display.service_card import replicas
from clusterctl.cli.display.waiting import rests
from clusterctl.cli.outage import patiently
from clusterctl.model.exits import ExitCode

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.services import ServicePicture


def see_ready(cluster: Cluster, service_id: int, *, timeout: float | None = None) -> int:
    """Wait, and say what changes; DONE, FAILED if the service ends before, TIMED_OUT after *timeout* seconds."""
    from clusterctl import views

    deadline = None if timeout is None else time.monotonic() + timeout
    last = ""
    try:
        for rest in rests():
            service = patiently(lambda: views.find_service(cluster, str(service_id)))
            if (line := in_words(service)) != last:
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
                last = line
            if service.state == "ended":
                return ExitCode.FAILED
            if is_ready(service):
                return ExitCode.DONE
            if deadline is not None and time.monotonic() > deadline:
                sys.stderr.write(f"clusterctl: error: service {service_id} is not ready in time\n")
                sys.stderr.write(f"hint: nothing was undone; `clusterctl service {service_id}` shows what goes on\n")
                return ExitCode.TIMED_OUT
            time.sleep(rest)
    except KeyboardInterrupt:
        sys.stderr.write(f"no longer waiting; `clusterctl service {service_id}` shows what goes on\n")
    return ExitCode.INTERRUPTED


def is_ready(service: ServicePicture) -> bool:
    """Whether all that are wanted and not held serve, as they shall since the last restart."""
    return service.current == service.replicas.wanted - service.replicas.held


def in_words(service: ServicePicture) -> str:
    """``service 42: 3 replicas: 2 ready, 1 starting``."""
    back = f"; {service.current} restarted" if service.state == "restarting" else ""
    return f"service {service.id}: {replicas(service.replicas, every_worker=service.every_worker)}{back}"
