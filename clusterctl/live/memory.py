"""How much memory Redis may use, and what it does when that is not enough."""

from __future__ import annotations

from typing import Any

import msgspec

from clusterctl.live.connection import Connection


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes; a ``limit`` of 0 is none. ``evicted``: keys that it has deleted for want of memory since it started."""

    limit: int = 0
    used: int = 0
    policy: str = ""
    evicted: int = 0


def read(redis: Connection) -> Memory:
    """What Redis says of itself; 0 where it says nothing sensible. Raises Outage, also if we may not ask."""
    with redis.talk() as client:
        said: dict[str, Any] = {**client.info("memory"), **client.info("stats")}
    return Memory(
        limit=_count(said.get("maxmemory")),
        used=_count(said.get("used_memory")),
        policy=str(said.get("maxmemory_policy", ""))[:50],
        evicted=_count(said.get("evicted_keys")),
    )


def _count(said: object) -> int:
    return said if isinstance(said, int) and said > 0 else 0
