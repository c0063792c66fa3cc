"""What a submission takes along of the place where it was made: variables, and the directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from clusterctl.cli.input.wishes import Pair
from clusterctl.model.errors import BadInput
from clusterctl.model.validity import VARIABLE
from clusterctl.text import visible

OURS = "CLUSTERCTL_"  # settings, maybe with a password, and what an outer job was told of itself
THEIRS = "SLURM_"  # what an outer job was told of itself


class Surroundings:
    """The place. It is looked at once, however many submissions are made of it."""

    def __init__(self) -> None:
        self._exported: dict[str, dict[str, str]] = {}
        self._directories: dict[str | None, str] = {}

    def environment(self, export: str, given: Sequence[Pair], *, hush: bool = False) -> dict[str, str]:
        """The variables that go along. *export*: ``NONE``, ``ALL`` of here but what is ours, names; *given* wins.

        What was named and cannot go is said on stderr, unless *hush*.
        """
        if export not in self._exported:
            self._exported[export] = exported(export, hush)
        return {**self._exported[export], **dict(given)}

    def directory(self, wanted: str | None) -> str:
        """As ``working_directory`` tells it."""
        if wanted not in self._directories:
            self._directories[wanted] = working_directory(wanted)
        return self._directories[wanted]


def exported(export: str, hush: bool) -> dict[str, str]:
    """The variables of here that *export* means."""
    words = [word for word in (part.strip() for part in export.split(",")) if word and word != "NONE"]
    names = {name for name in os.environ if not name.startswith((OURS, THEIRS))} if "ALL" in words else set()
    names.update(word for word in words if word != "ALL")
    fit = {name: os.environ[name] for name in sorted(names) if name in os.environ and can_go(name)}
    if (left := sorted(names - fit.keys())) and not hush:
        sys.stderr.write(f"not exported, since not set here or not text: {visible(', '.join(left))}\n")
    return fit


def can_go(name: str) -> bool:
    """Whether a variable of here has a plain name and is UTF-8; what is not is held as lone surrogates."""
    plain = VARIABLE.fullmatch(name) is not None
    return plain and not any("\ud800" <= letter <= "\udfff" for letter in os.environ[name])


def working_directory(wanted: str | None) -> str:
    """An absolute path: where the job runs. Raises BadInput if here no longer exists."""
    try:
        return os.path.abspath(wanted or ".")
    except OSError:  # a relative path, and no directory that it would be relative to
        raise BadInput("the current directory no longer exists", "go elsewhere, or give --cwd") from None
