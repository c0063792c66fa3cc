"""One worker on a page: what it is, how it fares, what it holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from clusterctl.cli.commands.workers import dominant, state_of
from clusterctl.cli.display import card, table
from clusterctl.cli.display.ages import ago, stamp
from clusterctl.cli.display.latencies import latency, rate
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.pictures import Amounts, HoldingPicture, WorkerPicture, WorkerStory
from clusterctl.model.states import LiveState
from clusterctl.text import visible
from clusterctl.units import about_memory, format_age


def show_card(story: WorkerStory) -> None:
    """Print all that is known about a worker."""
    worker = story.worker
    card.draw(f"worker {worker.name}", state_of(worker), facts(worker))
    if story.holds:
        sys.stdout.write("\n")
        columns = HOLDINGS if worker.live_state == LiveState.UP else [*HOLDINGS, LOST_AFTER]
        table.draw(columns, story.holds)


def facts(worker: WorkerPicture) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    yield "trouble", worker.trouble
    yield worker.admin_state, worker.admin_reason if worker.admin_state != "open" else ""
    if worker.drain_by is not None:
        yield "drains", f"until {stamp(worker.drain_by)}; then what runs is stopped, and runs elsewhere"
    yield worker.live_state, worker.live_reason if worker.live_state != LiveState.UP else ""
    yield "machine", worker.hostname
    yield "heard", heard(worker)
    yield "registered", f"{stamp(worker.registered_at)}, {ago(worker.registered_at)}, incarnation {worker.incarnation}"
    yield "CPUs", amounts(worker.cpus)
    yield "memory", amounts(worker.memory_mb, about_memory)
    yield "GPUs", amounts(worker.gpus) if worker.gpus.total else ""
    yield "serves", serves(worker)
    yield "most of it", dominant(worker.slo) if worker.slo.tenant else ""
    yield "labels", " ".join(f"{key}={value}" for key, value in sorted(worker.labels.items()))
    yield "version", worker.version


def serves(worker: WorkerPicture) -> str:
    """``3 replicas, p99 85 ms, 0.3% of 1,200 requests violated``: as they reported lately."""
    if not worker.services:
        return ""
    parts = [f"{worker.services} replica{'' if worker.services == 1 else 's'}"]
    if worker.slo.p99_ms is not None:
        parts.append(f"p99 {latency(worker.slo.p99_ms)}")
    if worker.slo.requests:
        parts.append(f"{rate(worker.slo.violation_rate)} of {worker.slo.requests:,} requests violated")
    return ", ".join(parts)


def heard(worker: WorkerPicture) -> str:
    """``2.1s ago; its key in Redis lives 57s more``."""
    ttl = worker.heartbeat_ttl_s
    key = "it has no key in Redis" if ttl is None else f"its key in Redis lives {format_age(ttl)} more"
    return f"{format_age(worker.heartbeat_age_s)} ago; {key}"


def amounts(of: Amounts, say: Callable[[float], str] = "{:g}".format) -> str:
    """``8, 2 reserved, 4 allocated, 1.5 used``."""
    used = "" if of.used is None else f", {say(round(of.used, 1))} used"
    return f"{say(of.total)}, {say(of.reserved)} reserved, {say(of.allocated)} allocated{used}"


def lost_after(holding: HoldingPicture) -> str:
    """How much longer the worker must be silent until this is declared lost."""
    if holding.lost_in_s is None:
        return "never by itself"
    return f"in {format_age(holding.lost_in_s)}" if holding.lost_in_s > 0 else "due"


HOLDINGS: list[Column[HoldingPicture]] = [
    Column("JOB", lambda each: str(each.job_id), right=True),
    Column("NAME", lambda each: visible(each.name, 30), least=6),
    Column("TRY", lambda each: str(each.attempt), right=True),
    Column("ALLOCATION", lambda each: str(each.allocation_id), right=True),
    Column("STATUS", lambda each: Cell(each.status + (", to stop" if each.stop_requested else ""))),
    Column("CPUS", lambda each: f"{each.cpus:g}", right=True),
    Column("MEMORY", lambda each: about_memory(each.memory_mb) if each.memory_mb else "-", right=True),
    Column("SINCE", lambda each: ago(each.allocated_at or each.reserved_at)),
]
LOST_AFTER: Column[HoldingPicture] = Column("LOST", lost_after)
