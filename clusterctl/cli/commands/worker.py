"""``worker``: one machine, and the last that can be said of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterctl.cli.completion import complete_workers
from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import PictureFormOption
from clusterctl.cli.input.consent import DryRunOption, ReasonOption, YesOption, ask
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.pictures import WorkerPicture, WorkerStory

app = Verbs()


@app.verb()
def worker(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which.", autocompletion=complete_workers)],
    *,
    form: PictureFormOption = "table",
    confirm_dead: Annotated[
        bool,
        typer.Option("--confirm-dead", help="Vouch that its machine runs nothing any more: release what it holds."),
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="List it no more: a worker that is gone and holds nothing.")
    ] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Show one worker and what it holds; vouch that it is dead; or forget it.

    $ clusterctl worker w1
    $ clusterctl worker w1 --confirm-dead --dry-run
    $ clusterctl worker w1 --confirm-dead --reason "power supply burned"
    $ clusterctl worker w1 --forget

    Jobs on a silent worker may still be running there. They are declared lost, and run elsewhere, only when they
    must have been stopped by their own lease. --confirm-dead does not wait for that: say it only of a machine that is
    switched off, or they run twice at once. A forgotten worker that comes back is a new one.
    """
    from clusterctl import operations, views

    if confirm_dead and forget:
        raise BadInput("--confirm-dead and --forget are two things", "first the one, then the other")
    with invocation(ctx).cluster() as cluster:
        story = views.worker(cluster, name)
        if confirm_dead:
            declare_dead(cluster, story.worker, reason=reason, dry_run=dry_run, yes=yes)
            return
        if forget:
            operations.forget(cluster, story.worker, reason=reason, dry_run=dry_run)
            sys.stderr.write(f"worker {name} {'would be' if dry_run else 'is'} forgotten\n")
            return
    if form == "json":
        listing.show_plain(plain_story(story))
        return
    from clusterctl.cli.display.worker_card import show_card

    show_card(story)


def plain_story(story: WorkerStory) -> dict[str, Any]:
    """The worker's own fields, and beside them what it holds."""
    plain: dict[str, Any] = listing.plain_of(story)
    return {**plain["worker"], "holds": plain["holds"]}


def declare_dead(cluster: Cluster, seen: WorkerPicture, *, reason: str, dry_run: bool, yes: bool) -> None:
    """Say what will happen, ask, and do it."""
    from clusterctl import operations

    foreseen = operations.confirm_dead(cluster, seen, reason=reason, dry_run=True)
    jobs = "1 job" if len(foreseen) == 1 else f"{len(foreseen)} jobs"
    sys.stderr.write(
        f"worker {seen.name} on {seen.hostname}, last heard {round(seen.heartbeat_age_s)} s ago, holds {jobs};"
        " what it holds is released and may run elsewhere, even if that machine still runs it\n"
    )
    if dry_run:
        sys.stderr.writelines(f"job {each.job_id} would be {each.state}\n" for each in foreseen)
        return
    ask("Is that machine dead for certain?", given=yes)
    ended = operations.confirm_dead(cluster, seen, reason=reason)
    sys.stderr.writelines(f"job {each.job_id} is {each.state}\n" for each in ended)
    sys.stderr.write(f"worker {seen.name} is lost\n")
