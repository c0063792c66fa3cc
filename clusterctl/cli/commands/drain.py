"""``drain`` and ``resume``: whether workers get new jobs."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.input import wishes
from clusterctl.cli.input.consent import DryRunOption, ReasonOption
from clusterctl.cli.input.worker_options import NamesArgument
from clusterctl.cli.invocation import invocation
from clusterctl.cli.outage import patiently
from clusterctl.cli.verbs import Verbs
from clusterctl.units import format_duration

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster

app = Verbs()
LOOK_EVERY = 0.5  # seconds


@app.verb()
def drain(
    ctx: typer.Context,
    names: NamesArgument,
    *,
    deadline: Annotated[
        int | None,
        typer.Option(
            metavar="TIME", parser=wishes.told(wishes.seconds), help="Then stop what still runs: it runs elsewhere."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until they hold nothing.")] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Let workers finish what they run, and give them nothing new.

    $ clusterctl drain w1 w2 --reason "new kernel"
    $ clusterctl drain w1 --deadline 1h --wait  # then it can be switched off
    $ clusterctl resume w1 w2

    What is stopped at the deadline is asked to end (SIGTERM) and killed after term_grace; it then runs elsewhere, and
    that spends none of its retries.
    """
    at = "" if deadline is None else f", what still runs in {format_duration(deadline)} is stopped"
    administer(ctx, names, "draining", reason, dry_run=dry_run, deadline_s=deadline, aside=at)
    if wait and not dry_run:
        with invocation(ctx).cluster() as cluster:
            stand_by(cluster, list(dict.fromkeys(names)))


@app.verb()
def resume(ctx: typer.Context, names: NamesArgument, reason: ReasonOption = "", dry_run: DryRunOption = False) -> None:
    """Give workers new jobs again.

    $ clusterctl resume w1

    A worker that three jobs in a row could not start on has drained itself: see why first, `clusterctl worker NAME`.
    """
    administer(ctx, names, "open", reason, dry_run=dry_run)


def administer(
    ctx: typer.Context,
    names: list[str],
    state: str,
    reason: str,
    *,
    dry_run: bool,
    deadline_s: int | None = None,
    aside: str = "",
) -> None:
    """Change what these workers may do, and say of each whether that is new."""
    from clusterctl import operations
    from clusterctl.model.states import AdminState

    with invocation(ctx).cluster() as cluster:
        changed = operations.administer(
            cluster, names, AdminState(state), reason=reason, deadline_s=deadline_s, dry_run=dry_run
        )
    for name in dict.fromkeys(names):
        told = ("would be " if dry_run else "is ") + state + aside if name in changed else f"was {state} already"
        sys.stderr.write(f"worker {name} {told}\n")


def stand_by(cluster: Cluster, names: Sequence[str]) -> None:
    """Say what the workers hold whenever that has changed, until it is nothing."""
    from clusterctl import views

    last: str | None = None
    while True:
        held = {worker.name: worker.jobs for worker in patiently(lambda: views.workers_on_record(cluster))}
        told = ", ".join(f"{name} holds {counted(held[name])}" for name in names if held.get(name))
        if told != last:
            sys.stderr.write(f"{told or 'all of them hold nothing'}\n")
            last = told
        if not told:
            return
        time.sleep(LOOK_EVERY)


def counted(jobs: int) -> str:
    """``1 job``, ``3 jobs``."""
    return f"{jobs} job{'' if jobs == 1 else 's'}"
