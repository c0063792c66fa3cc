"""What commands about workers share: how they are named."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterctl.cli.completion import complete_workers

NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME…", help="Which.", autocompletion=complete_workers)]
OneWorkerOption = Annotated[
    str | None,
    typer.Option("--worker", metavar="NAME", help="What concerns this worker.", autocompletion=complete_workers),
]
