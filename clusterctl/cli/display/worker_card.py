"""One worker on a page: what it is, how it fares, what it holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from clusterctl.cli.commands.workers import state_of
from clusterctl.cli.display import card, table
from clusterctl.cli.display.ages import ago
from clusterctl.cli.display.table import Cell, Column
from clusterctl.model.pictures import HoldingPicture, WorkerPicture, WorkerStory
from clusterctl.model.states import LiveState
from clusterctl.text import visible
from clusterctl.units import about_memory
from clusterctl.wording.moments import stamp
from clusterctl.wording.workers import amounts, dominant, heard, lost_after, serves


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
