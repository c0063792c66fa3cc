"""Asking a person before something is done that cannot be undone."""

from __future__ import annotations

import sys

import typer

from clusterctl.model.errors import Refused
from clusterctl.model.exits import ExitCode


def ask(question: str, *, given: bool) -> None:
    """Return if the answer is yes, or was *given* on the command line (``--yes``). Raises Exit or Refused otherwise."""
    if given:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused("nobody is there to be asked", "look with --dry-run, then say --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        sys.stderr.write("nothing was done\n")
        raise typer.Exit(ExitCode.REFUSED)
