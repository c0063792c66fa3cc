"""The fields of a service that a filter may name and a list be ordered by, each as SQL over ``service_rows`` ``p``."""

from __future__ import annotations

from typing import LiteralString

from clusterctl.model.services import ReplicaCounts
from clusterctl.store.filters import Expression

# As model.services.standing says it.
STATE: LiteralString = """
    CASE WHEN p.ended_at IS NOT NULL OR p.wanted = 0 THEN 'ended' WHEN p.held = p.wanted THEN 'held'
         WHEN p.rolling AND p.ready > 0 THEN 'restarting' WHEN p.ready = p.wanted THEN 'ready'
         WHEN p.ready > 0 THEN 'partly' WHEN p.unready > 0 THEN 'unready'
         WHEN p.starting + p.resting > 0 THEN 'starting' WHEN p.silent > 0 THEN 'silent' ELSE 'waiting' END"""

FIELDS: dict[str, Expression] = {
    "id": Expression("p.id", "number"),
    "name": Expression("p.name", "text"),
    "state": Expression(f"({STATE})", "text"),
    "every_worker": Expression("p.every_worker", "flag"),
    **{f"replicas.{kind}": Expression(f"p.{kind}", "number") for kind in ReplicaCounts.__struct_fields__},
    "restarts": Expression("p.restarts", "number"),
    "generation": Expression("p.generation", "number"),
    "current": Expression("p.current", "number"),
    "rolling": Expression("p.rolling", "flag"),
    "held_up_by.job_id": Expression("p.holder_id", "number"),
    "held_up_by.worker": Expression("p.holder", "text"),
    "held_up_by.standing": Expression("p.standing", "text"),
    "slo_p99_ms": Expression("p.slo_p99_ms", "number"),
    "p99_ms": Expression("p.p99_ms::float8", "number"),
    "violation_rate": Expression("p.violation_rate", "number"),
    "requests": Expression("p.requests", "number"),
    "violations": Expression("p.violations", "number"),
    "tenant": Expression("p.tenant", "text"),
    "user": Expression('p."user"', "text"),
    "priority": Expression("p.priority", "number"),
    "cpus": Expression("(p.cpu_milli / 1000.0::float8)", "number"),
    "memory_mb": Expression("p.memory_mb", "memory"),
    "gpus": Expression("p.gpus", "number"),
    "command": Expression("(SELECT string_agg(word, ' ') FROM json_array_elements_text(p.command) word)", "text"),
    "script_lines": Expression("p.script_lines", "number"),
    "created_at": Expression("p.created_at", "time"),
    "ended_at": Expression("p.ended_at", "time"),
    "age": Expression("date_part('epoch', cluster_time() - p.created_at)", "duration"),
}
