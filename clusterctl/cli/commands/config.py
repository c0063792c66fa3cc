"""``config``: every setting, its value and where that came from."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, Literal

import typer

from clusterctl.cli.invocation import invocation
from clusterctl.cli.output import listing
from clusterctl.cli.output.listing import FormOption, Listing
from clusterctl.cli.output.table import Column
from clusterctl.cli.verbs import Verbs
from clusterctl.model.errors import BadInput
from clusterctl.model.exits import ExitCode
from clusterctl.text import visible

app = Verbs()


@app.verb()
def config(
    ctx: typer.Context,
    action: Annotated[Literal["show", "check"], typer.Argument(metavar="show|check", help="What to do.")],
    form: FormOption = None,
) -> None:
    """Show the settings in force, or check them.

    $ clusterctl config show
    $ clusterctl config show -o wide   # with what each is for
    $ clusterctl config check

    A setting `like_this` is the variable CLUSTERCTL_LIKE_THIS. What comes first wins: flags, environment,
    ./clusterctl.toml, the user's and the system's clusterctl.toml, a running `up`, defaults. Passwords are masked.
    """
    from clusterctl import settings

    flags = invocation(ctx).flags
    if action == "check":
        problems = settings.problems(flags)
        sys.stderr.writelines(f"{visible(problem)}\n" for problem in problems or ["all settings are sound"])
        raise typer.Exit(ExitCode.FAILED if problems else ExitCode.DONE)
    try:
        found = settings.origins(flags)
    except ValueError as error:
        raise BadInput(str(error), "`clusterctl config check` lists all that is wrong") from None
    rows = [{**each._asdict(), "reason": settings.SETTINGS[each.name].reason} for each in found]
    listing.show(SETTINGS, rows, form)
    sys.stderr.writelines(f"warning: {visible(each)}\n" for each in settings.strangers(os.environ))


COLUMNS: list[Column[dict[str, Any]]] = [
    Column("SETTING", lambda row: row["name"]),
    Column("VALUE", lambda row: row["value"] or "-", least=16),
    Column("FROM", lambda row: row["origin"], least=12),
    Column("WHAT FOR", lambda row: row["reason"], wide=True),
]
SETTINGS: Listing[dict[str, Any]] = Listing("settings", COLUMNS, dict, "name value origin reason", "name")
