"""What commands about workers share: their names, and how a change is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterctl.cli.completion import complete_workers

NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME…", help="Which.", autocompletion=complete_workers)]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Kept with who did it.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
