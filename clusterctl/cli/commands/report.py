"""``report``: a service tells how fast it answers, and how often it is too slow."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from clusterctl.cli.completion import complete_jobs
from clusterctl.cli.input.one_job import number_of, read_one
from clusterctl.cli.input.wishes import told
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, Refused

app = Verbs()
FILE, JOB = "CLUSTERCTL_REPORT", "CLUSTERCTL_JOB_ID"


@app.verb()
def report(
    ctx: typer.Context,
    *,
    p99_ms: Annotated[
        float | None, typer.Option("--p99-ms", metavar="N", help="99 of 100 requests took no longer, in milliseconds.")
    ] = None,
    requests: Annotated[int, typer.Option(metavar="N", help="How many there were since the last report.")] = 0,
    violations: Annotated[int, typer.Option(metavar="N", help="How many of these were too slow, or failed.")] = 0,
    job: Annotated[
        str | None,
        typer.Option(
            "--job",
            parser=told(read_one),
            metavar="ID",
            help="Which replica; itself, if a replica says it.",
            autocompletion=complete_jobs,
        ),
    ] = None,
) -> None:
    """Tell how a replica of a service fares.

    $ clusterctl report --p99-ms 85 --requests 1200 --violations 3   # within the service
    $ clusterctl report --job 42 --p99-ms 85 --requests 1200         # from anywhere else

    Within a replica it needs neither Postgres nor the network: it appends a line of JSON to the file that the variable
    CLUSTERCTL_REPORT names, as anybody there may, and the worker's agent passes it on. `services`, `workers` and
    `tenants` show it, and the policy `slo` goes by it.
    """
    from clusterctl.model.orders import Report
    from clusterctl.model.reports import check_report

    if p99_ms is None and not requests:
        raise BadInput("nothing to report", "say --p99-ms, or --requests and --violations")
    said = Report(p99_ms=p99_ms, requests=requests, violations=violations)
    check_report(said)
    path = os.environ.get(FILE, "")
    if job is None and path:
        append(path, said)
        return
    if job is None:
        hint = "this job is none: only replicas of services report" if os.environ.get(JOB) else "`clusterctl services`"
        raise BadInput("which replica? --job ID", hint)
    from clusterctl import operations

    with invocation(ctx).cluster() as cluster:
        operations.report(cluster, number_of(cluster, job) or 0, said)


def append(path: str, said: object) -> None:
    """Add a line for the agent. Raises Refused. One write, so that lines of several never mix."""
    import msgspec

    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(file, msgspec.json.encode(said) + b"\n")
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        raise Refused(f"{FILE} cannot be written: {error}", "the worker's agent makes that file") from None
