"""The line under a log in which somebody types what to look for, or which lines alone to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from clusterctl.text import visible
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.paint.pieces import Piece, data

Purpose = Literal["find", "only"]
SIGNS: dict[Purpose, str] = {"find": " / find ", "only": " & only lines with "}


class SearchInput(Input):
    """What is typed. Posts what its keys mean, and does nothing itself."""

    HELP_GROUP = "In a log's search line"
    BINDINGS = [
        Binding("enter", "leave(True)", "Keep it"),
        Binding("escape", "leave(False)", "Clear it"),
    ]

    @dataclass
    class Left(Message):
        """Whoever typed wants back to the log; whether what was typed is kept."""

        kept: bool

    def insert_text_at_cursor(self, text: str) -> None:
        """Also what is pasted comes this way."""
        super().insert_text_at_cursor(visible(text))

    def action_leave(self, kept: bool) -> None:
        self.post_message(self.Left(kept))


class SearchLine(Vertical):
    """Shown while somebody types. What is typed holds at once; what is no pattern is said, and the last one holds."""

    DEFAULT_CSS = """
    SearchLine { height: auto; display: none; }
    SearchLine.-shown { display: block; }
    SearchLine Horizontal { height: 1; }
    SearchLine #sign { width: auto; }
    SearchInput, SearchInput:focus { height: 1; width: 1fr; border: none; padding: 0; background: $surface; }
    """

    @dataclass
    class Typed(Message):
        """That is wanted now; nothing, if it is empty."""

        purpose: Purpose
        text: str

    class Left(Message):
        """Whoever typed wants back to the log."""

    def __init__(self) -> None:
        super().__init__()
        self.purpose: Purpose = "find"

    def compose(self) -> ComposeResult:
        yield Painted(id="search-says")
        with Horizontal():
            yield Painted(id="sign")
            field = SearchInput(select_on_focus=False)
            field.cursor_blink = False
            yield field

    def open(self, purpose: Purpose, text: str) -> None:
        """Let it be typed in, *text* to begin with."""
        self.purpose = purpose
        sign = self.query_one("#sign", Painted)
        sign.styles.width = len(SIGNS[purpose])
        sign.show([[Piece(SIGNS[purpose], "accent")]])
        self.say("")
        self.add_class("-shown")
        field = self.query_one(SearchInput)
        with self.prevent(Input.Changed):
            field.value = text
        self.screen.set_focus(field)  # at once: what is typed in one burst with the key goes there
        field.cursor_position = len(text)

    def say(self, text: str) -> None:
        """What is to be said of what is typed; nothing if it is empty."""
        self.query_one("#search-says", Painted).show([[Piece(" "), data(text, "warning")]] if text else [])

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.post_message(self.Typed(self.purpose, message.value))

    def on_search_input_left(self, message: SearchInput.Left) -> None:
        message.stop()
        if not message.kept:
            self.post_message(self.Typed(self.purpose, ""))
        self.remove_class("-shown")
        self.post_message(self.Left())
