"""``clock_skew``: a clock that is not the database's."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import machines, server
from clusterctl.units import format_age

TOLERATED = 2.0  # seconds; NTP keeps a machine within a hundredth of that
BEATS = 3  # by so many a worker's word in Redis may be older than the one in Postgres, or younger


class ClockSkew(Check):
    """Nothing is decided by these clocks: the cluster's time is Postgres's, and leases run on a clock of their own.

    But ages are shown by this machine's, and an agent's is in its log and decides when output is old. What an agent's
    clock says is known only from its sign of life in Redis, so without Redis only this machine is looked at.
    """

    code = "clock_skew"
    severity = "warning"
    meaning = (
        "The clock of this machine is more than two seconds from Postgres's: all ages that are shown here are wrong. "
        "Or the clock of a worker is, by more than its beats can explain: the times in its log are wrong."
    )
    is_cheap = False

    def __init__(self, seconds: Callable[[], float] = time.time) -> None:
        self._seconds = seconds  # of the epoch, by the clock of this machine

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """This machine's clock, then those of the workers."""
        ahead = self.ahead_of(cluster)
        if abs(ahead) > TOLERATED:
            here = socket.gethostname()
            yield self.finding(
                "cluster",
                f"the clock of this machine ({here}) is {format_age(abs(ahead))} {side(ahead)} Postgres's",
                self.by_hand("timedatectl", "see why the clock of one of the two is not kept by NTP"),
                evidence={"machine": here, "ahead_s": round(ahead, 1)},
            )
        yield from self.look_at_workers(cluster)

    def look_at_workers(self, cluster: Cluster) -> Iterator[Finding]:
        """Compare when a worker says that it has beaten with when Postgres heard it: both are at each beat."""
        from clusterctl.live import heartbeats  # noqa: PLC0415 - see Cluster.redis

        if cluster.settings.redis_url == "none":
            return
        heard = {agent.worker: agent.heard_at for agent in machines.agents(cluster.db)}
        for name, beat in heartbeats.read_all(cluster.redis, heard).items():
            ahead = beat.at - heard[name].timestamp()
            if abs(ahead) > TOLERATED + BEATS * cluster.settings.beat_every:
                yield self.finding(
                    f"worker:{name}",
                    f"the clock of {name} is about {format_age(abs(ahead))} {side(ahead)} Postgres's",
                    self.by_hand("timedatectl", "on that machine: see why its clock is not kept by NTP"),
                    severity="info",
                    evidence={"worker": name, "ahead_s": round(ahead, 1), "beat_at": beat.at, "heard_at": heard[name]},
                )

    def ahead_of(self, cluster: Cluster) -> float:
        """How many seconds our clock is ahead of Postgres's, at the least; 0 if the answer took as long."""
        before = self._seconds()
        theirs = server.clock(cluster.db)
        after = self._seconds()
        return before - theirs if before > theirs else min(0.0, after - theirs)


def side(ahead: float) -> str:
    """Which side of the other."""
    return "ahead of" if ahead > 0 else "behind"
