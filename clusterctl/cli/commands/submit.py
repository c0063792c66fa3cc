"""``submit``: hand in a job, or an array of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from clusterctl import units
from clusterctl.cli.input import payload
from clusterctl.cli.input import submit_options as options
from clusterctl.cli.invocation import Invocation, invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, ClusterError
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Submission
from clusterctl.model.validity import check

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.spec import Submitted

app = Verbs()


@app.verb(interspersed=False)
def submit(
    ctx: typer.Context,
    words: options.Words,
    *,
    cpus: options.Cpus = 1000,
    memory: options.Memory = None,
    gpus: options.Gpus = 0,
    time_limit: options.TimeLimit = None,
    priority: options.Priority = 50,
    tenant: options.Tenant = "default",
    array: options.IndexRange = None,
    after: options.AfterJobs = None,
    retries: options.Retries = 0,
    hold: options.Hold = False,
    worker: options.OnWorker = None,
    labels: options.Labels = None,
    on_worker_loss: options.WorkerLoss = "requeue",
    lease: options.Lease = None,
    env: options.Env = None,
    export: options.Export = "NONE",
    cwd: options.Cwd = None,
    stdout: options.Stdout = "",
    stderr: options.Stderr = "",
    name: options.Name = None,
    key: options.Key = None,
    wait: options.Wait = False,
    follow: options.Follow = False,
    parsable: options.Parsable = False,
    dry_run: options.DryRun = False,
) -> None:
    """Hand in a command or a script, to run where there is room.

    $ clusterctl submit -- make -j4
    $ clusterctl submit --cpus 4 --memory 8G train.sh
    $ clusterctl submit --array 0-99%8 ./part.sh
    $ clusterctl submit --after 42 --wait -- ./report

    What --parsable prints is what every other command takes as a selector.
    """
    if follow and array is not None:
        raise BadInput("--follow shows the output of one job, not of an array", "use --wait")
    if key == "":  # `--key "$NAME"` with NAME not set: it would be the same job as everyone else's
        raise BadInput("--key is empty", "give each submission a key of its own, or leave --key out")
    asked = invocation(ctx)
    settings = asked.settings()
    what = payload.read(words, env=env or [], export=export, cwd=cwd, stdout=stdout, stderr=stderr)
    submission = Submission(
        spec=what.spec,
        request=Resources(cpus, settings.default_memory if memory is None else memory, gpus),
        name=name or what.name,
        tenant=tenant,
        priority=priority,
        time_limit_s=time_limit,
        retries=retries,
        indices=array.indices if array else None,
        array_limit=array.limit if array else None,
        after=tuple(parent for group in after or () for parent in group.jobs),
        labels=dict(labels or ()),
        worker=worker,
        hold=hold,
        on_worker_loss=on_worker_loss,
        lease_s=round(settings.lease) if lease is None else lease,
        key=key,
    )
    hand_in(asked, submission, parsable=parsable, dry_run=dry_run, wait=wait, follow=follow)


def hand_in(
    asked: Invocation, submission: Submission, *, parsable: bool, dry_run: bool, wait: bool, follow: bool
) -> None:
    """Submit, and say so; wait if that was asked for."""
    from clusterctl import operations

    check(submission)  # before anything is connected: nonsense needs no database
    with asked.cluster() as cluster:
        if dry_run:
            sys.stderr.write(f"would submit {size(submission)}: {submission.name!a}\n")
            warn(cluster, submission)
            return
        submitted = operations.submit(cluster, submission)
        sys.stdout.write(f"{numbers(submitted) if parsable else sentence(submitted)}\n")
        sys.stdout.flush()
        if submitted.existing:
            sys.stderr.write("submitted before, under the same key\n")
        warn(cluster, submission)
        if wait or follow:
            from clusterctl.cli.output import waiting

            raise typer.Exit(waiting.see_through(cluster, submitted.ids, follow=follow))


def warn(cluster: Cluster, submission: Submission) -> None:
    """Say what may keep it waiting for ever. The job is in: nothing here may make it look as if it were not."""
    from clusterctl import operations

    try:
        warning = operations.foresee(cluster, submission)
    except ClusterError:
        return
    if warning:
        sys.stderr.write(f"warning: {warning}\n")


def size(submission: Submission) -> str:
    """How many jobs."""
    return "1 job" if submission.indices is None else f"an array of {len(submission.indices):,} jobs"


def sentence(submitted: Submitted) -> str:
    """``Submitted job 42``, ``Submitted 100 jobs 42-141 (array 42)``."""
    if submitted.array_id is None:
        return f"Submitted job {submitted.ids[0]}"
    count = len(submitted.ids)
    return f"Submitted {count} job{'s' if count > 1 else ''} {numbers(submitted)} (array {submitted.array_id})"


def numbers(submitted: Submitted) -> str:
    """The jobs as a selector."""
    return units.format_numbers((range(submitted.ids[0], submitted.ids[-1] + 1),))
