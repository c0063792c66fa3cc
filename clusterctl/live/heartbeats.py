"""A worker's sign of life: one JSON value with a time to live, and one set with the names.

For pictures only. Whether a worker is alive is decided by what it wrote to Postgres.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from redis import ResponseError

from clusterctl.live.connection import PATIENCE, Connection
from clusterctl.model.errors import Outage
from clusterctl.model.orders import Usage
from clusterctl.model.resources import Resources

NAMES = "workers"  # sorted set of names, scored by the writer's wall clock: only to forget old ones by
FORGET_AFTER = 7 * 86_400  # seconds without a beat
MOST_NAMES = 10_000
LONGEST_NAME = 200  # bytes
LARGEST_BEAT = 256 * 1024  # bytes: a thousand jobs; whatever is larger is not ours
LARGEST_NUMBER = 1e15  # of anything that a worker may tell: no machine has as much
LONGEST_LIFE = 86_400.0  # seconds: a key that lives longer has not got that from us


class WorkerBeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a worker tells of itself. ``at``: seconds since the epoch, by its own clock. ``jobs``: use per job id."""

    name: str
    incarnation: int
    at: float
    capacity: Resources = Resources()
    used: Usage = Usage()
    load1: float = 0.0
    jobs: Mapping[int, Usage] = {}


_reader = msgspec.json.Decoder(WorkerBeat)


def write(redis: Connection, beat: WorkerBeat, ttl: float) -> bool:
    """Leave *beat* for *ttl* seconds. False if Redis would not have it (``redis.trouble`` says why)."""
    value = msgspec.json.encode(beat)
    if len(value) > LARGEST_BEAT:
        value = msgspec.json.encode(msgspec.structs.replace(beat, jobs={}))  # the machine before its jobs
    try:
        with redis.talk() as client, client.pipeline(transaction=False) as pipe:
            pipe.set(_key(redis, beat.name), value, px=max(1, round(ttl * 1000)))
            pipe.zadd(redis.key(NAMES), {beat.name: beat.at})
            for done in pipe.execute(raise_on_error=False):
                if isinstance(done, ResponseError) and str(done).startswith("WRONGTYPE"):
                    client.delete(redis.key(NAMES))  # a stranger's: the next beat finds the place free
                elif isinstance(done, Exception):
                    raise done
    except Outage:
        return False
    return True


def remove(redis: Connection, name: str) -> bool:
    """Sign *name* off. False if Redis did not hear it: the key then ends by its time to live."""
    try:
        with redis.talk() as client, client.pipeline(transaction=False) as pipe:
            pipe.delete(_key(redis, name))
            pipe.zrem(redis.key(NAMES), name)
            pipe.execute()
    except Outage:
        return False
    return True


def read(redis: Connection, name: str) -> WorkerBeat | None:
    """The beat of *name*; None if there is none, or Redis is away."""
    return read_all(redis, [name]).get(name)


def read_all(redis: Connection, names: Iterable[str] | None = None) -> dict[str, WorkerBeat]:
    """Beats by worker: of *names*, or of all that Redis knows of. What is missing or makes no sense is left out."""
    try:
        wanted = _names(redis) if names is None else list(names)
        values = redis.fetch([f"worker:{name}" for name in wanted], LARGEST_BEAT)
    except Outage:
        return {}
    beats = {name: _beat(name, value) for name, value in zip(wanted, values, strict=True)}
    return {name: beat for name, beat in beats.items() if beat}


def forget_old(redis: Connection, now: float | None = None) -> bool:
    """Drop names that have not beaten for a week. *now*: seconds since the epoch."""
    oldest = (time.time() if now is None else now) - FORGET_AFTER
    try:
        with redis.talk() as client:
            client.zremrangebyscore(redis.key(NAMES), "-inf", f"({oldest}")
    except Outage:
        return False
    return True


def _key(redis: Connection, name: str) -> str:
    return redis.key(f"worker:{name}")


def _names(redis: Connection) -> list[str]:
    """The names that beat last, at most ``MOST_NAMES``."""
    with redis.talk() as client:
        found: Any = client.zrevrange(redis.key(NAMES), 0, MOST_NAMES - 1)
    return sorted({name for each in found for name in _name(each)}) if isinstance(found, list) else []


def _name(found: object) -> Iterator[str]:
    """*found* as a name, if it can be one."""
    if isinstance(found, bytes) and 0 < len(found) <= LONGEST_NAME:
        with suppress(UnicodeDecodeError):
            yield found.decode()


def _beat(name: str, value: bytes | None) -> WorkerBeat | None:
    """*value* if it is a sane beat of *name*."""
    try:
        beat = _reader.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return beat if beat.name == name and _sane(beat) else None


def _sane(beat: WorkerBeat) -> bool:
    """No number that is none, negative or beyond all machines."""
    numbers: list[float] = [beat.incarnation, beat.at, beat.load1, *msgspec.structs.astuple(beat.capacity), *beat.jobs]
    for usage in (beat.used, *beat.jobs.values()):
        numbers.extend(msgspec.structs.astuple(usage))
    return all(0 <= number <= LARGEST_NUMBER for number in numbers)


def ttls(redis: Connection, names: Sequence[str], seconds: float = PATIENCE) -> dict[str, float]:
    """Seconds of life left in each worker's key; workers without a key, or all while Redis is away, are left out.

    *seconds*: how long that may take.
    """
    try:
        with redis.talk(seconds) as client, client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.pttl(_key(redis, name))
            values = pipe.execute() if names else []
    except Outage:
        return {}
    return {
        name: value / 1000
        for name, value in zip(names, values, strict=True)
        if isinstance(value, int) and 0 <= value <= LONGEST_LIFE * 1000
    }
