"""The table: what keys and the mouse do with a listing, and what it tells whoever owns it."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.binding import Binding
from textual.message import Message

from clusterctl.model.looks import Key
from clusterctl.tui.table.columns import Column, turned
from clusterctl.tui.table.drawing import GUTTER
from clusterctl.tui.table.listing import HEADER, Listing

WHEEL = 3  # rows that one notch of the mouse wheel scrolls
END = 1_000_000_000


class Table(Listing):
    """A list of rows that somebody walks, marks and sorts. Deeds are about ``model.meant()``, never about a place."""

    HELP_GROUP = "In a list"

    BINDINGS = [
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("g,home", f"move({-END})", "First", show=False),
        Binding("G,end", f"move({END})", "Last", show=False),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False),
        Binding("pagedown", "page(1.0)", "Page down", show=False),
        Binding("pageup", "page(-1.0)", "Page up", show=False),
        Binding("left,comma", "choose(-1)", "Column to the left", show=False),
        Binding("right,full_stop", "choose(1)", "Column to the right", show=False),
        Binding("s", "sort", "Sort"),
        Binding("space", "mark", "Mark"),
        Binding("V", "mark_range", "Mark range", show=False),
        Binding("asterisk", "mark_all", "Mark all", show=False),
        Binding("u", "unmark", "Clear marks", show=False),
        Binding("o", "hold", "Hold order", show=False),
        Binding("escape", "end_range", "End range", show=False),
        Binding("enter", "open", "Open"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        table: Table
        key: Key | None

    @dataclass
    class Opened(Message):
        """Somebody wants to see this row."""

        table: Table
        key: Key

    @dataclass
    class Scrolled(Message):
        """Other rows are in sight: their fields are wanted, at once."""

        table: Table

    @dataclass
    class SortAsked(Message):
        """Another order is wanted: fields as ``--sort`` takes them."""

        table: Table
        sort: tuple[str, ...]

    @dataclass
    class Marked(Message):
        """So many rows are marked now, in this list and hidden by its filter."""

        table: Table
        marked: int
        hidden: int

    @dataclass
    class Held(Message):
        """Rows stay in their places from now on, or no longer."""

        table: Table
        held: bool

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "end_range":
            return self.model.range_from is not None  # else escape is for whoever is around the table
        return super().check_action(action, parameters)

    def go_to(self, key: Key) -> bool:
        """Put the cursor on that row; whether it is there."""
        place = self.model.place_of(key)
        if place is not None:
            self._go(place)
        return place is not None

    def scrolled(self) -> None:
        self.post_message(self.Scrolled(self))

    def action_move(self, by: int) -> None:
        start = self.top - (by > 0) if self.model.cursor is None else self.model.at()
        self._go(start + by)

    def action_page(self, pages: float) -> None:
        by = round(pages * max(1, self.height - 1))
        self.scroll_rows(by)
        self.action_move(by)

    def _go(self, place: int) -> None:
        before = self.model.cursor
        self.model.go(place)
        self.bring_into_sight()
        self.repaint()
        if self.model.range_from is not None:
            self._marked()
        if self.model.cursor != before:
            self.post_message(self.Moved(self, self.model.cursor))

    def action_choose(self, by: int) -> None:
        keys = [column.key for column in self.chosen_columns]
        if not keys:
            return
        at = keys.index(self.chosen) + by if self.chosen in keys else 0 if by > 0 else len(keys) - 1
        self.chosen = keys[min(max(at, 0), len(keys) - 1)]
        self.repaint()

    def action_sort(self) -> None:
        columns = self.chosen_columns
        column = next((each for each in columns if each.key == self.chosen), None)
        column = column or next((each for each in columns if each.sort), None)
        if column is not None:
            self.sort_by(column)

    def sort_by(self, column: Column[object]) -> None:
        """Ask for the order of that column, or if it is in force, for the other way round."""
        if not column.sort:
            self.app.bell()
            return
        self.chosen, self.sort = column.key, turned(self.sort, column)
        self.repaint()
        self.post_message(self.SortAsked(self, self.sort))

    def action_mark(self) -> None:
        if self.model.range_from is not None:
            self.action_mark_range()
        elif self.model.cursor is not None:
            self.model.toggle(self.model.cursor)
            self._marked()
            self.action_move(1)

    def action_mark_range(self) -> None:
        if self.is_behind:
            self.app.bell()
            return
        if self.model.range_from is None:
            self.model.range_from = self.model.cursor
        else:
            self.model.end_range()
        self._marked()

    def action_end_range(self) -> None:
        self.model.range_from = None
        self._marked()

    def action_mark_all(self) -> None:
        if self.is_behind:
            self.app.bell()
            return
        self.model.mark_all()
        self._marked()

    def action_unmark(self) -> None:
        self.model.clear_marks()
        self._marked()

    def _marked(self) -> None:
        self.repaint()
        self.refresh_bindings()
        hidden = self.model.hidden
        self.post_message(self.Marked(self, len(self.model.chosen()) - hidden, hidden))

    def action_hold(self) -> None:
        self.order.held = not self.order.held
        self.post_message(self.Held(self, self.order.held))

    def action_open(self) -> None:
        if self.model.cursor is None:
            self.action_move(1)  # a list that follows has none yet: the first row in sight is meant
        if self.model.cursor is not None:
            self.post_message(self.Opened(self, self.model.cursor))

    def on_key(self) -> None:
        self.order.touched(self._clock())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -WHEEL)

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        event.stop()
        self.order.touched(self._clock())
        self.scroll_rows(by)
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        self.order.touched(self._clock())
        if event.y < HEADER:
            self._click_title(event.x - GUTTER)
            return
        place = self.top + event.y - HEADER
        if place >= len(self.model.keys):
            return
        key = self.model.keys[place]
        if event.x < GUTTER:
            self.model.toggle(key)
            self._marked()
        elif key == self.model.cursor:
            self.action_open()
        else:
            self._go(place)

    def _click_title(self, x: int) -> None:
        for each in self.placed(self.size.width):
            if each.x <= x < each.x + each.width and each.column.sort:
                self.sort_by(each.column)
                return
