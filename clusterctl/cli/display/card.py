"""One thing on a page: a title with its state, and labels with what stands beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from clusterctl.cli.display import colours
from clusterctl.cli.display.table import Cell
from clusterctl.text import visible

LABEL = 11  # cells of the left column


def draw(title: str, state: Cell, facts: Iterable[tuple[str, str]]) -> None:
    """Print it; a label beside which nothing stands is left out."""
    colour = colours.wanted()
    name = colours.painted(visible(title, 80), colours.BOLD, colour)
    sys.stdout.write(f"{name}  {colours.painted(state.text, state.sgr, colour)}\n")
    for label, text in facts:
        if text:
            sys.stdout.write(f"  {colours.painted(f'{label:{LABEL}}', colours.DIM, colour)} {visible(text)}\n")
