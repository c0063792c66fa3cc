"""``config``: every setting, its value and where that came from; whether all makes sense; and steering placement."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from clusterctl.cli.completion import complete_settings
from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import Form, FormOption, LimitOption, Listing, SortOption, filter_option
from clusterctl.cli.display.table import Column
from clusterctl.cli.input.consent import DryRunOption, ReasonOption
from clusterctl.cli.invocation import Invocation, invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, ClusterError
from clusterctl.model.exits import ExitCode
from clusterctl.text import visible

if TYPE_CHECKING:
    from clusterctl.model.steering import Steered
    from clusterctl.settings import Origin

app = Verbs()


class SettingPicture(msgspec.Struct, frozen=True):
    """A setting. ``value`` as it would be written, ``reason``: what it is for."""

    name: str
    value: str
    origin: str
    reason: str


@app.verb()
def config(
    ctx: typer.Context,
    action: Annotated[
        Literal["show", "check", "set", "unset"], typer.Argument(metavar="show|check|set|unset", help="What to do.")
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SETTING]… [VALUE]",
            help="With show: only these; with set: one, and its value.",
            autocompletion=complete_settings,
        ),
    ] = None,
    *,
    filter: Annotated[str | None, filter_option("-origin:default")] = None,
    sort: SortOption = "",
    limit: LimitOption = 500,
    form: FormOption = None,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Show the settings in force, check them, or set those of placement for the running cluster.

    $ clusterctl config show
    $ clusterctl config show lease term_grace -o wide   # with what each is for
    $ clusterctl config show --filter -origin:default   # what somebody has set
    $ clusterctl config check                           # before a daemon is started with them
    $ clusterctl config set batch_placement spread --reason "hot machines"
    $ clusterctl config unset batch_placement

    A setting `like_this` is the variable CLUSTERCTL_LIKE_THIS. What comes first wins: flags, environment,
    ./clusterctl.toml, the user's and the system's clusterctl.toml, a running `up`, defaults. Passwords are masked.
    `check` ends with 1 if a setting is wrong, and with 3 if Postgres or Redis cannot be reached.

    `set` is for the settings of placement. It wins over all of these for whoever leads, from the next round on, and is
    kept in Postgres; `unset` lets schedd's own setting hold again.
    """
    asked, named = invocation(ctx), words or []
    if action != "show" and (filter is not None or sort or form):
        raise BadInput(f"`config {action}` lists nothing", "leave --filter, --sort and -o out")
    if action in ("show", "check") and (reason or dry_run):
        raise BadInput(f"`config {action}` changes nothing", "leave --reason and --dry-run out")
    if action == "check":
        if named:
            raise BadInput("`check` checks all settings", "leave the names out")
        raise typer.Exit(check(asked))
    if action == "show":
        show(asked, named, filter, sort, limit=limit, form=form)
    else:
        steer(asked, action, named, reason, dry_run=dry_run)


def show(
    asked: Invocation, names: Sequence[str], filter: str | None, sort: str, *, limit: int, form: Form | None
) -> None:
    """Print those of *names*, or all: what the cluster has been told stands before what this process was told."""
    from clusterctl import settings

    wanted = listing.read_filter(SETTINGS, filter)
    listing.read_sort(SETTINGS, sort)
    try:
        found = settings.origins(asked.flags)
    except ValueError as error:
        raise BadInput(str(error), "`clusterctl config check` lists all that is wrong") from None
    if strangers := [name for name in names if name not in settings.SETTINGS]:
        raise BadInput(f"no such setting: {strangers[0]!a:.80}", "`clusterctl config show` lists them")
    chosen = [each for each in found if not names or each.name in names]
    ruled = rulings(asked, [each.name for each in chosen])
    rows = [SettingPicture(*ruled.get(each.name, each), reason=settings.SETTINGS[each.name].reason) for each in chosen]
    listing.show_chosen(SETTINGS, rows, form, wanted=wanted, sort=sort, limit=limit)
    sys.stderr.writelines(f"warning: {visible(each)}\n" for each in settings.strangers(os.environ))


def rulings(asked: Invocation, names: Sequence[str]) -> dict[str, Origin]:
    """What operators have set of these for the whole cluster; says so on stderr if nobody can tell."""
    from clusterctl import views
    from clusterctl.model.steering import STEERABLE
    from clusterctl.settings import Origin

    if not set(names) & set(STEERABLE):
        return {}
    try:
        with asked.reach() as cluster:
            said = [each for each in views.rulings(cluster) if each.readable]
    except ClusterError as error:
        sys.stderr.write(f"what was set for the running cluster is not known: {visible(str(error))}\n")
        return {}
    return {each.name: Origin(each.name, each.value, f"cluster (set by {each.set_by})") for each in said}


def steer(asked: Invocation, action: str, words: Sequence[str], reason: str, *, dry_run: bool) -> None:
    """Set a setting for the running cluster, or unset some, and say of each whether that is new."""
    from clusterctl import operations

    if action == "set" and len(words) != 2:
        raise BadInput("one setting is wanted, and its value", "`clusterctl config set batch_placement spread`")
    if not words:
        raise BadInput("no setting was named", "`clusterctl config unset batch_placement`")
    with asked.cluster() as cluster:
        if action == "set":
            done = [operations.steer(cluster, words[0], words[1], reason=reason, dry_run=dry_run)]
        else:
            done = [operations.unsteer(cluster, name, reason=reason, dry_run=dry_run) for name in words]
    for each in done:
        sys.stderr.write(f"{visible(sentence(each, action, dry_run=dry_run))}\n")


def sentence(steered: Steered, action: str, *, dry_run: bool) -> str:
    """What became of a setting, or would."""
    name, before, after = steered.name, steered.before, steered.after
    if action == "unset" and not steered.ruled:
        return f"{name} was not set for the cluster: it is {after}, schedd's own setting"
    if action == "set" and steered.ruled and before == after:
        return f"{name} is {after} already"
    verb = "would be" if dry_run else "is"
    own = ", schedd's own setting" if action == "unset" else " for the whole cluster"
    was = f", as it was by {'an operator' if steered.ruled else 'schedd'}" if before == after else f"; it was {before}"
    return f"{name} {verb} {after}{own}{was}"


def check(asked: Invocation) -> ExitCode:
    """Say all that is wrong with the settings; if nothing is, whether they lead to a cluster."""
    from clusterctl import settings

    problems = settings.problems(asked.flags)
    sys.stderr.writelines(f"{visible(problem)}\n" for problem in problems)
    sys.stderr.writelines(f"warning: {visible(each)}\n" for each in settings.indiscretions(asked.flags))
    if problems:
        return ExitCode.FAILED
    sys.stderr.write("all settings are sound\n")
    return reachable(asked)


def reachable(asked: Invocation) -> ExitCode:
    """Say whether Redis and Postgres are there, and whether the schema is ours."""
    from clusterctl import views
    from clusterctl.model.exits import code_of

    with asked.reach() as cluster:
        redis = views.redis_picture(cluster)
        missed = redis.url != "none" and not redis.up
        sys.stderr.write(f"redis: {'none is wanted' if redis.url == 'none' else visible(redis.trouble or 'up')}\n")
        try:
            schema, database = views.check_schema(cluster), views.database(cluster)
            said = views.rulings(cluster)
        except ClusterError as error:
            sys.stderr.write(f"postgres: {visible(str(error))}\nhint: {visible(asked.nowhere() or error.hint)}\n")
            return code_of(error)
    sys.stderr.write(f"postgres: up, {database.version}, schema {schema}, {visible(database.url)}\n")
    for each in said:
        meant = "" if each.readable else ", which cannot be understood and is ignored: `clusterctl config unset` it"
        sys.stderr.write(visible(f"set for the cluster by {each.set_by}: {each.name} = {each.value}{meant}") + "\n")
    return ExitCode.UNREACHABLE if missed else ExitCode.DONE


COLUMNS: list[Column[SettingPicture]] = [
    Column("SETTING", lambda row: row.name),
    Column("VALUE", lambda row: row.value or "-", least=16),
    Column("FROM", lambda row: row.origin, least=12),
    Column("WHAT FOR", lambda row: row.reason, wide=True),
]
SETTINGS: Listing[SettingPicture] = Listing(
    "settings", COLUMNS, listing.plain_of, "name value origin reason", "name", SettingPicture
)
