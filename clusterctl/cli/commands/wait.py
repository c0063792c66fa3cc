"""``wait``: stand by until jobs have ended."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clusterctl import units
from clusterctl.cli.display.listing import FilterOption
from clusterctl.cli.input.selectors import SelectorArgument, chosen_ids, read_wanted, why_nothing
from clusterctl.cli.input.wishes import told
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs

app = Verbs()


@app.verb()
def wait(
    ctx: typer.Context,
    selectors: SelectorArgument = [],  # noqa: B006  # typer reads it, nobody changes it
    *,
    filter: FilterOption = None,
    timeout: Annotated[
        float | None, typer.Option(parser=told(units.parse_duration), metavar="TIME", help="Give up after 90s, 10m.")
    ] = None,
) -> None:
    """Wait until jobs have ended, and end as they did.

    $ clusterctl wait 42
    $ clusterctl wait array:42 --timeout 1h
    $ clusterctl wait $(clusterctl submit --parsable -- make)
    $ clusterctl wait --filter 'tenant:physics name:night-*'

    Ends with the job's exit code, of several with the highest; 128 + n for one that signal n ended; 1 for one that
    was cancelled, lost or out of time without either; 124 after --timeout.
    """
    from clusterctl.cli.display import waiting

    wanted = read_wanted(selectors, filter)
    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, selectors, wanted)
        if not ids:
            sys.stderr.write(f"nothing to wait for: {why_nothing(selectors, wanted)}\n")
            return
        raise typer.Exit(waiting.see_through(cluster, ids, timeout=timeout))
