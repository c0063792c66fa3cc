"""``workers``: the machines, how alive they are and how full."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterctl.cli.completion import complete_workers
from clusterctl.cli.display import listing
from clusterctl.cli.display.colours import STATES
from clusterctl.cli.display.gauge import gauge
from clusterctl.cli.display.listing import FormOption, LimitOption, Listing, SortOption, filter_option
from clusterctl.cli.display.table import Cell, Column
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.pictures import WorkerPicture
from clusterctl.units import format_age
from clusterctl.wording.latencies import latency, rate
from clusterctl.wording.workers import aside_of, dominant, held_of, memory_of, why_of

app = Verbs()


@app.verb()
def workers(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this one.", autocompletion=complete_workers)
    ] = None,
    *,
    filter: Annotated[str | None, filter_option("live_state:silent,lost", "cpus.used<0.5 label.gpu:a100")] = None,
    sort: SortOption = "",
    limit: LimitOption = 500,
    form: FormOption = None,
) -> None:
    """List the workers: how alive and how full they are.

    $ clusterctl workers
    $ clusterctl workers -o wide
    $ clusterctl workers --sort -cpus.used
    $ clusterctl workers --filter 'live_state:up label.gpu:a100 memory_mb.total>=64G'

    In the bar, █ is allocated, ▒ reserved and ░ free; beside it what is held of what there is. BEAT is how long ago
    the worker was heard, and how long its key in Redis will live.
    """
    from clusterctl import views

    wanted = listing.read_filter(WORKERS, filter)
    listing.read_sort(WORKERS, sort)
    with invocation(ctx).cluster() as cluster:
        if name is None and wanted is None and not sort:
            page = views.worker_page(cluster, limit)
            listing.show(WORKERS, page.workers, form, more=page.more)
            return
        found = views.worker_list(cluster, name)
    listing.show_chosen(WORKERS, found, form, wanted=wanted, sort=sort, limit=limit)


def state_of(worker: WorkerPicture) -> Cell:
    """``up``, ``silent``, ``lost``, and whether it is told, or wants, to take nothing new."""
    aside = aside_of(worker)
    return Cell(f"{worker.live_state} {aside}".rstrip(), STATES.get(aside or worker.live_state))


def beat_of(worker: WorkerPicture) -> str:
    """``2.1s/57s``: since the last sync, and to the end of its key."""
    ttl = "-" if worker.heartbeat_ttl_s is None else format_age(worker.heartbeat_ttl_s)
    return f"{format_age(worker.heartbeat_age_s)}/{ttl}"


def number(amount: float | None) -> str:
    """One decimal; a dash for what is not known."""
    return "-" if amount is None else f"{amount:.1f}"


COLUMNS: list[Column[WorkerPicture]] = [
    Column("NAME", lambda worker: worker.name, least=8),
    Column("STATE", state_of),
    Column("BEAT", beat_of, right=True),
    Column("CPUS", lambda worker: gauge(worker.cpus.allocated, worker.cpus.reserved, worker.cpus.total)),
    Column("HELD", lambda worker: held_of(worker.cpus), right=True),
    Column("USED", lambda worker: number(worker.cpus.used), right=True, spare=True),
    Column("RESERVED", lambda worker: f"{worker.cpus.reserved:g}", right=True, wide=True),
    Column("ALLOCATED", lambda worker: f"{worker.cpus.allocated:g}", right=True, wide=True),
    Column("MEMORY", lambda worker: memory_of(worker.memory_mb), right=True),
    Column("GPUS", lambda worker: held_of(worker.gpus) if worker.gpus.total else "-", right=True, wide=True),
    Column("JOBS", lambda worker: str(worker.jobs), right=True),
    Column("LOAD", lambda worker: number(worker.load1), right=True, spare=True),
    Column("SERVICES", lambda worker: str(worker.services), right=True, wide=True),
    Column("P99", lambda worker: latency(worker.slo.p99_ms), right=True, wide=True),
    Column("VIOLATED", lambda worker: rate(worker.slo.violation_rate), right=True, wide=True),
    Column("DOMINANT", lambda worker: dominant(worker.slo), right=True, wide=True),
    Column("WHY", why_of, wide=True),
    Column("HOST", lambda worker: worker.hostname, wide=True),
    Column("VERSION", lambda worker: worker.version, wide=True),
    Column("LABELS", lambda worker: ",".join(f"{key}={value}" for key, value in worker.labels.items()), wide=True),
]
FIELDS = (
    "name hostname live_state admin_state live_reason admin_reason trouble heartbeat_age_s heartbeat_ttl_s"
    " cpus.total cpus.reserved cpus.allocated cpus.used memory_mb.total memory_mb.reserved memory_mb.allocated"
    " memory_mb.used gpus.total gpus.reserved gpus.allocated jobs services load1 incarnation beat registered_at"
    " last_heartbeat_at labels version slo.p99_ms slo.requests slo.violations slo.violation_rate slo.dominant_share"
    " slo.tenant"
)
WORKERS: Listing[WorkerPicture] = Listing(
    "workers", COLUMNS, listing.plain_of, FIELDS, "name", WorkerPicture, {"age": ("registered_at", "")}
)
