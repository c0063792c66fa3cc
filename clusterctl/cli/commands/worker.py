"""``worker``, ``drain``, ``resume``: one machine, and what it may do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_workers
from clusterctl.cli.input.consent import ask
from clusterctl.cli.invocation import invocation
from clusterctl.cli.output import listing
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, Refused

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.pictures import WorkerStory

app = Verbs()
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Which.", autocompletion=complete_workers)]
NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME…", help="Which.", autocompletion=complete_workers)]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Kept with who did it.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@app.verb()
def worker(
    ctx: typer.Context,
    name: NameArgument,
    *,
    form: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FORM", help="`json`; without, a page for people.")
    ] = None,
    confirm_dead: Annotated[
        bool,
        typer.Option("--confirm-dead", help="Vouch that its machine runs nothing any more: release what it holds."),
    ] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Show one worker and what it holds; or vouch that it is dead.

    $ clusterctl worker w1
    $ clusterctl worker w1 --confirm-dead --dry-run
    $ clusterctl worker w1 --confirm-dead --reason "power supply burned"

    Jobs on a silent worker may still be running there. They are declared lost, and run elsewhere, only when they
    must have been stopped by their own lease. --confirm-dead does not wait for that: say it only of a machine that is
    switched off, or they run twice at once.
    """
    from clusterctl import views

    if form not in (None, "json"):
        raise BadInput(f"no such form: {form!a}", "json")
    with invocation(ctx).cluster() as cluster:
        story = views.worker(cluster, name)
        if confirm_dead:
            declare_dead(cluster, story, reason=reason, dry_run=dry_run, yes=yes)
            return
    if form == "json" or not sys.stdout.isatty():
        sys.stdout.write(listing.json_of(listing.plain_of(story), indent=2) + "\n")
        return
    from clusterctl.cli.output.worker_card import show_card

    show_card(story)


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


@app.verb()
def drain(ctx: typer.Context, names: NamesArgument, reason: ReasonOption = "", dry_run: DryRunOption = False) -> None:
    """Let workers finish what they run, and give them nothing new.

    $ clusterctl drain w1 w2 --reason "new kernel"
    $ clusterctl worker w1        # what still runs there
    $ clusterctl resume w1 w2
    """
    administer(ctx, names, "draining", reason, dry_run=dry_run)


@app.verb()
def resume(ctx: typer.Context, names: NamesArgument, reason: ReasonOption = "", dry_run: DryRunOption = False) -> None:
    """Give workers new jobs again.

    $ clusterctl resume w1

    A worker that three jobs in a row could not start on has drained itself: see why first, `clusterctl worker NAME`.
    """
    administer(ctx, names, "open", reason, dry_run=dry_run)


def administer(ctx: typer.Context, names: list[str], state: str, reason: str, *, dry_run: bool) -> None:
    """Change what these workers may do, and say of each whether that is new."""
    from clusterctl import operations, views
    from clusterctl.model.states import AdminState

    with invocation(ctx).cluster() as cluster:
        if dry_run:
            was = {name: views.worker(cluster, name).worker.admin_state for name in names}
            changed = [name for name, before in was.items() if before != state]
        else:
            changed = operations.administer(cluster, names, AdminState(state), reason=reason)
    for name in dict.fromkeys(names):
        told = ("would be " if dry_run else "is ") + state if name in changed else f"was {state} already"
        sys.stderr.write(f"worker {name} {told}\n")
