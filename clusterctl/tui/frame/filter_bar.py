"""The line in which a filter is typed: it holds while one types, and what makes no sense is said at once."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from clusterctl.text import cells, visible
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.lists.shape import Shape
from clusterctl.tui.paint.pieces import Line, Piece, data
from clusterctl.tui.painters.ruled import wrapped

LEAST_TYPED = 24  # cells that what is typed always has
MOST_TOLD = 2  # lines of what is wrong with it


class FilterInput(Input):
    """What is typed. Posts what its keys mean, and does nothing itself."""

    HELP_GROUP = "In the filter line"
    BINDINGS = [
        Binding("enter", "keep", "Keep"),
        Binding("escape", "drop", "Clear"),
        Binding("tab", "complete", "Finish a name"),
        Binding("up", "recall(-1)", "Earlier"),
        Binding("down", "recall(1)", "Later"),
    ]

    @dataclass
    class Pressed(Message):
        """One of its keys."""

        what: str
        by: int = 0

    def insert_text_at_cursor(self, text: str) -> None:
        """Also what is pasted comes this way."""
        super().insert_text_at_cursor(visible(text))

    def action_keep(self) -> None:
        self.post_message(self.Pressed("keep"))

    def action_drop(self) -> None:
        self.post_message(self.Pressed("drop"))

    def action_complete(self) -> None:
        self.post_message(self.Pressed("complete"))

    def action_recall(self, by: int) -> None:
        self.post_message(self.Pressed("recall", by))


class FilterBar(Vertical):
    """Shown while a filter is typed, or one holds. Changes the ``shape`` that it is given, and tells of it."""

    DEFAULT_CSS = """
    FilterBar { height: auto; display: none; }
    FilterBar.-shown { display: block; }
    FilterBar Horizontal { height: 1; }
    FilterBar #slash { width: 2; }
    FilterBar #count { width: auto; }
    FilterInput, FilterInput:focus { height: 1; width: 1fr; border: none; padding: 0; background: $surface; }
    """

    @dataclass
    class Changed(Message):
        """Another filter holds now, or none."""

        shape: Shape

    class Left(Message):
        """Whoever typed wants back to the list."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shape = Shape()

    def compose(self) -> ComposeResult:
        yield Painted(id="filter-says")
        with Horizontal():
            yield Painted(id="slash")
            field = FilterInput(id="filter", select_on_focus=False)
            field.cursor_blink = False
            yield field
            yield Painted(id="count")

    def on_mount(self) -> None:
        self.query_one("#slash", Painted).show([[Piece(" /", "accent")]])

    @property
    def is_typed_in(self) -> bool:
        """Whether keys go there."""
        return self.query_one(FilterInput).has_focus

    def about(self, shape: Shape) -> None:
        """Be about another list from now on."""
        self.shape = shape
        self._put(shape.text)
        self.settle()

    def open(self) -> None:
        """Let it be typed in."""
        self.add_class("-shown")
        field = self.query_one(FilterInput)
        self.screen.set_focus(field)  # not focus(), which is done later: what is typed in one burst with / goes there
        field.cursor_position = len(field.value)

    def receive(self, letter: str) -> None:
        """As if that key had been pressed here."""
        self.query_one(FilterInput).insert_text_at_cursor(letter)

    def type(self, text: str) -> None:
        """As if somebody had typed that and nothing else."""
        self._put(text)
        self._take(text)
        self.shape.history.keep(text)
        self.settle()

    def settle(self) -> None:
        """Go away if there is nothing to show."""
        self.set_class(self.is_typed_in or bool(self.shape.text), "-shown")
        self.say()

    def say(self, choices: tuple[str, ...] = ()) -> None:
        """Show above what is wrong with it, or what a name could be."""
        width = max(20, self.size.width)
        lines: list[Line] = []
        if choices:
            lines = [[Piece(" "), data("  ".join(choices), "dim", width - 2)]]
        elif self.shape.trouble:
            lines = trouble_lines(self.shape, width)
        self.query_one("#filter-says", Painted).show(lines)
        self.screen.set_class(bool(lines), "-says")

    def count(self, line: Line) -> None:
        """Show beside it how many match, and how to get rid of it."""
        width = sum(cells(piece.text) for piece in line)
        painted = self.query_one("#count", Painted)
        painted.styles.width = max(0, min(width, self.size.width - LEAST_TYPED))
        painted.show([line])

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if message.value != self.shape.text:
            self._take(message.value)
        self.say()

    def on_filter_input_pressed(self, message: FilterInput.Pressed) -> None:
        message.stop()
        if message.what == "complete":
            found = self.shape.complete()
            self._put(found.text)
            self._take(found.text)
            self.say(found.choices)
        elif message.what == "recall":
            text = self.shape.history.step(message.by)
            if text is not None:
                self._put(text)
                self._take(text)
        else:
            if message.what == "drop":
                self._put("")
                self._take("")
            self.shape.history.keep(self.shape.text)
            self.post_message(self.Left())

    def _put(self, text: str) -> None:
        field = self.query_one(FilterInput)
        with self.prevent(Input.Changed):
            field.value = visible(text)  # it may be the name of something that another screen leads to
        field.cursor_position = len(field.value)

    def _take(self, text: str) -> None:
        if self.shape.type(text):
            self.post_message(self.Changed(self.shape))
        self.say()


def trouble_lines(shape: Shape, width: int) -> list[Line]:
    """What is wrong with what was typed, whole; what may help, as far as there is room; and what holds meanwhile."""
    kept = "the last valid filter holds" if shape.filter else "nothing is filtered"
    whole = f"{shape.trouble} ({shape.hint})" if shape.hint else shape.trouble
    told = wrapped(whole, width - 2)
    if len(told) > MOST_TOLD:
        told = wrapped(shape.trouble, width - 2)[:MOST_TOLD]
    lines: list[Line] = [[Piece(" "), Piece(line, "bad")] for line in told]
    if cells(told[-1]) + cells(kept) + 4 <= width:
        lines[-1] = [*lines[-1], Piece(f"; {kept}", "warning")]
    else:
        lines.append([Piece(" "), Piece(kept, "warning")])
    return lines
