"""What the operator does to a list: filter it, order it, see only what is not well, choose its columns."""

from __future__ import annotations

from textual import events
from textual.binding import Binding

from clusterctl.model.console import OF_FINDINGS
from clusterctl.model.errors import BadInput
from clusterctl.model.looks import Want
from clusterctl.tui.frame.columns_dialog import ColumnsDialog
from clusterctl.tui.frame.filter_bar import FilterBar, FilterInput
from clusterctl.tui.shell import Shell
from clusterctl.tui.table.table import Table


class Shaping(Shell):
    """Keeps the filter line and the list that is shown in step. Each screen has a shape of its own, and keeps it."""

    BINDINGS = [
        Binding("slash", "filter", "Filter"),
        Binding("f", "faults", "Faults only", show=False),
        Binding("C", "columns", "Columns", show=False),
    ]

    @property
    def bar(self) -> FilterBar:
        """The filter line."""
        return self.screen_stack[0].query_one(FilterBar)

    def action_filter(self) -> None:
        if self.here.shape.can_filter:
            self.bar.open()
        else:
            self.say(f"there is no list to filter on {self.here.title}")

    def on_key(self, event: events.Key) -> None:
        """What came in one burst with / was sent to the list before the line was typed in: it belongs there."""
        if event.is_printable and event.character and isinstance(self.focused, FilterInput):
            self.bar.receive(event.character)

    def action_faults(self) -> None:
        shape = self.here.shape
        if not shape.can_show_faults:
            self.say(
                f"{self.here.title} shows nothing else"
                if self.here.name_of in OF_FINDINGS
                else "no faults are known here"
            )
            return
        shape.faults = not shape.faults
        self.reshape()

    def action_columns(self) -> None:
        table = self.here.table
        if table is not None:
            dialog = ColumnsDialog(table.columns, table.shown, self.glyphs)
            _ = self.push_screen(dialog, lambda keys: table.show_columns(keys or ()))

    def filter_by(self, text: str) -> None:
        """As if somebody had typed that into the filter line."""
        self.bar.type(text)

    def clear_filter(self) -> bool:
        """Let all be shown; whether anything was hidden."""
        shape = self.here.shape
        if not (shape.text or shape.faults):
            return False
        shape.faults = False
        self.filter_by("")
        self.reshape()
        return True

    def reshape(self) -> None:
        """The list is wanted otherwise."""
        self.here.shape_changed()
        self.draw_frame()

    def misunderstood(self, error: BadInput, want: Want | None) -> None:
        """Postgres answers, but knows no such field: ask for what it knows."""
        asked = self.here.want()
        if want is not None and (want.screen, want.filter, want.sort) == (asked.screen, asked.filter, asked.sort):
            self.say(f"{error} ({error.hint})" if error.hint else str(error), "warning")
            self.here.shape.refuse(error)
            if (table := self.here.table) is not None:
                table.sort = self.here.shape.sort
            self.bar.settle()
            self.ask_again()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        if self.is_standing and message.shape is self.here.shape:  # letters may still come while it is taken down
            self.reshape()

    def on_filter_bar_left(self) -> None:
        if self.is_standing:
            self.focus_list()
            self.bar.settle()
            self.draw_frame()

    def on_table_sort_asked(self, message: Table.SortAsked) -> None:
        if self.is_standing:
            self.here.shape.sort = message.sort
            self.reshape()

    def on_table_marked(self) -> None:
        if self.is_standing:
            self.draw_frame()

    def on_table_scrolled(self) -> None:
        if self.is_standing:
            self.ask_again()

    def focus_list(self) -> None:
        """Let keys go to the screen."""
        raise NotImplementedError
