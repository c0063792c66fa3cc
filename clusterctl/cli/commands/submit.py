"""``submit``: hand in a job, an array of them, or a whole list."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import typer

from clusterctl import units
from clusterctl.cli.input import composition, layers, payload
from clusterctl.cli.input import submit_options as options
from clusterctl.cli.input.named_jobs import NamedJobs
from clusterctl.cli.input.surroundings import Surroundings
from clusterctl.cli.invocation import Invocation, invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, ClusterError
from clusterctl.model.validity import check_together
from clusterctl.text import visible

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.spec import Submission, Submitted

app = Verbs()
MOST_WARNINGS = 5  # of many jobs at once
MOST_NAMED = 10  # services in a list of jobs


@app.verb(interspersed=False)
def submit(
    ctx: typer.Context,
    words: options.Words = None,
    *,
    wrap: options.Wrap = None,
    source: options.Source = None,
    cpus: options.Cpus = 1000,
    memory: options.Memory = None,
    gpus: options.Gpus = 0,
    time_limit: options.TimeLimit = None,
    priority: options.Priority = 50,
    tenant: options.Tenant = "default",
    array: options.IndexRange = None,
    after: options.AfterJobs = None,
    deadline: options.ByDeadline = None,
    retries: options.Retries = 0,
    hold: options.Hold = False,
    worker: options.OnWorker = None,
    labels: options.Labels = None,
    on_worker_loss: options.WorkerLoss = "requeue",
    lease: options.Lease = None,
    service: options.Service = False,
    replicas: options.Replicas = None,
    daemon: options.Daemon = False,
    ready_cmd: options.ReadyCmd = None,
    ready_after: options.ReadyAfter = None,
    slo_p99_ms: options.SloP99Ms = None,
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
    form: options.Form = None,
    reason: options.Reason = "",
) -> None:
    """Hand in a command or a script, to run where there is room.

    $ clusterctl submit -- make -j4
    $ clusterctl submit --cpus 4 --memory 8G train.sh
    $ clusterctl submit --array 0-99%8 ./part.sh
    $ clusterctl submit --array @inputs.txt -- sh -c 'gzip "$CLUSTERCTL_ARRAY_LINE"'
    $ clusterctl submit --after 42 --wait --wrap 'sort out.* | uniq > all'
    $ clusterctl submit --from commands.txt --cpus 2
    $ clusterctl submit --service --replicas 3 --ready-cmd 'curl -sf localhost:8000/health' -- ./serve
    $ clusterctl submit --dry-run -o json --memory 64G -- ./train

    A script may say its options itself, in lines at its top: `#CC --cpus 4`. Of `#SBATCH` lines the common ones are
    understood. The command line goes before them.

    What --parsable prints is what every other command takes as a selector.
    """
    # What is asked for is read from the context, which also knows what was said and what is only a default.
    asked = invocation(ctx)
    refuse_contradictions(words or [], wrap, source)
    if form is not None and not dry_run:
        raise BadInput(
            "-o goes with --dry-run", "--parsable prints the number alone; a file for output is --stdout PATH"
        )
    jobs_of = NamedJobs(asked)
    told = Answer(parsable=parsable, wait=wait, follow=follow, dry_run=dry_run, form=form, reason=reason)
    if source is not None:
        from clusterctl.cli.input import job_list

        hand_in(asked, job_list.read(ctx, source, asked.settings(), jobs_of), told, many=True)
        return
    what = payload.read(words) if words else payload.of_shell(wrap or "", "wrap")
    wishes = layers.merge(layers.defaults(ctx), *composition.layers_of(ctx, what), layers.of_command_line(ctx))
    wanted = composition.compose(what, wishes, asked.settings(), Surroundings(), jobs_of)
    if warning := payload.words_for_a_shell(words or []):
        sys.stderr.write(f"warning: {warning}\n")
    hand_in(asked, [wanted], told._replace(parsable=wishes.parsable, wait=wishes.wait, follow=wishes.follow))


def refuse_contradictions(words: list[str], wrap: str | None, source: str | None) -> None:
    """BadInput unless there is one thing to run."""
    given = [
        flag for flag, value in (("COMMAND", words or None), ("--wrap", wrap), ("--from", source)) if value is not None
    ]
    if len(given) > 1:
        raise BadInput(f"{' and '.join(given)} do not go together", "one of them says what to run")
    if not given:
        raise BadInput("nothing to run: no COMMAND", "`clusterctl submit -- make -j4`; see `clusterctl submit --help`")


class Answer(NamedTuple):
    """What comes back of a submission, and what is kept of it besides. ``form``: of a dry run."""

    parsable: bool
    wait: bool
    follow: bool
    dry_run: bool
    form: str | None
    reason: str


def hand_in(asked: Invocation, wanted: list[Submission], told: Answer, *, many: bool = False) -> None:
    """Submit, and say so; wait if that was asked for."""
    from clusterctl import operations

    if told.wait and any(each.kind == "service" for each in wanted):
        raise BadInput(
            "--wait does not go with --service: it does not end", "`clusterctl services` shows how they fare"
        )
    if told.follow and (many or is_array(wanted[0]) or job_count(wanted) > 1):
        raise BadInput("--follow shows the output of one job, not of many", "use --wait")
    check_together(wanted)  # before anything is connected: nonsense needs no database
    with asked.cluster() as cluster:
        if told.dry_run:
            foresee(cluster, wanted, told.form, many=many)
            return
        if many:
            submitted = operations.submit_many(cluster, wanted, reason=told.reason)
        else:
            submitted = [operations.submit(cluster, wanted[0], reason=told.reason)]
        sys.stdout.write(f"{numbers(submitted) if told.parsable else sentence(wanted, submitted)}\n")
        sys.stdout.flush()
        if known := sum(len(each.ids) for each in submitted if each.existing):
            which = "" if all(each.existing for each in submitted) else f"{known:,} of them "
            sys.stderr.write(f"{which}submitted before, under the same key\n")
        if any(each.after for each in wanted):
            tell_cancelled(cluster, submitted)
        warn(cluster, wanted)
        if told.wait or told.follow:
            from clusterctl.cli.display import waiting

            ids = [id for each in submitted for id in each.ids]
            raise typer.Exit(waiting.see_through(cluster, ids, follow=told.follow))


def foresee(cluster: Cluster, wanted: list[Submission], form: str | None, *, many: bool) -> None:
    """Say what would become of it; of many, of the first few kinds, each as if it came alone."""
    from clusterctl import views
    from clusterctl.cli.display import listing
    from clusterctl.cli.display.explanation_card import show_card

    sys.stderr.write(f"would submit {size(wanted)}: {wanted[0].name!a}{', …' if len(wanted) > 1 else ''}\n")
    told = [views.foresee(cluster, one) for one in kinds_of(wanted)[:MOST_WARNINGS]]
    if form == "json":
        plain = [listing.plain_of(each) for each in told]
        listing.show_plain(plain if many else plain[0])
        return
    for number, each in enumerate(told):
        sys.stdout.write("\n" if number else "")
        show_card(each)


def kinds_of(wanted: list[Submission]) -> list[Submission]:
    """One for each kind of place that is asked for."""
    return list({(each.request, tuple(each.labels.items()), each.worker): each for each in wanted}.values())


def warn(cluster: Cluster, wanted: list[Submission]) -> None:
    """Say what may keep it waiting for ever. The jobs are in: nothing here may make it look as if they were not."""
    from clusterctl import views

    kinds = kinds_of(wanted)
    try:
        for one in kinds[:MOST_WARNINGS]:
            if warning := views.warning(cluster, one):
                which = "" if len(kinds) == 1 else f"{one.name}: "
                sys.stderr.write(f"warning: {visible(which)}{warning}\n")
    except ClusterError:
        return


def tell_cancelled(cluster: Cluster, submitted: list[Submitted]) -> None:
    """Say which are cancelled already, because a job that they come after has ended otherwise."""
    from clusterctl import views
    from clusterctl.model.selection import Selection

    ranges = tuple((each.ids[0], each.ids[-1]) for each in submitted)
    try:
        found = views.queue(cluster, Selection(ranges=ranges, states=("cancelled",)), MOST_WARNINGS)
    except ClusterError:
        return
    for job in found.jobs:
        sys.stderr.write(f"warning: job {job.id} is cancelled already: {visible(job.detail)}\n")
    if found.more:
        sys.stderr.write(f"warning: so are {found.more:,} more\n")


def is_array(one: Submission) -> bool:
    """Whether it makes an array of jobs; the replicas of a service are none."""
    return one.indices is not None and one.kind == "batch"


def job_count(wanted: list[Submission]) -> int:
    """How many jobs they make."""
    return sum(1 if each.indices is None else len(each.indices) for each in wanted)


def size(wanted: list[Submission]) -> str:
    """How many jobs."""
    count = job_count(wanted)
    if len(wanted) == 1 and wanted[0].kind == "service":
        return f"a service, {replicas_of(wanted[0], count)}"
    if services := sum(each.kind == "service" for each in wanted):
        return f"{count:,} job{'s' if count > 1 else ''}, among them {services:,} service{'s' if services > 1 else ''}"
    return (
        f"an array of {count:,} jobs"
        if len(wanted) == 1 and is_array(wanted[0])
        else f"{count:,} job{'s' if count > 1 else ''}"
    )


def replicas_of(one: Submission, count: int) -> str:
    """``3 replicas``."""
    return "a replica on every worker" if one.every_worker else f"{count:,} replica{'s' if count > 1 else ''}"


def sentence(wanted: list[Submission], submitted: list[Submitted]) -> str:
    """``Submitted job 42``, ``Submitted 100 jobs 42-141 (array 42)``, ``Submitted service 42 (3 replicas 42-44)``."""
    count = sum(len(each.ids) for each in submitted)
    first = submitted[0]
    if len(submitted) == 1 and wanted[0].kind == "service":
        which = f" {numbers(submitted)}" if count > 1 else ""
        return f"Submitted service {first.ids[0]} ({replicas_of(wanted[0], count)}{which})"
    if len(submitted) == 1 and first.array_id is None:
        return f"Submitted job {first.ids[0]}"
    array = f" (array {first.array_id})" if len(submitted) == 1 else ""
    services = services_among(wanted, submitted)
    return f"Submitted {count} job{'s' if count > 1 else ''} {numbers(submitted)}{array}{services}"


def services_among(wanted: list[Submission], submitted: list[Submitted]) -> str:
    """``, with 2 services: 42 (3 replicas), 45 (a replica on every worker)``; empty if there is none."""
    found = [
        f"{its.ids[0]} ({replicas_of(one, len(its.ids))})"
        for one, its in zip(wanted, submitted, strict=True)
        if one.kind == "service"
    ]
    if not found:
        return ""
    rest = ", …" if found[MOST_NAMED:] else ""
    return f", with {len(found):,} service{'s' if len(found) > 1 else ''}: {', '.join(found[:MOST_NAMED])}{rest}"


def numbers(submitted: list[Submitted]) -> str:
    """The jobs as a selector."""
    return units.format_numbers(units.merged(range(each.ids[0], each.ids[-1] + 1) for each in submitted))
