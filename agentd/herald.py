"""What a worker says of itself in Redis after each beat that Postgres has heard."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from agentd.running import Running
from clusterctl import live
from clusterctl.live import heartbeats
from clusterctl.live.connection import NONE
from clusterctl.model.orders import Usage
from clusterctl.model.registration import Measures, Registration

log = logging.getLogger(__name__)


class Herald:
    """Tells the heartbeat of *registration*'s worker; its key lives for *ttl* seconds without another."""

    def __init__(self, redis: live.Connection, registration: Registration, ttl: float) -> None:
        self._redis = redis
        self._registration = registration
        self._ttl = ttl
        self._has_failed = False

    @property
    def is_heard(self) -> bool:
        """Whether Redis answers: then it can also wake us."""
        return not self._redis.trouble

    def beat(
        self, incarnation: int, measures: Measures, usages: Mapping[int, Usage], running: Mapping[int, Running]
    ) -> None:
        """Say that the worker lives, and what it and its jobs use."""
        beat = heartbeats.WorkerBeat(
            name=self._registration.name,
            incarnation=incarnation,
            at=time.time(),
            capacity=self._registration.capacity,
            used=Usage(cpus=measures.used_milli / 1000, memory_mb=measures.memory_mb),
            load1=measures.load1,
            jobs={running[id].job_id: usage for id, usage in usages.items() if id in running},
        )
        if sent := heartbeats.write(self._redis, beat, self._ttl):
            log.debug("heartbeat sent")
        elif not self._has_failed and self._redis.url != NONE:
            log.warning("heartbeat failed: %s", self._redis.trouble)
        self._has_failed = not sent

    def stop(self) -> None:
        """Take the key away: the worker leaves."""
        heartbeats.remove(self._redis, self._registration.name)
