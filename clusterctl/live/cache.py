"""The cluster's totals, for whoever asks Redis instead of Postgres. Never the basis of a decision."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from clusterctl.live.connection import Connection
from clusterctl.model.errors import Outage
from clusterctl.units import format_cpus

ALLOCATED, RESERVED, AS_OF = "resource:allocated_cpus", "resource:reserved_cpus", "resource:as_of"
LONGEST = 40  # bytes of a total or a moment


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """CPUs held, in thousandths, and when that was so by the database's clock."""

    allocated_milli: int
    reserved_milli: int
    as_of: datetime


def write(redis: Connection, totals: Totals) -> bool:
    """Publish all three at once. False if Redis would not have it."""
    try:
        with redis.talk() as client:
            client.mset(
                {
                    redis.key(ALLOCATED): format_cpus(totals.allocated_milli),
                    redis.key(RESERVED): format_cpus(totals.reserved_milli),
                    redis.key(AS_OF): _iso(totals.as_of),
                }
            )
    except Outage:
        return False
    return True


def read(redis: Connection) -> Totals | None:
    """What was published last; None if any of it is missing or makes no sense, or Redis is away."""
    try:
        values = redis.fetch((ALLOCATED, RESERVED, AS_OF), LONGEST)
    except Outage:
        return None
    allocated, reserved = _milli(values[0]), _milli(values[1])
    as_of = _moment(values[2])
    if allocated is None or reserved is None or as_of is None:
        return None
    return Totals(allocated_milli=allocated, reserved_milli=reserved, as_of=as_of)


def _milli(value: bytes | None) -> int | None:
    if value is None or not re.fullmatch(rb"[0-9]{1,9}(\.[0-9]{1,3})?", value):
        return None
    whole, _, part = value.decode().partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0"))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(value: bytes | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.decode()) if value else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
