"""``db``: the schema's version, bringing it up to date, and how large the database has become."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clusterctl.cli.display import card, listing, table
from clusterctl.cli.display.listing import PictureForm, PictureFormOption
from clusterctl.cli.display.table import Cell, Column
from clusterctl.cli.input.consent import DryRunOption
from clusterctl.cli.invocation import invocation
from clusterctl.cli.verbs import Verbs
from clusterctl.model.database import SchemaPicture, TablePicture
from clusterctl.model.exits import ExitCode
from clusterctl.units import about_memory, format_age

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster

app = Verbs()
MIB = 1024 * 1024


@app.verb("db")
def db(
    ctx: typer.Context,
    action: Annotated[Literal["migrate", "status"], typer.Argument(metavar="migrate|status", help="What to do.")],
    dry_run: DryRunOption = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="With migrate: kept with who did it.")] = "",
    form: PictureFormOption = "table",
) -> None:
    """Bring the database's schema up to date, or show how it stands.

    $ clusterctl db status             # version, size, connections
    $ clusterctl db migrate --dry-run  # what would be done
    $ clusterctl db migrate

    Any number of programs may migrate at once; one does it. `status` ends with 78 if steps are missing.
    """
    from clusterctl import operations, views

    with invocation(ctx).reach() as cluster:
        if action == "status":
            show_status(cluster, form)
            return
        steps = views.missing_migrations(cluster) if dry_run else operations.migrate(cluster, reason=reason)
    done = "would apply" if dry_run else "applied"
    for step in steps:
        sys.stderr.write(f"{done} {step}\n")
    if not steps:
        sys.stderr.write("nothing to do: the schema is at this program's version\n")


def show_status(cluster: Cluster, form: PictureForm) -> None:
    """Print how the database stands. Exits with SCHEMA if it lacks steps."""
    from clusterctl import views

    found = views.database(cluster)
    if form == "json":
        listing.show_plain(found)
    else:
        state = Cell("lacks steps" if found.missing else "what this program speaks")
        card.draw(f"schema {found.schema}", state, facts(found))
        if found.tables:
            sys.stdout.write("\n")
            table.draw(COLUMNS, found.tables)
    if found.missing:
        sys.stdout.flush()
        sys.stderr.write(f"hint: `clusterctl db migrate` applies {', '.join(found.missing)}\n")
        raise typer.Exit(ExitCode.SCHEMA)


def facts(found: SchemaPicture) -> Iterator[tuple[str, str]]:
    """Labels, and what stands beside them."""
    yield "postgres", f"{found.version}  {found.url}"
    yield "size", size(found.size)
    oldest = found.oldest_transaction_s
    busy = f"; the oldest transaction is open for {format_age(oldest)}" if oldest else ""
    yield "connections", f"{found.connections} of {found.most_connections}{busy}"


def size(of: int) -> str:
    """Bytes in short units."""
    return about_memory(max(1, round(of / MIB))) if of else "0"


COLUMNS: list[Column[TablePicture]] = [
    Column("TABLE", lambda table: table.name, least=8),
    Column("ROWS", lambda table: f"{table.rows:,}", right=True),
    Column("DEAD", lambda table: f"{table.dead_rows:,}", right=True, spare=True),
    Column("SIZE", lambda table: size(table.size), right=True),
    Column("INDEXES", lambda table: size(table.index_size), right=True),
]
