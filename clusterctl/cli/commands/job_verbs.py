"""``cancel``, ``hold``, ``release``, ``requeue``: what is done to jobs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.display.handled import end_with, tell
from clusterctl.cli.display.listing import FilterOption
from clusterctl.cli.input.consent import DryRunOption, ReasonOption, YesOption, ask, somebody_is_there
from clusterctl.cli.input.selectors import SelectorArgument, chosen_ids, read_wanted, why_nothing
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.job_verbs import Handled
from clusterctl.model.states import LIVE, TERMINAL

if TYPE_CHECKING:
    from clusterctl.model.job_verbs import Verb

app = Verbs()
MANY = 10  # jobs that were not named one by one: more, and a person is asked


@app.verb()
def cancel(
    ctx: typer.Context,
    selectors: SelectorArgument = [],  # noqa: B006  # typer reads it, nobody changes it
    *,
    filter: FilterOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Cancel jobs, those that wait and those that run.

    $ clusterctl cancel 42
    $ clusterctl cancel 40-49 --reason "wrong input"
    $ clusterctl cancel --filter 'name:train* state:pending' --dry-run
    $ clusterctl jobs --state held -o ids | clusterctl cancel -

    All processes of a running job are asked to end (SIGTERM), and killed after the setting term_grace. `all`, and a
    --filter alone, mean what has not ended; on a terminal you are asked first if that is more than 10 jobs, but a
    script is not asked: look with --dry-run.
    Ends with 0 if all that were named are cancelled, 5 if some had ended already, 4 if all had.
    """
    act(ctx, "cancel", selectors, filter, reason, dry_run=dry_run, yes=yes)


@app.verb()
def hold(
    ctx: typer.Context,
    selectors: SelectorArgument = [],  # noqa: B006  # as above
    *,
    filter: FilterOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Keep jobs from starting, and stop services, until they are released.

    $ clusterctl hold 42 --reason "until the data is there"
    $ clusterctl hold --filter 'tenant:physics state:pending'
    $ clusterctl release 42

    A batch job that runs goes on, and is named: `clusterctl requeue` lets it begin anew, `clusterctl cancel` ends it. A
    replica of a service that runs is stopped, and kept: `clusterctl hold service:web` stops a whole service. Who holds
    a job, and why, stands in `clusterctl job`. `all`, and a --filter alone, mean what has not ended; on a terminal you
    are asked first if that is more than 10 jobs, a script is not.
    Ends with 0 if all that were named are held, 5 if only some are, 4 if none.
    """
    act(ctx, "hold", selectors, filter, reason, dry_run=dry_run, yes=yes)


@app.verb()
def release(
    ctx: typer.Context,
    selectors: SelectorArgument = [],  # noqa: B006  # as above
    *,
    filter: FilterOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Let held jobs wait for a worker again.

    $ clusterctl release 42
    $ clusterctl release --filter 'state:held tenant:physics'

    Jobs that were not held stay as they are. `all`, and a --filter alone, mean what has not ended; on a terminal you
    are asked first if that is more than 10 jobs, a script is not.
    Ends with 0 if none that were named are held now, 5 if some had ended, 4 if all had.
    """
    act(ctx, "release", selectors, filter, reason, dry_run=dry_run, yes=yes)


@app.verb()
def requeue(
    ctx: typer.Context,
    selectors: SelectorArgument = [],  # noqa: B006  # as above
    *,
    filter: FilterOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    parsable: Annotated[
        bool, typer.Option("--parsable", help="Print only the numbers of what will run, for programs.")
    ] = False,
) -> None:
    """Let jobs run once more: what has ended as a new job, what runs as its next attempt.

    $ clusterctl requeue 42
    $ clusterctl requeue --filter state:failed,timeout
    $ clusterctl requeue --filter 'state:failed exit_code:137 finished_at>=2026-01-31' --dry-run
    $ clusterctl jobs --state failed -o ids | grep -v 43 | clusterctl requeue -
    $ clusterctl wait $(clusterctl requeue 42 --parsable)

    What has ended stays as it is, and is submitted again with all its wishes, as a job of a new number that waits for
    no other; parts of an array as an array, with their indices. What runs is stopped, keeps its number and waits for a
    worker; that spends none of its retries. So does a replica of a service, which may find another worker then; on its
    worker, `clusterctl restart` starts it anew. What has a worker and has not begun is taken back from it, and waits
    again; what waits, stays as it is.
    A --filter alone means what has ended and is kept, however long ago: the direct way to run again all that failed. A
    list that is piped in has what `clusterctl jobs` shows, without --all the last hour. `all` means what has not ended.
    On a terminal you are asked first if that is more than 10 jobs, a script is not.
    Ends with 0 if all that were named run again or wait, 5 if only some do, 4 if none.
    """
    among = TERMINAL if filter is not None and not selectors else LIVE
    act(ctx, "requeue", selectors, filter, reason, dry_run=dry_run, yes=yes, among=among, parsable=parsable)


def act(
    ctx: typer.Context,
    verb: Verb,
    selectors: list[str],
    filter: str | None,
    reason: str,
    *,
    dry_run: bool,
    yes: bool,
    among: frozenset[str] = LIVE,
    parsable: bool = False,
) -> None:
    """Do *verb* to the jobs that are meant, say of each what became of it, and end as that went."""
    from clusterctl import operations

    wanted = read_wanted(selectors, filter)
    verbs: Mapping[str, Callable[..., list[Handled]]] = {
        "cancel": operations.cancel,
        "hold": operations.hold,
        "release": operations.release,
        "requeue": operations.requeue,
    }
    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, selectors, wanted, among)
        if not ids:
            sys.stderr.write(f"nothing to {verb}: {why_nothing(selectors, wanted)}\n")
            return
        if not dry_run and not names_each(selectors) and len(ids) > MANY and somebody_is_there():
            ask(f"{verb.capitalize()} {len(ids):,} jobs?", given=yes)
        handled = verbs[verb](cluster, ids, reason=reason, dry_run=dry_run)
    tell(handled, parsable=parsable and not dry_run)
    end_with(handled, verb)


def names_each(selectors: Sequence[str]) -> bool:
    """Whether the jobs were named by number, and not as all that there are, or by what they are like."""
    return bool(selectors) and list(selectors) != ["all"]
