"""``prune``: forget what is old, before schedd and the agents do."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from clusterctl.cli.input import wishes
from clusterctl.cli.input.consent import DryRunOption, ReasonOption, YesOption, ask
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.units import about_memory
from clusterctl.wording.moments import stamp

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.retention import Kind
    from clusterctl.output.spool import Swept
    from clusterctl.views.retention import Prunable

app = Verbs()
MIB = 1024 * 1024


def what(flag: str, text: str) -> Any:
    """A *flag* that chooses what is pruned."""
    return typer.Option(flag, help=text, rich_help_panel="What (without any of these: all)")


@app.verb()
def prune(
    ctx: typer.Context,
    *,
    jobs: Annotated[bool, what("--jobs", "Ended jobs with their attempts.")] = False,
    allocations: Annotated[bool, what("--allocations", "Earlier attempts of jobs that stay.")] = False,
    claims: Annotated[bool, what("--claims", "The claim log.")] = False,
    samples: Annotated[bool, what("--samples", "Measures of workers.")] = False,
    history: Annotated[bool, what("--history", "How the cluster fared over time.")] = False,
    audit: Annotated[bool, what("--audit", "Who did what; younger than keep_audit only if it is named.")] = False,
    spool: Annotated[bool, what("--spool", "Output of ended jobs in the spools of this machine.")] = False,
    older_than: Annotated[
        int | None,
        typer.Option(
            metavar="TIME",
            parser=wishes.told(wishes.seconds),
            help="Default: the cluster's setting keep_… of each kind.",
        ),
    ] = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Forget what is old, before it goes by itself.

    $ clusterctl prune --dry-run
    $ clusterctl prune --jobs --older-than 7d
    $ clusterctl prune --spool --older-than 1d --yes

    schedd forgets by itself what is older than the settings keep_jobs, keep_claims and so on, and each agent the
    output that is older than keep_logs. What is live, and a "no" that still stands, is never forgotten.
    """
    from clusterctl import operations, views
    from clusterctl.model.retention import Kind

    flags = {"jobs": jobs, "allocations": allocations, "claims": claims, "samples": samples, "history": history}
    flags["audit"] = audit
    everything = not any(flags.values()) and not spool
    unasked = [kind for kind in flags if everything and (kind != "audit" or older_than is None)]
    kinds = [kind for kind in get_args(Kind) if flags[kind] or kind in unasked]
    with invocation(ctx).cluster() as cluster:
        rows = tell_rows(cluster, kinds, older_than)
        age = float(views.keep_logs(cluster) if older_than is None else older_than)
        before = time.time() - age
        spools = tell_spools(cluster, before) if spool or everything else {}
        if not rows and not spools:
            sys.stderr.write("nothing is that old\n")
            return
        if dry_run:
            return
        ask("Forget it for good?", given=yes)
        for each in rows:
            forget(cluster, each, reason)
        if spools:
            workers = sorted({name for names in spools.values() for name in names})
            operations.announce_prune(cluster, workers, age, reason=reason)
            empty(cluster, spools, before)


def tell_rows(cluster: Cluster, kinds: Sequence[Kind], older_than: int | None) -> list[Prunable]:
    """Say what is old enough, of each kind of which there is something."""
    from clusterctl import views

    found = views.leftovers(cluster, kinds, older_than) if kinds else []
    for each in found:
        sys.stderr.write(f"{each.rows:,} {each.kind}, the oldest of {stamp(each.oldest)}\n")
    return sorted(found, key=lambda each: kinds.index(each.kind))


def forget(cluster: Cluster, told: Prunable, reason: str) -> None:
    """Forget what was told of one kind, a bite at a time, with a bar on a terminal."""
    from clusterctl import operations
    from clusterctl.cli.display.progress import progress

    gone = 0
    with progress(f"pruning {told.kind}", told.rows) as show:
        while bite := operations.prune(cluster, told.kind, told.older_than_s, reason=reason, begun=gone > 0):
            gone += bite
            show(gone)
    sys.stderr.write(f"forgot {gone:,} {told.kind}\n")


def tell_spools(cluster: Cluster, before: float) -> dict[str, list[str]]:
    """Say how much output is old enough; the spools of this machine in which it lies, with the workers of each."""
    from clusterctl import views
    from clusterctl.output.reader import machine_id

    spools = views.spools(cluster, machine_id())
    swept = sweep(cluster, spools, before, rehearse=True)
    if swept:
        files, size = totals(swept)
        sys.stderr.write(f"{files:,} outputs in the spools of this machine, {size} on its disk\n")
    return {each.spool: spools[each.spool] for each in swept}


def empty(cluster: Cluster, spools: Iterable[str], before: float) -> None:
    """Delete what is old enough there."""
    files, size = totals(sweep(cluster, spools, before))
    sys.stderr.write(f"deleted {files:,} outputs, {size} on the disk\n")


def sweep(cluster: Cluster, spools: Iterable[str], before: float, *, rehearse: bool = False) -> list[Swept]:
    """What went, or would go: of jobs that have ended, last written to *before*."""
    from clusterctl import views
    from clusterctl.output import spool

    def standing(jobs: Collection[int]) -> list[int]:
        return views.standing(cluster, sorted(jobs))

    return spool.sweep(spools, before=before, standing=standing, rehearse=rehearse)


def totals(swept: Sequence[Swept]) -> tuple[int, str]:
    """How many files, and what they hold in short units."""
    size = sum(each.size for each in swept)
    return sum(each.files for each in swept), about_memory(max(1, round(size / MIB)))
