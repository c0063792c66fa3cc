"""``config``: every setting, its value and where that came from; and whether all of it makes sense."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Literal

import msgspec
import typer

from clusterctl.cli.completion import complete_settings
from clusterctl.cli.display import listing
from clusterctl.cli.display.listing import FormOption, LimitOption, Listing, SortOption, filter_option
from clusterctl.cli.display.table import Column
from clusterctl.cli.invocation import Invocation, invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput, ClusterError
from clusterctl.model.exits import ExitCode
from clusterctl.text import visible

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
    action: Annotated[Literal["show", "check"], typer.Argument(metavar="show|check", help="What to do.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SETTING]…", help="With show: only these.", autocompletion=complete_settings),
    ] = None,
    *,
    filter: Annotated[str | None, filter_option("-origin:default")] = None,
    sort: SortOption = "",
    limit: LimitOption = 500,
    form: FormOption = None,
) -> None:
    """Show the settings in force, or check them and what they lead to.

    $ clusterctl config show
    $ clusterctl config show lease term_grace -o wide   # with what each is for
    $ clusterctl config show --filter -origin:default   # what somebody has set
    $ clusterctl config check                           # before a daemon is started with them

    A setting `like_this` is the variable CLUSTERCTL_LIKE_THIS. What comes first wins: flags, environment,
    ./clusterctl.toml, the user's and the system's clusterctl.toml, a running `up`, defaults. Passwords are masked.
    `check` ends with 1 if a setting is wrong, and with 3 if Postgres or Redis cannot be reached.
    """
    from clusterctl import settings

    asked = invocation(ctx)
    if action == "check":
        if names or filter is not None or sort:
            raise BadInput("`check` checks all settings", "leave the names out, and --filter and --sort")
        if form:
            raise BadInput("`check` speaks in words, and by its exit code", "leave -o out")
        raise typer.Exit(check(asked))
    wanted = listing.read_filter(SETTINGS, filter)
    listing.read_sort(SETTINGS, sort)
    try:
        found = settings.origins(asked.flags)
    except ValueError as error:
        raise BadInput(str(error), "`clusterctl config check` lists all that is wrong") from None
    if strangers := [name for name in names or () if name not in settings.SETTINGS]:
        raise BadInput(f"no such setting: {strangers[0]!a:.80}", "`clusterctl config show` lists them")
    rows = [
        SettingPicture(*each, reason=settings.SETTINGS[each.name].reason)
        for each in found
        if not names or each.name in names
    ]
    listing.show_chosen(SETTINGS, rows, form, wanted=wanted, sort=sort, limit=limit)
    sys.stderr.writelines(f"warning: {visible(each)}\n" for each in settings.strangers(os.environ))


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
        except ClusterError as error:
            sys.stderr.write(f"postgres: {visible(str(error))}\nhint: {visible(asked.nowhere() or error.hint)}\n")
            return code_of(error)
    sys.stderr.write(f"postgres: up, {database.version}, schema {schema}, {visible(database.url)}\n")
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
