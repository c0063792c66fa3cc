"""Painted lines as text."""

from __future__ import annotations

from collections.abc import Iterable

from clusterctl.text import cells
from clusterctl.tui.paint.pieces import Line, Sight
from tests.console.top.stage import NOW

SIGHT = Sight(at=NOW)


def text_of(line: Line) -> str:
    """One line."""
    return "".join(piece.text for piece in line)


def page_of(lines: Iterable[Line]) -> str:
    """All of them, without blanks at their ends."""
    return "\n".join(text_of(line).rstrip() for line in lines)


def widest(lines: Iterable[Line]) -> int:
    """Cells of the longest."""
    return max((cells(text_of(line)) for line in lines), default=0)
