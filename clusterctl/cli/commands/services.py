"""``services``, ``service``, ``scale``, ``restart``: what is kept running."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterctl import units
from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import FormOption, LimitOption, PictureFormOption, SortOption, filter_option
from clusterctl.cli.input.consent import DryRunOption, ReasonOption
from clusterctl.cli.input.service_word import ServiceArgument
from clusterctl.cli.input.wishes import told
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.text import visible

if TYPE_CHECKING:
    from clusterctl.model.services import Scaled, ServicePicture, ServiceStory

app = Verbs()

WaitOption = Annotated[bool, typer.Option("--wait", help="Until every replica is ready.")]
WaitRestartOption = Annotated[bool, typer.Option("--wait", help="Until all that ran are restarted, and ready.")]
TimeoutOption = Annotated[
    float | None, typer.Option(parser=told(units.parse_duration), metavar="TIME", help="Of --wait: give up after it.")
]


@app.verb()
def services(
    ctx: typer.Context,
    *,
    filter: Annotated[
        str | None, filter_option("state:partly,waiting", "name:web* restarts>3 replicas.ready<2")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also what ended more than an hour ago.")] = False,
    sort: SortOption = "",
    limit: LimitOption = 500,
    form: FormOption = None,
) -> None:
    """List the services: what is kept running, and whether it is.

    $ clusterctl services
    $ clusterctl services --filter 'state:partly,starting,waiting'
    $ clusterctl services --sort -restarts -o wide

    READY is how many of the wanted replicas can serve: of those on a silent worker nobody knows. RESTARTS counts how
    often processes were started again because they had ended. P99 is what the replicas reported lately, beside the
    limit that --slo-p99-ms has set.
    """
    from clusterctl import views
    from clusterctl.cli.display.service_rows import SERVICES

    wanted = listing.read_filter(SERVICES, filter)
    listing.read_sort(SERVICES, sort)
    with invocation(ctx).cluster() as cluster:
        found = views.service_list(cluster, everything=everything)
    listing.show_chosen(SERVICES, found, form, wanted=wanted, sort=sort, limit=limit)


@app.verb()
def service(ctx: typer.Context, word: ServiceArgument, *, form: PictureFormOption = "table") -> None:
    """Show one service, and how each of its replicas fares.

    $ clusterctl service 42
    $ clusterctl service web -o json
    $ clusterctl logs 43 -f          # what one replica writes
    $ clusterctl cancel service:42   # the end of all
    """
    from clusterctl import views
    from clusterctl.cli.display.service_card import show_card

    with invocation(ctx).cluster() as cluster:
        story = views.service(cluster, word)
    if form == "json":
        listing.show_plain(plain_story(story))
    else:
        show_card(story)


def plain_story(story: ServiceStory) -> dict[str, Any]:
    """The service's own fields, and beside them its jobs."""
    plain: dict[str, Any] = listing.plain_of(story)
    return {**plain["service"], "jobs": plain["replicas"]}


@app.verb()
def scale(
    ctx: typer.Context,
    word: ServiceArgument,
    count: Annotated[int, typer.Argument(metavar="N", help="How many replicas there shall be.")],
    *,
    wait: WaitOption = False,
    timeout: TimeoutOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Let a service have more replicas, or fewer.

    $ clusterctl scale web 5
    $ clusterctl scale 42 2 --reason "quiet season"
    $ clusterctl scale web 5 --wait --timeout 10m

    New ones are as the others. Of too many those go first that no worker has, then the newest. For none at all,
    `clusterctl hold service:web` stops them and keeps the service, and `clusterctl cancel service:web` ends it.
    """
    from clusterctl import operations, views

    with invocation(ctx).cluster() as cluster:
        scaled = operations.scale(cluster, views.find_service(cluster, word), count, reason=reason, dry_run=dry_run)
        tell_scaled(scaled, dry_run=dry_run)
        if wait and not dry_run:
            from clusterctl.cli.display.readying import see_ready

            raise typer.Exit(see_ready(cluster, scaled.service.id, timeout=timeout))


def tell_scaled(scaled: Scaled, *, dry_run: bool) -> None:
    """Say what has changed, or would; the numbers of new replicas on stdout, for that is data."""
    was, wanted = scaled.service.replicas.wanted, scaled.wanted
    if scaled.made:
        count = len(scaled.made)
        which = f"{in_short(scaled.made)} (service {scaled.service.id})"
        sys.stdout.write(f"Submitted {replicas_of(count)} {which}\n")
        sys.stdout.flush()
    if was == wanted and not scaled.made and not scaled.cancelled:
        sys.stderr.write(f"{called(scaled.service)} has {replicas_of(wanted)} already\n")
        return
    would = "would have" if dry_run else "has"
    sys.stderr.write(f"{called(scaled.service)} {would} {replicas_of(wanted)} instead of {was}\n")
    if scaled.cancelled:
        fate = "would be cancelled" if dry_run else "cancelled, or told to stop"
        sys.stderr.write(f"{fate}: {in_short(scaled.cancelled)}\n")


@app.verb()
def restart(
    ctx: typer.Context,
    word: ServiceArgument,
    *,
    wait: WaitRestartOption = False,
    timeout: TimeoutOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Start a service's replicas anew, one after the other, each on its worker.

    $ clusterctl restart web
    $ clusterctl restart web --wait --reason "new certificate"

    The next replica is stopped only once the one before is ready again; so if a restarted one does not become ready,
    the others go on as they are. It also waits for replicas that are down for another reason, or silent: `service` says
    for whom. What is held or waits for a worker needs no restart.
    """
    from clusterctl import operations, views

    with invocation(ctx).cluster() as cluster:
        seen = views.find_service(cluster, word)
        operations.restart(cluster, seen, reason=reason, dry_run=dry_run)
        tell_restarted(seen, dry_run=dry_run)
        if wait and not dry_run:
            from clusterctl.cli.display.readying import is_restarted, see_ready

            raise typer.Exit(see_ready(cluster, seen.id, is_restarted, timeout=timeout))


def tell_restarted(service: ServicePicture, *, dry_run: bool) -> None:
    """Say what is restarted, or would be."""
    running, held = service.replicas.running, service.replicas.held
    if not running:
        how = "held" if held == service.replicas.wanted else "waiting for a worker, or held"
        sys.stderr.write(f"{called(service)}: nothing to restart, no replica runs: all are {how}\n")
        if held:
            sys.stderr.write(f"hint: `clusterctl release service:{service.id}` lets those start that are held\n")
        return
    would = "would be" if dry_run else "are being" if running > 1 else "is being"
    turns = ", one after the other" if running > 1 else ""
    sys.stderr.write(f"{called(service)}: {replicas_of(running)} {would} restarted{turns}\n")


def called(service: ServicePicture) -> str:
    """``service 42 (web)``."""
    return f"service {service.id}" + (f" ({visible(service.name, 60)})" if service.name else "")


def replicas_of(count: int) -> str:
    """``3 replicas``."""
    return f"{count:,} replica{'' if count == 1 else 's'}"


def in_short(ids: tuple[int, ...]) -> str:
    """``43,60-61``."""
    return units.format_numbers(units.parse_numbers(",".join(map(str, ids))))
