"""Dialogs that show something, or ask in which form: nothing is changed by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from clusterctl.tui.dialogs.box import Choice, Dialog
from clusterctl.tui.lists.export import Form
from clusterctl.tui.paint.pieces import Glyphs, Line


class PageDialog(Dialog[None]):
    """Lines, and a key that copies what they are made of."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c,y", "copy", "Copy"),
        Binding("i,q", "leave", "Close", show=False),
        Binding("g,home", "scroll(-100000)", "First", show=False),
        Binding("G,end", "scroll(100000)", "Last", show=False),
    ]
    LEAVE = "Close"

    def __init__(self, title: str, lines: Sequence[Line], glyphs: Glyphs, *, copied: str) -> None:
        super().__init__(title, glyphs)
        self._lines = list(lines)
        self._copied = copied

    def body(self, width: int) -> list[Line]:
        del width
        return self._lines

    def choices(self) -> Sequence[Choice]:
        return [Choice("esc", self.LEAVE, "leave"), Choice("c", "Copy", "copy")]

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._copied)
        self.end_with(None)


class FormDialog(Dialog[Form]):
    """Which form an export shall have."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "take('csv')", "CSV"),
        Binding("j", "take('json')", "JSON"),
    ]

    def __init__(self, title: str, lines: Sequence[Line], glyphs: Glyphs) -> None:
        super().__init__(title, glyphs)
        self._lines = list(lines)

    def body(self, width: int) -> list[Line]:
        del width
        return self._lines

    def choices(self) -> Sequence[Choice]:
        return [
            Choice("c", "CSV", "take('csv')", id="csv"),
            Choice("j", "JSON", "take('json')", id="json"),
            Choice("esc", self.LEAVE, "leave"),
        ]

    def action_take(self, form: Form) -> None:
        self.end_with(form)
