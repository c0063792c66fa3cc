"""What stands in Redis under our names, whoever wrote it: for the doctor, who judges it by Postgres."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from redis import WatchError

from clusterctl.live.cache import ALLOCATED, AS_OF, RESERVED
from clusterctl.live.connection import Connection
from clusterctl.live.heartbeats import LONGEST_NAME, MOST_NAMES, NAMES

COMPARED = 64 * 1024  # bytes of a value by which it is known again
AT_ONCE = 64  # keys looked at in one round trip


class Remains(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's name in Redis. ``life_s``: None for a key that never ends. ``print``: by what it is known again."""

    name: str
    has_key: bool
    kind: str  # Redis's own type
    life_s: float | None
    print: str


def names(redis: Connection) -> list[str]:
    """The worker names that Redis knows, latest first, at most ``MOST_NAMES``. Raises Outage."""
    with redis.talk() as client:
        found: Any = client.zrevrange(redis.key(NAMES), 0, MOST_NAMES - 1) if _kind(client, redis) == "zset" else []
    decoded = (_text(name) for name in found if isinstance(name, bytes) and 0 < len(name) <= LONGEST_NAME)
    return [name for name in decoded if name is not None]


def look(redis: Connection, wanted: Sequence[str]) -> list[Remains]:
    """What there is of each of *wanted*. Raises Outage."""
    found = []
    for first in range(0, len(wanted), AT_ONCE):
        some = wanted[first : first + AT_ONCE]
        with redis.talk() as client, client.pipeline(transaction=False) as pipe:
            for name in some:
                key = redis.key(f"worker:{name}")
                pipe.type(key)
                pipe.pttl(key)
                pipe.getrange(key, 0, COMPARED - 1)
            answers: list[Any] = pipe.execute(raise_on_error=False)
        found += [_remains(name, *answers[3 * at : 3 * at + 3]) for at, name in enumerate(some)]
    return found


def clear(redis: Connection, remains: Remains) -> bool:
    """Delete a worker's key and name, if the key is what it was; False if it is not. Raises Outage."""
    key = redis.key(f"worker:{remains.name}")
    with redis.talk() as client, client.pipeline(transaction=True) as untyped:
        pipe: Any = untyped  # the driver leaves `watch` untyped
        pipe.watch(key)
        kind = _text(pipe.type(key)) or ""
        value = pipe.getrange(key, 0, COMPARED - 1) if kind == "string" else b""
        if _print(kind, value) != remains.print:
            pipe.unwatch()
            return False
        pipe.multi()
        pipe.unlink(key)
        pipe.zrem(redis.key(NAMES), remains.name)
        try:
            pipe.execute(raise_on_error=False)
        except WatchError:
            return False
    return True


def holds_totals(redis: Connection) -> bool:
    """Whether any of the cached totals is there, sensible or not. Raises Outage."""
    with redis.talk() as client:
        return bool(client.exists(*(redis.key(name) for name in (ALLOCATED, RESERVED, AS_OF))))


def _kind(client: Any, redis: Connection) -> str:
    return _text(client.type(redis.key(NAMES))) or ""


def _remains(name: str, kind: object, life: object, value: object) -> Remains:
    known = _text(kind) or "none"
    life_s = life / 1000 if isinstance(life, int) and life >= 0 else None
    has_key = known != "none"
    return Remains(name=name, has_key=has_key, kind=known, life_s=life_s, print=_print(known, value))


def _print(kind: str, value: object) -> str:
    """Of anything but a string, its type has to do: to read it might take for ever."""
    known = value if kind == "string" and isinstance(value, bytes) else b""
    return f"{kind}:{hashlib.sha256(known).hexdigest()[:16]}"


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    try:
        return value.decode() if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        return None
