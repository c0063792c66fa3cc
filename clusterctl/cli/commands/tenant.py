"""``tenant``: one tenant, and what it is granted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterctl import units
from clusterctl.cli.completion import complete_tenants
from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import PictureFormOption
from clusterctl.cli.input import wishes
from clusterctl.cli.input.consent import DryRunOption, ReasonOption
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput
from clusterctl.model.tenants import WORDS, check_weight
from clusterctl.model.validity import MAX_INT
from clusterctl.text import visible

if TYPE_CHECKING:
    from clusterctl.model.tenants import Grant, GrantChange, Granted

app = Verbs()
GRANTS = "What it is granted"


def cpus(text: str) -> int:
    """As ``units.parse_cpus``, and none at all."""
    return 0 if text.strip() == "0" else units.parse_cpus(text)


def weigh(text: str) -> float:
    """A weight. Refused here, for on its way to the door what is no number would be nothing at all."""
    try:
        weight = float(text)
    except ValueError:
        raise ValueError(f"{text!a:.40} is not a number") from None
    check_weight(weight)
    return weight


def granted(text: str, *flags: str, **more: Any) -> Any:
    """An option of what is granted."""
    return typer.Option(*flags, help=text, rich_help_panel=GRANTS, show_default=False, **more)


@app.verb()
def tenant(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Which.", parser=wishes.told(wishes.tenant), autocompletion=complete_tenants
        ),
    ],
    *,
    weight: Annotated[
        float | None,
        granted("With 2 it may have twice the share of others.", "--weight", metavar="N", parser=wishes.told(weigh)),
    ] = None,
    max_cpus: Annotated[
        int | None,
        granted("CPUs that its jobs hold at once.", "--max-cpus", metavar="N", parser=wishes.told(cpus)),
    ] = None,
    max_running: Annotated[
        int | None, granted("Jobs that hold a worker at once.", "--max-running", metavar="N", min=0, max=MAX_INT)
    ] = None,
    max_pending: Annotated[
        int | None,
        granted(
            "Jobs that wait at once; a submit of more is refused.", "--max-pending", metavar="N", min=0, max=MAX_INT
        ),
    ] = None,
    no_max_cpus: Annotated[bool, granted("No bound to that.", "--no-max-cpus")] = False,
    no_max_running: Annotated[bool, granted("No bound to that.", "--no-max-running")] = False,
    no_max_pending: Annotated[bool, granted("No bound to that.", "--no-max-pending")] = False,
    form: PictureFormOption = "table",
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Show one tenant, its share, its quotas and how it is served; or grant it more, or less.

    $ clusterctl tenant sim
    $ clusterctl tenant sim --weight 2 --reason "they paid for half of it"
    $ clusterctl tenant sim --max-cpus 40 --max-running 100 --max-pending 10000
    $ clusterctl tenant sim --no-max-cpus

    Jobs beyond a bound wait as `tenant_quota`; those beyond --max-pending are refused at submit. Nothing that runs is
    stopped, and nothing that waits is thrown out. Without any such option it is shown.
    """
    from clusterctl import operations, views
    from clusterctl.model.tenants import GrantChange

    lifted = {"max_cpu_milli": no_max_cpus, "max_running": no_max_running, "max_pending": no_max_pending}
    change = GrantChange(
        weight=weight,
        max_cpu_milli=max_cpus,
        max_running=max_running,
        max_pending=max_pending,
        unbound=tuple(each for each, off in lifted.items() if off),
    )
    refuse_both(change)
    if change != GrantChange():
        with invocation(ctx).cluster() as cluster:
            tell(operations.grant(cluster, name, change, reason=reason, dry_run=dry_run), change, dry_run=dry_run)
        return
    if reason or dry_run:
        raise BadInput("nothing is changed", "say what to grant: `clusterctl tenant NAME --weight 2`")
    with invocation(ctx).cluster() as cluster:
        found = views.tenant(cluster, name)
    if form == "json":
        listing.show_plain(found)
        return
    from clusterctl.cli.display.tenant_card import show_card

    show_card(found)


def refuse_both(change: GrantChange) -> None:
    """Raise BadInput for a bound that is set and taken away."""
    for field in change.unbound:
        if getattr(change, field) is not None:
            flag = WORDS[field].lower().replace(" ", "-")
            raise BadInput(f"--{flag} does not go with --no-{flag}", "say one of the two")


def tell(done: Granted, change: GrantChange, *, dry_run: bool) -> None:
    """Say what is granted now, or would be, of all that was asked for."""
    would = "would be" if dry_run else "is"
    asked = {name for name in WORDS if getattr(change, name) is not None} | set(change.unbound)
    for field, word in WORDS.items():
        if field not in asked:
            continue
        before, after = spelled(done.before, field), spelled(done.after, field)
        fate = f"{would} {after}; it was {before}" if before != after else f"is {after} already"
        sys.stderr.write(f"tenant {visible(done.tenant)}: {word} {fate}\n")


def spelled(grant: Grant, field: str) -> str:
    """One part of it as people write it."""
    value = getattr(grant, field)
    if value is None:
        return "without bound"
    return units.format_cpus(value) if field == "max_cpu_milli" else f"{value:g}"
