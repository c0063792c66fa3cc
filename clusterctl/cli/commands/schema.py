"""``db``: the schema's version, and bringing it up to date."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from clusterctl.cli.invocation import invocation
from clusterctl.cli.output import listing
from clusterctl.cli.output.listing import PictureFormOption
from clusterctl.cli.verbs import Verbs

app = Verbs()


@app.verb("db")
def db(
    ctx: typer.Context,
    action: Annotated[Literal["migrate", "status"], typer.Argument(metavar="migrate|status", help="What to do.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With migrate: say which steps are missing.")] = False,
    form: PictureFormOption = "table",
) -> None:
    """Bring the database's schema up to date, or check it.

    $ clusterctl db status
    $ clusterctl db migrate

    Any number of programs may migrate at once; one does it. `status` ends with 78 if the versions differ.
    """
    from clusterctl import operations, views

    with invocation(ctx).reach() as cluster:
        if action == "status":
            version = views.check_schema(cluster)
            if form == "json":
                listing.show_plain({"schema": version})
            else:
                sys.stdout.write(f"schema {version}: what this program speaks\n")
            return
        steps = views.missing_migrations(cluster) if dry_run else operations.migrate(cluster)
    done = "would apply" if dry_run else "applied"
    for step in steps:
        sys.stderr.write(f"{done} {step}\n")
    if not steps:
        sys.stderr.write("nothing to do: the schema is at this program's version\n")
