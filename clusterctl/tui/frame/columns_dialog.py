"""Which columns a list has, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from clusterctl.tui.dialogs.box import Choice, Dialog
from clusterctl.tui.dialogs.sheet import Sheet
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, Tone
from clusterctl.tui.table.columns import Column

Keys = tuple[str, ...]


class ColumnsDialog(Dialog[Keys]):
    """Ends with the keys of those that shall be shown, in their order. One at least."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "Keep"),
        Binding("space", "switch", "Show or hide"),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("J,shift+down", "shift(1)", "Further right", show=False),
        Binding("K,shift+up", "shift(-1)", "Further left", show=False),
        Binding("C", "leave", "Leave it", show=False),
    ]
    AUTO_FOCUS = ""  # enter is the list's

    def __init__(self, columns: Sequence[Column[Any]], shown: Sequence[str], glyphs: Glyphs) -> None:
        super().__init__("Columns", glyphs)
        self.titles = {column.key: column.title for column in columns}
        self.order = [*shown, *(key for key in self.titles if key not in shown)]
        self.shown = set(shown)
        self.cursor = 0

    def choices(self) -> Sequence[Choice]:
        return [
            Choice("↵" if self.glyphs.enter == "↵" else "enter", "Keep", "keep"),
            Choice("space", "Show or hide", "switch"),
            Choice("J K", "Move", "shift(1)", id="shift"),
            Choice("esc", self.LEAVE, "leave"),
        ]

    def body(self, width: int) -> list[Line]:
        del width
        return [self.line(at, key) for at, key in enumerate(self.order)]

    def line(self, at: int, key: str) -> Line:
        """One column."""
        here = at == self.cursor
        box = f"[{'x' if key in self.shown else ' '}] "
        tone: Tone = "title" if here else "plain" if key in self.shown else "dim"
        return [Piece(self.glyphs.cursor if here else " ", "accent"), Piece(box), Piece(self.titles[key] or key, tone)]

    def action_move(self, by: int) -> None:
        self.cursor = min(max(self.cursor + by, 0), len(self.order) - 1)
        self.redraw()

    def action_shift(self, by: int) -> None:
        """Take the column along."""
        to = min(max(self.cursor + by, 0), len(self.order) - 1)
        self.order.insert(to, self.order.pop(self.cursor))
        self.cursor = to
        self.redraw()

    def action_switch(self) -> None:
        key = self.order[self.cursor]
        if self.shown != {key}:
            self.shown ^= {key}
        self.redraw()

    def action_keep(self) -> None:
        self.end_with(tuple(key for key in self.order if key in self.shown))

    def on_sheet_clicked(self, message: Sheet.Clicked) -> None:
        message.stop()
        if message.at < len(self.order):
            self.cursor = message.at
            self.action_switch()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.redraw()

    def redraw(self) -> None:
        """Something has changed."""
        self.draw()
        self.query_one(Sheet).bring_into_sight(self.cursor)
