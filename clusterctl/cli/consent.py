"""Asking a person before something is done that cannot be undone."""

from __future__ import annotations

import sys

from clusterctl.model.errors import Refused


def ask(question: str, *, given: bool) -> None:
    """Return if the answer is yes, or was *given* on the command line (``--yes``). Raises Refused otherwise."""
    if given:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused("nobody is there to be asked", "look with --dry-run, then say --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("nothing was done")
