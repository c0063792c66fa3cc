"""``disk_low``: a disk that the cluster writes to is nearly full."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding
from clusterctl.store import machines
from clusterctl.store.machines import Agent
from clusterctl.units import about_memory

MB = 1 << 20
LEAST_SHARE = 0.1  # free of the whole; an agent takes no more work when 5 % or 200 MiB are left
LEAST_MB, ENOUGH_MB = 1024.0, 10_240.0  # however small, or large, the disk is
SMALL_SHARE = 0.25  # of a disk of a few GiB, which has seldom more


class Room(NamedTuple):
    """How much of the file system under a path is free, in MiB."""

    free_mb: float
    total_mb: float

    @property
    def is_low(self) -> bool:
        """Whether that is too little."""
        share = max(LEAST_SHARE * self.total_mb, min(LEAST_MB, SMALL_SHARE * self.total_mb))
        return self.free_mb < min(share, ENOUGH_MB)


class DiskLow(Check):
    """Of other machines it is known only once their agents take no more work for it."""

    code = "disk_low"
    severity = "warning"
    meaning = (
        "Less than a tenth, or less than 1 GiB, is free where `up` or a worker of this machine keeps its things; "
        "10 GiB are always enough. Or a worker says that it takes no new work for that."
    )
    needs = ("postgres", "this machine")

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """The state directory, the spools of this machine, and what agents say of theirs."""
        state = cluster.settings.state_dir
        room = look_under(state) if state.is_dir() else None
        if room is not None and room.is_low:
            yield self.nearly_full("cluster", state, room)
        here = socket.gethostname()
        for agent in machines.agents(cluster.db):
            if agent.trouble:
                yield self.closed(agent)
            elif agent.hostname == here and (room := look_under(Path(agent.spool))) and room.is_low:
                yield self.nearly_full(f"worker:{agent.worker}", Path(agent.spool), room)

    def nearly_full(self, subject: str, path: Path, room: Room) -> Finding:
        """A disk of this machine."""
        return self.finding(
            subject,
            f"{about_memory(room.free_mb)} of {about_memory(room.total_mb)} are free under {path}",
            self.by_hand(
                "clusterctl prune --spool --older-than 1d" if subject != "cluster" else f"du -xsh {path}",
                "delete what nobody needs, or lower keep_logs and output_cap",
            ),
            evidence={"path": str(path), "free_mb": round(room.free_mb), "total_mb": round(room.total_mb)},
        )

    def closed(self, agent: Agent) -> Finding:
        """A worker that has stopped itself, whichever machine it is on."""
        return self.finding(
            f"worker:{agent.worker}",
            f"{agent.worker} takes no new work: {agent.trouble}",
            self.by_hand(f"clusterctl worker {agent.worker}", "make room on its disk; it goes on by itself then"),
            evidence={"worker": agent.worker, "trouble": agent.trouble, "spool": agent.spool},
        )


def look_under(path: Path) -> Room | None:
    """The room of the file system that *path* is on; None if it cannot be reached from here."""
    try:
        disk = os.statvfs(path)
    except OSError:
        return None
    return Room(disk.f_bavail * disk.f_frsize / MB, disk.f_blocks * disk.f_frsize / MB)
