"""``logs``: what jobs wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.input.selectors import SelectorArgument, chosen_ids
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, Refused
from clusterctl.model.exits import ExitCode

if TYPE_CHECKING:
    from clusterctl.cli.display.reading import Wanted
    from clusterctl.cluster import Cluster

app = Verbs()
LAST_ATTEMPT = 2**31 - 1


@app.verb()
def logs(
    ctx: typer.Context,
    selector: SelectorArgument,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
    stderr: Annotated[
        bool, typer.Option("--stderr", help="Its standard error, if that has a file of its own.")
    ] = False,
    tail: Annotated[int | None, typer.Option(min=0, metavar="N", help="Only the last N lines.")] = None,
    attempt: Annotated[
        str | None, typer.Option(metavar="N|all", help="Of the N-th try, or of all; without it, the newest.")
    ] = None,
) -> None:
    """Print a job's output, whichever worker ran it.

    $ clusterctl logs 42
    $ clusterctl logs last -f --tail 10
    $ clusterctl logs array:7 -f

    Byte for byte as the job wrote it, escape sequences and all, on a terminal too: for output that you do not trust,
    pipe it through `cat -v`. Where output was too large to keep, a line such as `[… 2.7 MB dropped …]` stands for it.
    Of several jobs each line stands behind its job's number. With -f a job that is tried again is followed to its next
    worker, and one that waits is waited for.
    """
    from clusterctl.cli.display.reading import Wanted

    number, every = parse_attempt(attempt)
    wanted = Wanted(attempt=number, every=every, tail=tail, stderr=stderr)
    with invocation(ctx).cluster() as cluster:
        ids = chosen_ids(cluster, selector)
        if len(ids) == 1:
            show_one(cluster, ids[0], wanted, follow=follow)
        elif ids:
            raise typer.Exit(show_many(cluster, ids, wanted, follow=follow))


def parse_attempt(text: str | None) -> tuple[int | None, bool]:
    """The number, and whether all are meant. Raises BadInput."""
    if text is None or text == "all":
        return None, text == "all"
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:10]) <= LAST_ATTEMPT:
        raise BadInput(f"--attempt {text!a} is no try at a job", "write 1, 2, 3 or all")
    return int(text), False


def show_one(cluster: Cluster, job_id: int, wanted: Wanted, *, follow: bool) -> None:
    """One job's output, byte for byte."""
    from clusterctl.cli.display import following, reading
    from clusterctl.cli.display.writing import Plain

    if follow:
        following.follow(cluster, job_id, wanted)
        following.explain_silence(cluster, job_id)
    elif not reading.show_job(cluster, job_id, wanted, Plain()):
        following.explain_silence(cluster, job_id)


def show_many(cluster: Cluster, ids: Sequence[int], wanted: Wanted, *, follow: bool) -> ExitCode:
    """The outputs of several jobs, line by line behind their numbers. Raises Refused if there is none to show."""
    from clusterctl.cli.display import together

    troubles = (together.follow if follow else together.show)(cluster, ids, wanted)
    if len(troubles) == len(ids):
        raise Refused(f"of {len(ids):,} jobs there is nothing to show", "what keeps us from each is said above")
    return ExitCode.PARTLY if troubles else ExitCode.DONE
