"""``doctor``: what is wrong, how one knows, and what puts it right."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_targets
from clusterctl.cli.display import listing, mends
from clusterctl.cli.display.listing import FormOption, LimitOption, SortOption, filter_option
from clusterctl.cli.input.consent import DryRunOption, ReasonOption, YesOption, ask
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, Refused
from clusterctl.model.exits import ExitCode
from clusterctl.text import masked, visible

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.findings import Examination, Finding

app = Verbs()
LONGEST_LINE = 600  # cells
TargetsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TARGET…]",
        help="job:42, service:web, allocation:7, worker:w1, cluster, or the code of a finding; all without.",
        autocompletion=complete_targets,
    ),
]


@app.verb()
def doctor(
    ctx: typer.Context,
    targets: TargetsArgument = None,
    *,
    fix_stuck: Annotated[
        bool, typer.Option("--fix-stuck", help="Mend what holds resources or jobs for no reason.")
    ] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend all that can be mended.")] = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = "",
    yes: YesOption = False,
    filter: Annotated[str | None, filter_option("severity:critical,warning", "code:worker* age>10m")] = None,
    sort: SortOption = "",
    limit: LimitOption = 500,
    form: FormOption = None,
) -> None:
    """Find what is wrong with the cluster, say how one knows, and mend it.

    $ clusterctl doctor                        # look at everything
    $ clusterctl doctor worker:w1 -o json      # what concerns one worker
    $ clusterctl doctor --filter 'severity:critical,warning age>10m' --sort since
    $ clusterctl doctor --fix-stuck --dry-run  # what would be done, and at what risk
    $ clusterctl doctor --fix-stuck job:42
    $ clusterctl doctor --fix reserved_expired cache_drift --yes --reason "after the restore"

    A mend is applied only if everything still is as it was found; else it says so, and changes nothing. None can make
    a job run twice. With Postgres or Redis down, what can be looked at is, and the rest is named. With --filter and
    --limit, what is not shown is not mended.

    Ends with 0 if all is well, 1 with findings, 3 if something could not be looked at. With --fix or --fix-stuck: 0 if
    all was mended, 5 if some was, 1 if none was.
    """
    from clusterctl import views

    words = targets or []
    if dry_run and not (fix or fix_stuck):
        raise BadInput("--dry-run shows the plan of a mend", "add --fix or --fix-stuck; without them nothing changes")
    wanted = listing.read_filter(mends.FINDINGS, filter)
    listing.read_sort(mends.FINDINGS, sort)
    with invocation(ctx).reach() as cluster:
        found = views.findings(cluster, words)
        tell_limits(found)
        all_chosen = listing.chosen(mends.FINDINGS, found.findings, wanted=wanted, sort=sort)
        if not (fix or fix_stuck):
            mends.show_findings(all_chosen[:limit], form, whole=not found.unchecked, more=len(all_chosen) - limit)
            advise(all_chosen)
            raise typer.Exit(verdict(found, all_chosen))
        mendable = [finding for finding in all_chosen if fix or finding.stuck]
        chosen = mendable[:limit]
        if not chosen and words and not found.unchecked:
            raise Refused(f"nothing is to be mended for {' '.join(words)}", "`clusterctl doctor` shows all findings")
        mends.show_plan(chosen, form, whole=not found.unchecked)
        listing.tell_more(len(mendable) - limit)
        if dry_run or not any(finding.fix.available for finding in chosen):
            mends.show_outcomes(chosen, [], form)
            raise typer.Exit(verdict(found, chosen))
        code = apply(cluster, chosen, reason=reason, yes=yes, form=form)
    raise typer.Exit(ExitCode.UNREACHABLE if code is ExitCode.DONE and found.unchecked else code)


def apply(
    cluster: Cluster, chosen: Sequence[Finding], *, reason: str, yes: bool, form: listing.Form | None
) -> ExitCode:
    """Ask, mend, and say what became of each."""
    from clusterctl import operations, views

    count = sum(finding.fix.available for finding in chosen)
    ask(f"Mend {'this' if count == 1 else f'these {count}'}?", given=yes)
    outcomes = operations.mend(cluster, chosen, reason=reason)
    mends.show_outcomes(chosen, outcomes, form)
    undone = [finding for finding, mended in zip(chosen, outcomes, strict=True) if mended.fate != "done"]
    left = views.findings_left(cluster, undone)
    if left:
        sys.stderr.write(f"{len(left)} of {len(chosen)} are left\n")
        return ExitCode.PARTLY if len(left) < len(chosen) else ExitCode.FAILED
    return ExitCode.DONE


def verdict(found: Examination, findings: Sequence[Finding]) -> ExitCode:
    """What the program's end says of a look."""
    if found.unchecked:
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if findings else ExitCode.DONE


def tell_limits(found: Examination) -> None:
    """What was not looked at, and why."""
    by_reason: dict[str, list[str]] = {}
    for each in found.unchecked:
        by_reason.setdefault(each.reason, []).append(each.code)
    for reason, codes in by_reason.items():
        sys.stderr.write(f"not checked: {visible(masked(reason), LONGEST_LINE)}: {', '.join(codes)}\n")
    for note in found.notes:
        sys.stderr.write(f"{visible(note, LONGEST_LINE)}\n")
    sys.stderr.flush()


def advise(findings: Sequence[Finding]) -> None:
    """What to type next."""
    mendable = [finding for finding in findings if finding.fix.available]
    if mendable:
        option = "--fix-stuck" if all(finding.stuck for finding in mendable) else "--fix"
        some = "all of it" if len(mendable) == len(findings) else f"{len(mendable)} of {len(findings)}"
        sys.stderr.write(f"hint: `clusterctl doctor {option}` mends {some}; --dry-run shows how\n")
