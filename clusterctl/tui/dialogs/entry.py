"""One line that somebody writes into."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label

PRINTABLE = r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*"  # what can be pasted into it
LONGEST = 500  # letters


class Entry(Horizontal):
    """A label, and room to write. Not there before somebody is asked."""

    DEFAULT_CSS = """
    Entry { height: 1; display: none; }
    Entry Label { width: auto; }
    Entry.wrong Label { color: $error; text-style: bold; }
    Entry Input { width: 1fr; border: none; padding: 0; height: 1; background: $boost; }
    """

    @dataclass
    class Changed(Message):
        """Something else stands there now."""

        entry: Entry

    @dataclass
    class Said(Message):
        """Enter was pressed."""

        entry: Entry

    def compose(self) -> ComposeResult:
        yield Label()
        entry = Input(restrict=PRINTABLE, max_length=LONGEST, compact=True)
        entry.cursor_blink = False
        yield entry

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._label = ""

    @property
    def said(self) -> str:
        """What stands there."""
        return self.query_one(Input).value

    def ask(self, label: str, value: str = "") -> None:
        """Show it, with *label*, which is safe, before it; the keys go there now."""
        self._label = label
        self.query_one(Label).update(Content(label))
        self.query_one(Input).value = value
        self.display = True
        self.query_one(Input).focus()

    def complain(self, label: str) -> None:
        """What was said will not do: say so before it, until something else stands there."""
        self.query_one(Label).update(Content(label))
        self.set_class(True, "wrong")

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self.has_class("wrong"):
            self.remove_class("wrong")
            self.query_one(Label).update(Content(self._label))
        self.post_message(self.Changed(self))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.post_message(self.Said(self))
