"""``logs``: what a job wrote."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from clusterctl.cli.completion import complete_jobs
from clusterctl.cli.input.selectors import chosen_ids
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput

app = Verbs()


@app.verb()
def logs(
    ctx: typer.Context,
    selector: Annotated[str, typer.Argument(metavar="JOB", help="Its number, or last.", autocompletion=complete_jobs)],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
    stderr: Annotated[
        bool, typer.Option("--stderr", help="Its standard error, if that has a file of its own.")
    ] = False,
    tail: Annotated[int | None, typer.Option(min=0, metavar="N", help="Only the last N lines.")] = None,
    attempt: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Of the N-th try; without it, the newest.")
    ] = None,
) -> None:
    """Print a job's output.

    $ clusterctl logs 42
    $ clusterctl logs last -f --tail 10

    Byte for byte as the job wrote it, escape sequences and all, on a terminal too: for output that you do not trust,
    pipe it through `cat -v`. Where output was too large to keep, a line such as `[… 2.7 MB dropped …]` stands for it.
    """
    from clusterctl import views
    from clusterctl.cli.output import following, gaps

    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, [selector])
        if len(ids) != 1:
            raise BadInput(f"{selector!a} means {len(ids):,} jobs", "name one")
        if follow:
            following.follow(cluster, ids[0], stderr=stderr, attempt=attempt, tail=tail)
            following.explain_silence(cluster, ids[0])
            return
        found = views.output(cluster, ids[0], attempt=attempt, stderr=stderr)
        file = following.open_output(found)
        if file is None or not os.fstat(file.fileno()).st_size:
            following.explain_silence(cluster, ids[0])
    if file is not None:
        with file:
            if tail is not None:
                gaps.seek_tail(file, tail)
            following.copy(file)
