"""``worker``: one machine, and the last that can be said of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterctl.cli.completion import complete_workers
from clusterctl.cli.input.consent import ask
from clusterctl.cli.input.worker_options import DryRunOption, ReasonOption
from clusterctl.cli.invocation import invocation
from clusterctl.cli.output import listing
from clusterctl.cli.output.listing import PictureFormOption
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, Refused

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.pictures import WorkerStory

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
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
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
    from clusterctl import views

    if confirm_dead and forget:
        raise BadInput("--confirm-dead and --forget are two things", "first the one, then the other")
    with invocation(ctx).cluster() as cluster:
        story = views.worker(cluster, name)
        if confirm_dead:
            declare_dead(cluster, story, reason=reason, dry_run=dry_run, yes=yes)
            return
        if forget:
            let_go(cluster, story, reason=reason, dry_run=dry_run)
            return
    if form == "json":
        listing.show_plain(plain_story(story))
        return
    from clusterctl.cli.output.worker_card import show_card

    show_card(story)


def plain_story(story: WorkerStory) -> dict[str, Any]:
    """The worker's own fields, and beside them what it holds."""
    plain: dict[str, Any] = listing.plain_of(story)
    return {**plain["worker"], "holds": plain["holds"]}


def declare_dead(cluster: Cluster, story: WorkerStory, *, reason: str, dry_run: bool, yes: bool) -> None:
    """Say what will happen, ask, and do it."""
    from clusterctl import operations

    found = story.worker
    if found.live_state != "silent":
        raise Refused(f"worker {found.name} is {found.live_state}", "only a silent worker can be confirmed dead")
    jobs = "1 job" if len(story.holds) == 1 else f"{len(story.holds)} jobs"
    sys.stderr.write(
        f"worker {found.name} on {found.hostname}, last heard {round(found.heartbeat_age_s)} s ago, holds {jobs};"
        " what it holds is released and may run elsewhere, even if that machine still runs it\n"
    )
    if dry_run:
        return
    ask("Is that machine dead for certain?", given=yes)
    ended = operations.confirm_dead(cluster, found, reason=reason)
    for each in ended:
        sys.stderr.write(f"job {each.job_id} is {each.state}\n")
    sys.stderr.write(f"worker {found.name} is lost\n")


def let_go(cluster: Cluster, story: WorkerStory, *, reason: str, dry_run: bool) -> None:
    """List a worker no more, if it is gone and holds nothing."""
    from clusterctl import operations

    found = story.worker
    if found.live_state == "up":
        raise Refused(
            f"worker {found.name} is up", "stop its agent first; `clusterctl drain` lets it finish what it runs"
        )
    if story.holds:
        raise Refused(
            f"worker {found.name} still holds {len(story.holds)} of its jobs",
            f"they are lost in time; if its machine is dead, at once: `clusterctl worker {found.name} --confirm-dead`",
        )
    if not dry_run:
        operations.forget(cluster, found, reason=reason)
    sys.stderr.write(f"worker {found.name} {'would be' if dry_run else 'is'} forgotten\n")
