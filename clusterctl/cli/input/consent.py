"""How a change is asked for: with a reason, only to see what it would be, and with a question before much is done."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clusterctl.model.errors import Refused
from clusterctl.model.exits import ExitCode

ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with who did it.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def ask(question: str, *, given: bool) -> None:
    """Return if the answer is yes, or was *given* on the command line (``--yes``). Raises Exit or Refused otherwise."""
    if given:
        return
    if not somebody_is_there():
        raise Refused("nobody is there to be asked", "look with --dry-run, then say --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        sys.stderr.write("nothing was done\n")
        raise typer.Exit(ExitCode.REFUSED)


def somebody_is_there() -> bool:
    """Whether a person sits at both ends: one who is asked, and can answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
