"""The mark that every process of an attempt carries in its environment: by it a lost process is found."""

from __future__ import annotations

ALLOCATION, TOKEN = "CLUSTERCTL_ALLOCATION_ID", "CLUSTERCTL_START_TOKEN"


def mark(allocation_id: int, token: str) -> frozenset[bytes]:
    """The two variables, as ``/proc/PID/environ`` shows them.

    Both, because another cluster on this machine counts its allocations from 1 too.
    """
    return frozenset({f"{ALLOCATION}={allocation_id}".encode(), f"{TOKEN}={token}".encode()})
