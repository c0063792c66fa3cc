"""The fields of a worker that a filter may name and a list be ordered by, each as SQL over ``workers w`` and its sums.

Not the life left in its key: that is Redis's, and Postgres knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString

from clusterctl.store.filters import Expression
from clusterctl.store.worker_rows import HELD, MOST


def cpus(column: LiteralString) -> Expression:
    """Thousandths of CPUs as CPUs."""
    return Expression(f"(w.{column} / 1000.0::float8)", "number")


def while_up(sql: LiteralString) -> LiteralString:
    """What a silent one uses is unknown, not what it said last."""
    return f"(CASE WHEN w.live_state = 'up' THEN {sql} END)"


def rounded(sql: LiteralString) -> LiteralString:
    """As a picture has it, and so as it is compared."""
    return f"round(({sql})::numeric, 4)::float8"


FIELDS: dict[str, Expression] = {
    "name": Expression("w.name", "text"),
    "hostname": Expression("w.hostname", "text"),
    "registered_at": Expression("w.registered_at", "time"),
    "last_heartbeat_at": Expression("w.last_heartbeat_at", "time"),
    "admin_state": Expression("w.admin_state", "text"),
    "live_state": Expression("w.live_state", "text"),
    "live_reason": Expression("w.live_reason", "text"),
    "admin_reason": Expression("w.admin_reason", "text"),
    "drain_by": Expression("w.drain_by", "time"),
    "trouble": Expression("w.trouble", "text"),
    "incarnation": Expression("w.incarnation", "number"),
    "beat": Expression("w.beat", "number"),
    "heartbeat_age_s": Expression("date_part('epoch', cluster_time() - w.last_heartbeat_at)", "duration"),
    "cpus.total": cpus("cpu_milli"),
    "cpus.reserved": cpus("reserved_milli"),
    "cpus.allocated": cpus("allocated_milli"),
    "cpus.used": Expression(while_up("w.used_milli / 1000.0::float8"), "number"),
    "memory_mb.total": Expression("w.memory_mb", "memory"),
    "memory_mb.reserved": Expression("w.reserved_memory_mb", "memory"),
    "memory_mb.allocated": Expression("w.allocated_memory_mb", "memory"),
    "memory_mb.used": Expression(while_up("w.used_memory_mb"), "memory"),
    "gpus.total": Expression("w.gpus", "number"),
    "gpus.reserved": Expression("w.reserved_gpus", "number"),
    "gpus.allocated": Expression("w.allocated_gpus", "number"),
    "gpus.used": Expression("NULL::int", "number"),  # nobody measures them
    "jobs": Expression("coalesce(held.jobs, 0)", "number", "h"),
    "services": Expression("coalesce(held.services, 0)", "number", "h"),
    "load1": Expression("w.load1::float8", "number"),
    "labels": Expression("w.labels", "map"),
    "version": Expression("w.version", "text"),
    "slo.p99_ms": Expression("held.p99_ms", "number", "h"),
    "slo.requests": Expression("coalesce(held.requests, 0)", "number", "h"),
    "slo.violations": Expression("coalesce(held.violations, 0)", "number", "h"),
    "slo.violation_rate": Expression(
        rounded("CASE WHEN held.requests > 0 THEN held.violations / held.requests::float8 END"), "number", "h"
    ),
    "slo.dominant_share": Expression(rounded("coalesce(most.share, 0)"), "number", "m"),
    "slo.tenant": Expression("most.tenant", "text", "m"),
    "age": Expression("date_part('epoch', cluster_time() - w.registered_at)", "duration"),
}
TABLES: dict[str, LiteralString] = {
    "h": f" LEFT JOIN ({HELD.format(only='')}) held ON held.worker_id = w.id",
    "m": f" LEFT JOIN ({MOST.format(only='')}) most ON most.worker_id = w.id",
}


def joins(needs: Collection[str]) -> LiteralString:
    """What follows ``workers w`` in a statement that needs these sums besides; they are bound to a ``ttl``."""
    return "".join(sql for table, sql in TABLES.items() if table in needs)
