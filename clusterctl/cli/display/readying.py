"""Standing by until every replica of a service is ready, in its newest generation; or until all are restarted."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from clusterctl.cli.display.waiting import rests
from clusterctl.cli.outage import patiently
from clusterctl.model.exits import ExitCode
from clusterctl.wording.services import held_up, replicas

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.services import ServicePicture


def see_ready(
    cluster: Cluster,
    service_id: int,
    is_enough: Callable[[ServicePicture], bool] | None = None,
    *,
    timeout: float | None = None,
) -> int:
    """Wait until that *is_enough* (None: ``is_ready``), and say what changes.

    DONE, FAILED if the service ends before, REFUSED if it is held, TIMED_OUT after *timeout* seconds.
    """
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
            if is_enough is None and service.state == "held":
                sys.stderr.write(f"clusterctl: error: service {service_id} is held: so none of it becomes ready\n")
                sys.stderr.write(f"hint: nothing was undone; `clusterctl release service:{service_id}` lets it start\n")
                return ExitCode.REFUSED
            if (is_enough or is_ready)(service):
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


def is_restarted(service: ServicePicture) -> bool:
    """Whether all that ran have been started anew. What waits for a worker follows by itself, whenever it has one."""
    return not service.rolling


def in_words(service: ServicePicture) -> str:
    """``service 42: 3 replicas: 2 ready, 1 starting; 1 restarted; waits until job 43 on w2 is ready again``."""
    back = f"; {service.current} restarted{held_up(service)}" if service.rolling and service.replicas.running else ""
    return f"service {service.id}: {replicas(service.replicas, every_worker=service.every_worker)}{back}"
