"""A list among others on one screen: its title stands in a rule, and the cursor walks out of it into the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual.message import Message

from clusterctl.model.looks import Page
from clusterctl.text import cells
from clusterctl.tui.paint.pieces import Line, Piece, Sight
from clusterctl.tui.painters.ruled import rule
from clusterctl.tui.table.columns import Column
from clusterctl.tui.table.drawing import Cell, Drawn
from clusterctl.tui.table.table import Table


class Section(Table):
    """``titled``: whether what its columns are called is told. ``is_current``: whether the cursor was here last."""

    @dataclass
    class Left(Message):
        """The cursor wants to go on beyond the last row (1), or before the first (-1)."""

        section: Section
        way: int

    def __init__(self, columns: Sequence[Column[Any]], *, id: str, titled: bool = False, follow: bool = False) -> None:
        super().__init__(columns, id=id, follow=follow)
        self.titled = titled
        self.heading: Line = ()
        self.aside: Line = ()
        self.is_current = self.is_visited = False

    def draw(self, width: int, height: int) -> Sequence[Drawn]:
        lines = list(super().draw(width, height))
        if not self.titled:
            lines[0] = ruled(self, width)
        return lines if self.is_current else [without_cursor(line) for line in lines]

    def show_page(self, page: Page[Any], sight: Sight, *, keep_order: bool = False, asked: object = None) -> None:
        super().show_page(page, sight, keep_order=keep_order, asked=asked)
        if not self.is_visited:  # nobody has put the cursor anywhere yet: it is on what is most urgent
            self.model.go(0)

    def on_focus(self) -> None:
        self.is_visited = True
        super().on_focus()

    def action_move(self, by: int) -> None:
        at, last = self.model.at(), len(self.model.keys) - 1
        if abs(by) == 1 and not 0 <= at + by <= last:
            self.post_message(self.Left(self, by))
        else:
            super().action_move(by)


def ruled(section: Section, width: int) -> Drawn:
    """Its title, as a line across."""
    line = tuple(rule(section.heading, width, section.sight.glyphs, section.aside))
    return Drawn((Cell(0, width, line),))


def without_cursor(line: Drawn) -> Drawn:
    """A row as the cursor leaves it."""
    if not line.bar or not line.cells:
        return line
    first, *others = line.cells
    text = "".join(piece.text for piece in first.pieces)
    blank = Cell(first.x, first.width, (Piece(" " + text[1:] if cells(text) == first.width else text, "accent"),))
    return line._replace(cells=(blank, *others), bar="")
