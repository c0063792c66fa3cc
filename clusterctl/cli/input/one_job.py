"""One job, named by an option: a listing of what concerns it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from clusterctl.cli.completion import complete_jobs
from clusterctl.cli.input.wishes import told
from clusterctl.units import HIGHEST_JOB

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster


def read_one(text: str) -> str:
    """A number, or ``last``. Raises ValueError."""
    word = text.strip()
    if word != "last" and not (re.fullmatch("[0-9]{1,19}", word) and 0 < int(word) <= HIGHEST_JOB):
        raise ValueError(f"{text!a} does not name one job: write its number, or last")
    return word


OneJobOption = Annotated[
    str | None,
    typer.Option(
        "--job", parser=told(read_one), metavar="ID", help="What concerns this job.", autocompletion=complete_jobs
    ),
]


def number_of(cluster: Cluster, word: str | None) -> int | None:
    """The number that *word* means; whether there is such a job is not asked. Raises NotFound for ``last`` of none."""
    from clusterctl import views

    if word is None:
        return None
    return views.last_id(cluster) if word == "last" else int(word)
