"""``cancel``: stop jobs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.input.selectors import SelectorArgument, chosen_ids
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import Refused
from clusterctl.model.exits import ExitCode
from clusterctl.model.states import LIVE
from clusterctl.units import parse_numbers

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.store.jobs import Cancelled

app = Verbs()
NAMED = 20  # jobs that get a line of their own; more are counted
SENTENCES = {
    "cancelled": "cancelled",
    "stopping": "stopping: {its} worker has been told",
    "ended": "had ended already",
}


@app.verb()
def cancel(
    ctx: typer.Context,
    selectors: SelectorArgument,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Kept with who did it.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be cancelled, and do nothing.")] = False,
) -> None:
    """Cancel jobs, those that wait and those that run.

    $ clusterctl cancel 42
    $ clusterctl cancel 40-49 --reason "wrong input"
    $ clusterctl cancel all --dry-run

    All processes of a running job are asked to end (SIGTERM), and killed after the setting term_grace.
    Ends with 0 if something was cancelled, 5 if some jobs had ended already, 4 if all had.
    """
    from clusterctl import operations

    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, selectors)
        if not ids:
            sys.stderr.write("nothing to cancel: all jobs have ended\n")
            return
        if dry_run:
            rehearse(cluster, ids)
            return
        outcomes = operations.cancel(cluster, ids, reason=reason)
    tell(outcomes)
    ended = sum(done.outcome == "ended" for done in outcomes)
    if ended == len(outcomes):
        raise Refused("nothing was left to cancel", "`clusterctl jobs` lists what has not ended")
    if ended:
        raise typer.Exit(ExitCode.PARTLY)


def rehearse(cluster: Cluster, ids: Sequence[int]) -> None:
    """Say what would be cancelled, and that the rest has ended."""
    from clusterctl import views
    from clusterctl.store.jobs import Selection

    ranges = tuple((each.start, each[-1]) for each in parse_numbers(",".join(map(str, ids))))
    live = views.job_ids(cluster, Selection(ranges=ranges, states=tuple(sorted(LIVE))))
    if live:
        sys.stderr.write(f"would cancel {len(live):,} job{'' if len(live) == 1 else 's'}: {shortened(live)}\n")
    if ended := len(set(ids) - set(live)):
        sys.stderr.write(f"{ended:,} job{'' if ended == 1 else 's'} had ended already\n")


def tell(outcomes: Sequence[Cancelled]) -> None:
    """Each job's fate, or for many how many met which."""
    if len(outcomes) <= NAMED:
        for done in outcomes:
            was = f" as {done.state}" if done.outcome == "ended" else ""
            sys.stderr.write(f"job {done.job_id} {SENTENCES[done.outcome].format(its='its')}{was}\n")
        return
    for outcome, sentence in SENTENCES.items():
        count = sum(done.outcome == outcome for done in outcomes)
        if count:
            one = count == 1
            told = sentence.format(its="its" if one else "their")
            sys.stderr.write(f"{count:,} job{'' if one else 's'} {told}\n")


def shortened(ids: Sequence[int]) -> str:
    """The first numbers, and an ellipsis."""
    return ", ".join(map(str, ids[:NAMED])) + (", …" if len(ids) > NAMED else "")
