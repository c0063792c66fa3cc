"""Why a job is where it is, on a page: the sentence first, what would help, and then the tables."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator

from clusterctl.cli.display import colours
from clusterctl.cli.display.ages import now
from clusterctl.cli.display.card import LABEL
from clusterctl.cli.display.explanation_tables import show_tables
from clusterctl.model.explanation import Explanation
from clusterctl.text import visible
from clusterctl.wording.explanations import facts

NEW = {"batch": "job", "service": "service"}
NARROW = 60  # columns: beneath, a text stands under its label, not beside it


def show_card(told: Explanation) -> None:
    """Print all that is known."""
    colour = colours.wanted()
    title = f"job {told.job_id}" if told.job_id is not None else f"a new {NEW[told.kind]}"
    name = colours.painted(visible(f"{title}  {told.name}".rstrip(), 80), colours.BOLD, colour)
    sys.stdout.write(f"{name}  {colours.painted(told.state, colours.STATES.get(told.state), colour)}\n")
    columns = shutil.get_terminal_size().columns
    for label, text in facts(told, now()):
        if text:
            sys.stdout.writelines(f"{line}\n" for line in lines(label, visible(text), columns, colour))
    show_tables(told)


def lines(label: str, text: str, columns: int, colour: bool) -> Iterator[str]:
    """A label, and the text beside it, or beneath it where there is no room."""
    beside = columns >= NARROW
    indent = " " * (LABEL + 3 if beside else 4)
    wrapped = textwrap.wrap(text, max(columns, 20) - len(indent), break_on_hyphens=False) or [""]
    if beside:
        yield f"  {colours.painted(f'{label:{LABEL}}', colours.DIM, colour)} {wrapped.pop(0)}"
    else:
        yield f"  {colours.painted(label, colours.DIM, colour)}"
    yield from (indent + line for line in wrapped)
