"""``w``: why the job under the cursor is where it is, on every screen that has a row about one."""

from __future__ import annotations

from textual.binding import Binding

from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.details.why import why_topic
from clusterctl.tui.screens.screen import ConsoleScreen
from clusterctl.tui.table.table import Table


class Explaining(ConsoleScreen):
    """A screen with a list and a pane, which can tell why."""

    BINDINGS = [Binding("w", "why", "Why")]

    @property
    def page(self) -> DetailPane:
        """Its pane."""
        return self.query_one(DetailPane)

    def turn_to_cursor(self) -> None:
        """Let the pane be about the row under the cursor."""
        raise NotImplementedError

    def keeps_telling_why(self) -> bool:
        """Whether the pane tells why of a job that the row under the cursor is about: then it goes on."""
        shown = self.page.topic
        return shown is not None and shown.aspect == "why" and shown.subject in self.concerns()

    def action_why(self) -> None:
        """Tell why a job is where it is, instead of what is known of the row; again: back."""
        job = next((each for each in self.concerns() if each.startswith("job:")), "")
        if self.keeps_telling_why():
            self.page.about(None)
            self.turn_to_cursor()
        elif job:
            self.page.about(why_topic(int(job.partition(":")[2])))
            self.open_page()
        else:
            self.open_page()

    def open_page(self) -> None:
        """Where the pane does not stand beside the list, it takes its place."""
        table = self.table
        if table is not None and table.model.cursor is not None:
            self.post_message(Table.Opened(table, table.model.cursor))
