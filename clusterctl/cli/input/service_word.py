"""A service, named on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterctl.cli.completion import complete_services
from clusterctl.cli.input.wishes import told


def read_word(text: str) -> str:
    """A number or a name; what selectors put before it may stand there. Raises ValueError."""
    word = text.strip().removeprefix("service:").removeprefix("array:")
    if not word:
        raise ValueError("a service is named by its number, the number of a replica, or its name")
    return word


ServiceArgument = Annotated[
    str,
    typer.Argument(
        parser=told(read_word),
        metavar="ID",
        help="Its number, that of any of its replicas, or its name.",
        autocompletion=complete_services,
    ),
]
