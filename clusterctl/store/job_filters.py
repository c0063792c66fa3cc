"""The fields of a job that a filter may name and a list be ordered by, each as SQL over ``jobs j`` and its tables."""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString

from clusterctl.model.filters import Filter, expression
from clusterctl.model.states import JobState
from clusterctl.store import job_rows
from clusterctl.store.filters import Expression

WAITS: LiteralString = "j.state IN ('held', 'pending', 'scheduled')"
RUNS_OR_RAN: LiteralString = "(j.state = 'running' OR NOT j.live)"


def seconds(end: LiteralString, begin: LiteralString) -> LiteralString:
    """From *begin* to *end*."""
    return f"date_part('epoch', {end} - {begin})"  # as extract(), which makes a numeric of it, and takes its time


# In the order of a job's JSON, then the spans. What has a dot stands in an inner object.
FIELDS: dict[str, Expression] = {
    "id": Expression("j.id", "number"),
    "name": Expression("j.name", "text"),
    "kind": Expression("j.kind", "text"),
    "state": Expression("j.state", "text"),
    "reason": Expression(job_rows.REASON, "text", "caw"),
    "detail": Expression(job_rows.DETAIL, "text", "caw"),
    "tenant": Expression("j.tenant", "text"),
    "user": Expression('j."user"', "text"),
    "priority": Expression("j.priority", "number"),
    "cpus": Expression("(j.cpu_milli / 1000.0::float8)", "number"),
    "memory_mb": Expression("j.memory_mb", "memory"),
    "gpus": Expression("j.gpus", "number"),
    "worker": Expression("w.name", "text", "aw"),
    "attempt": Expression("j.attempt", "number"),
    "max_attempts": Expression("(j.retries + 1)", "number"),
    "time_limit_s": Expression("j.time_limit_s", "duration"),
    "deadline": Expression("j.deadline", "time"),
    "array_id": Expression("j.array_id", "number"),
    "array_index": Expression("j.array_index", "number"),
    "command": Expression(
        f"(SELECT string_agg(word, ' ') FROM json_array_elements_text({job_rows.COMMAND}) word)", "text", "s"
    ),
    "labels": Expression("j.labels", "map"),
    "submitted_at": Expression("j.submitted_at", "time"),
    "scheduled_at": Expression("j.scheduled_at", "time"),
    "started_at": Expression("j.started_at", "time"),
    "finished_at": Expression("j.finished_at", "time"),
    "cancel_requested_at": Expression("j.cancel_requested_at", "time"),
    "exit_code": Expression("j.exit_code", "number"),
    "signal": Expression("j.signal", "number"),
    "usage.cpus": Expression(f"({job_rows.USED_CPUS})", "number", "au"),
    "usage.memory_mb": Expression(f"({job_rows.USED_MEMORY})", "memory", "au"),
    "usage.memory_peak_mb": Expression(f"({job_rows.PEAK_MEMORY})", "memory", "au"),
    "usage.processes": Expression(f"({job_rows.PROCESSES})", "number", "au"),
    "usage.read_mb": Expression("u.read_mb", "memory", "au"),
    "usage.write_mb": Expression("u.write_mb", "memory", "au"),
    "usage.sampled_at": Expression(f"({job_rows.SAMPLED_AT})", "time", "au"),
    "allocation.id": Expression("a.id", "number", "a"),
    "allocation.status": Expression("a.status", "text", "a"),
    "allocation.reserved_at": Expression("a.reserved_at", "time", "a"),
    "allocation.allocated_at": Expression("a.allocated_at", "time", "a"),
    "allocation.released_at": Expression("a.released_at", "time", "a"),
    "allocation.release_reason": Expression("a.release_reason", "text", "a"),
    "service.id": Expression("v.id", "number", "v"),
    "service.ready_at": Expression(f"({job_rows.READY_AT})", "time", "a"),
    "service.restarts": Expression(f"({job_rows.RESTARTS})", "number", "a"),
    "service.resting_until": Expression(f"({job_rows.RESTING_UNTIL})", "time", "a"),
    "service.last_exit": Expression(f"({job_rows.LAST_EXIT})", "text", "a"),
    "service.generation": Expression(f"({job_rows.GENERATION})", "number", "v"),
    "service.ran_generation": Expression(f"({job_rows.RAN_GENERATION})", "number", "a"),
    "service.p99_ms": Expression("a.p99_ms", "number", "a"),
    "service.violation_rate": Expression(job_rows.VIOLATION_RATE, "number", "a"),
    "service.slo_p99_ms": Expression("v.slo_p99_ms", "number", "v"),
    "service.was_ready": Expression(f"({job_rows.WAS_READY})", "flag", "a"),
    "age": Expression(seconds("cluster_time()", "j.submitted_at"), "duration"),
    "wait": Expression(
        seconds(
            f"CASE WHEN {WAITS} THEN cluster_time() ELSE coalesce(j.started_at, j.finished_at) END", "j.submitted_at"
        ),
        "duration",
    ),
    "ran": Expression(
        f"CASE WHEN {RUNS_OR_RAN} THEN {seconds('coalesce(j.finished_at, cluster_time())', 'j.started_at')} END",
        "duration",
    ),
}
TABLES: dict[str, LiteralString] = {  # in the order in which they can be joined
    "s": job_rows.SUBMISSIONS,
    "c": job_rows.CLAIMS,
    "a": job_rows.ALLOCATIONS,
    "w": job_rows.WORKERS,
    "u": job_rows.SAMPLES,
    "v": job_rows.SERVICES,
}


def joins(needs: Collection[str]) -> LiteralString:
    """What follows ``jobs j`` in a statement that needs these tables besides."""
    return "".join(sql for table, sql in TABLES.items() if table in needs)


def possible_states(filter: Filter | None) -> frozenset[str]:
    """The states that jobs can be in that match: all, unless the filter names some. For where to look, no more."""
    possible = frozenset(state.value for state in JobState)
    for term in filter.terms if filter else ():
        if term.fields == ("state",) and term.operator == "is" and not (term.negated or term.unknown):
            meant = [expression(each) for each in term.patterns]
            possible &= {state for state in possible if any(each.fullmatch(state) for each in meant)}
    return possible
