"""``report``: a service tells how fast it answers, and how often it is too slow."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_jobs
from clusterctl.cli.input.consent import DryRunOption, ReasonOption
from clusterctl.cli.input.one_job import number_of, read_one
from clusterctl.cli.input.wishes import told
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, Refused
from clusterctl.text import visible

if TYPE_CHECKING:
    from clusterctl.model.orders import Report

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
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Tell how a replica of a service fares.

    $ clusterctl report --p99-ms 85 --requests 1200 --violations 3   # within the service
    $ clusterctl report --job 42 --p99-ms 85 --requests 1200         # from anywhere else
    $ clusterctl service web                                         # which numbers its replicas have

    Within a replica it needs neither Postgres nor the network: it appends a line of JSON to the file that the variable
    CLUSTERCTL_REPORT names, as anybody there may, and the worker's agent passes it on; it says nothing then, for that
    would be in the service's output. `services`, `workers` and `tenants` show it, and the policy `slo` goes by it. Only
    a report with --job can have a --reason, and only then it is in the audit.
    """
    from clusterctl.model.orders import Report
    from clusterctl.model.reports import check_report

    if p99_ms is None and not requests:
        raise BadInput("nothing to report", "say --p99-ms, or --requests and --violations")
    said = Report(p99_ms=p99_ms, requests=requests, violations=violations)
    check_report(said)
    path = os.environ.get(FILE, "")
    if job is None and path:
        if reason:
            raise BadInput(
                "a reason goes with --job: what a replica says of itself is in no audit", "leave --reason out"
            )
        append(path, said, dry_run=dry_run)
        return
    if job is None:
        inside = "this job is none: only replicas of services report"
        raise BadInput(
            "which replica? --job ID", inside if os.environ.get(JOB) else "`clusterctl service NAME` has IDs"
        )
    from clusterctl import operations

    with invocation(ctx).cluster() as cluster:
        job_id = number_of(cluster, job) or 0
        operations.report(cluster, job_id, said, reason=reason, dry_run=dry_run)
    sys.stderr.write(f"{'would be kept' if dry_run else 'kept'} of job {job_id}: {in_words(said)}\n")


def in_words(said: Report) -> str:
    """``p99 85ms, 3 of 1,200 requests violated``."""
    from clusterctl.wording.latencies import latency

    parts = [] if said.p99_ms is None else [f"p99 {latency(said.p99_ms)}"]
    parts += [f"{said.violations:,} of {said.requests:,} requests violated"] if said.requests else []
    return ", ".join(parts)


def append(path: str, said: Report, *, dry_run: bool) -> None:
    """Add a line for the agent. Raises Refused. One write, so that lines of several never mix."""
    import msgspec

    line = msgspec.json.encode(said) + b"\n"
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if dry_run:
                sys.stderr.write(f"{visible(path)} would get the line {visible(line.decode().strip())}\n")
            else:
                os.write(file, line)
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        raise Refused(f"{FILE} cannot be written: {error}", "the worker's agent makes that file") from None
