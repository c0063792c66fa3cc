"""What is said of a finding: in a few words for a column, and at length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from clusterctl.model.findings import Fate, Finding
from clusterctl.units import format_age, format_memory
from clusterctl.wording.moments import ago, span, stamp

BY_HAND = "by hand"
IF_DEAD = "is it dead?"
NOTHING_KNOWN = "nobody knows which of the rows is right"
FATES: Mapping[Fate, str] = {
    "done": "done",
    "changed": "changed meanwhile, nothing was done",
    "refused": "refused",
}

# What is wrong, where there is no room for the sentence.
BRIEF: Mapping[str, str] = {
    "worker_oversubscribed": "holds more than it has",
    "counters_drift": "counts are wrong",
    "job_running_no_alloc": "no live allocation",
    "alloc_on_terminal_job": "its job has ended",
    "reserved_expired": "never started",
    "allocated_no_process": "no process seen",
    "alloc_on_dead_incarnation": "machine restarted since",
    "dead_worker_jobs": "worker not heard",
    "cycle_stalled": "nobody decides",
    "process_no_allocation": "process outlived it",
}

# What the doctor would do, in a word or two.
MENDS: Mapping[str, str] = {
    "worker_oversubscribed": "take back",
    "counters_drift": "count again",
    "job_running_no_alloc": "put right",
    "alloc_on_terminal_job": "release",
    "reserved_expired": "release",
    "allocated_no_process": "end it",
    "alloc_on_dead_incarnation": "release",
    "cycle_stalled": "end term",
    "process_no_allocation": "kill",
    "cache_drift": "write anew",
    "ghost_redis_worker": "delete key",
    "worker_gone": "forget",
}

# What must still hold when it is done; it is looked at again at that moment.
PRECONDITIONS: Mapping[str, str] = {
    "worker_oversubscribed": "the worker still holds what it did",
    "counters_drift": "the worker still counts as it did",
    "job_running_no_alloc": "the job and its allocations are as they were",
    "alloc_on_terminal_job": "the allocation and its job are as they were",
    "reserved_expired": "it is still reserved: a start that is won meanwhile wins",
    "allocated_no_process": "it has not ended, and nobody has asked for that",
    "alloc_on_dead_incarnation": "its worker has not registered anew",
    "cycle_stalled": "the leader has decided nothing since",
    "process_no_allocation": "each process is the one that was seen",
    "cache_drift": "redis still says otherwise",
    "ghost_redis_worker": "the key is what it was",
    "worker_gone": "the worker has not been heard since",
}
AS_SEEN = "everything is as it was seen"


def brief(finding: Finding) -> str:
    """What is wrong, in a few words."""
    return BRIEF.get(finding.code, finding.sentence)


def at_present(finding: Finding, now: datetime) -> str:
    """The same, with what it holds and for how long; nothing where only the sentence could say it."""
    cpus, since = cpus_of(finding), holds_since(finding)
    held = "" if cpus is None else f"it holds {cpus:g} CPU{'' if cpus == 1 else 's'}"
    held += f" for {span(since, now)}" if held and since else ""
    return "; ".join(filter(None, (BRIEF.get(finding.code, ""), held)))


def asks_whether_dead(finding: Finding) -> bool:
    """Whether it is put right by somebody who knows that a machine is dead."""
    return finding.code == "dead_worker_jobs" and not finding.fix.available


def mend_of(finding: Finding) -> str:
    """What would put it right, in a word or two; where a person has to decide, that."""
    if asks_whether_dead(finding):
        return IF_DEAD
    return MENDS.get(finding.code, "mend") if finding.fix.available else BY_HAND


def precondition(finding: Finding) -> str:
    """What must still hold for its mend."""
    return PRECONDITIONS.get(finding.code, AS_SEEN)


def by_hand(finding: Finding) -> str:
    """What only a person can do; empty if the command says it all."""
    return finding.fix.change or ("" if finding.fix.command else NOTHING_KNOWN)


def holds_since(finding: Finding) -> datetime | None:
    """Since when it holds something; if nobody knows that, since when it is wrong."""
    for name in ("reserved_at", "allocated_at"):
        if isinstance(since := finding.evidence.get(name), datetime):
            return since
    return finding.since


def cpus_of(finding: Finding) -> float | None:
    """How many CPUs it holds, where the evidence says so."""
    cpus = finding.evidence.get("cpus")
    return float(cpus) if isinstance(cpus, int | float) else None


def concerned(finding: Finding, kind: str) -> str:
    """The name of the first thing of that *kind* which it concerns; empty if there is none."""
    return next((each.partition(":")[2] for each in finding.concerns if each.startswith(f"{kind}:")), "")


def evidence_rows(evidence: Mapping[str, Any], now: datetime, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The evidence, a fact a row: what it is, and how much or when. Facts within facts get a row each, too."""
    for name, value in evidence.items():
        label = f"{prefix} {name.removesuffix('_s').removesuffix('_mb').replace('_', ' ')}".strip()
        if isinstance(value, Mapping) and value:
            yield from evidence_rows(value, now, label)
        else:
            yield label, fact(name, value, now)


def fact(name: str, value: object, now: datetime) -> str:
    """One value, in the words for its kind: times with their age, seconds and MiB as people write them."""
    if isinstance(value, str):
        return value or "-"
    if value is None or not (value or isinstance(value, int | float)):  # nothing, or an empty list
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{stamp(value)}  {ago(value, now)}"
    if isinstance(value, list | tuple):
        return ", ".join(fact("", each, now) for each in value)
    return number(name, value) if isinstance(value, int | float) else str(value)


def number(name: str, value: int | float) -> str:
    """A number, by the end of its name: seconds, MiB, or just so many."""
    if name.endswith("_s"):
        return format_age(value)
    if name.endswith("_mb"):
        return format_memory(round(value))
    if name.endswith("_id") or name in ("pid", "job_id"):
        return str(value)
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
