"""Who a schedd is, and whether another that ran on this machine is certainly dead.

A holder is ``name@place:pid:started``: *place* names this boot and pid namespace, *started* is the start time of the
pid in clock ticks. A new schedd need not wait for a predecessor that it can see to be dead; were it ever wrong,
the term would still refuse the older one.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def holder(name: str) -> str:
    """This process, as the leader's row names it."""
    return f"{name}@{place()}:{os.getpid()}:{started(os.getpid())}"


def shown(holder: str) -> str:
    """Only the name, for people."""
    return holder.rpartition("@")[0] or holder


def is_dead(holder: str) -> bool:
    """True if *holder* ran where we run, and its process is gone. False whenever that cannot be known."""
    where, _, process = holder.rpartition("@")[2].partition(":")
    pid, _, ticks = process.partition(":")
    if where != place() or not pid.isdigit():
        return False
    return started(int(pid)) != ticks


def place() -> str:
    """This boot and pid namespace: within it, a pid and its start time name one process."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return hashlib.sha256((boot + os.readlink("/proc/self/ns/pid")).encode()).hexdigest()[:12]


def started(pid: int) -> str:
    """The start time of a process in clock ticks since boot; empty if there is none, or only its zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
