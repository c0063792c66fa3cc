"""Who did what, to what, and why."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from clusterctl.model.audit import AuditPicture
from clusterctl.model.looks import Look, Page
from clusterctl.tui.details.audit import topic
from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.painters.audit import AUDIT
from clusterctl.tui.screens.screen import ConsoleScreen
from clusterctl.tui.table.table import Table


class AuditScreen(ConsoleScreen):
    """The audit, newest first. What was done to many things at one stroke is one row."""

    DEFAULT_CSS = "AuditScreen Vertical { width: 1fr; }"
    name_of = "audit"
    title = "Audit"
    noun = AuditPicture
    spans = ("age",)

    def compose(self) -> ComposeResult:
        with Vertical():
            table = Table(AUDIT)
            table.empty = "nobody has done anything yet"
            table.wanted = lambda: self.shape.filter
            yield table
        yield DetailPane()

    def page_of(self, look: Look) -> Page[AuditPicture] | None:
        return look.audit

    def show_look(self, look: Look, sight: Sight) -> None:
        if look.audit is not None:
            self.query_one(Table).show_page(look.audit, sight, asked=look.want.filter)
            self.show_topic()
        self.query_one(DetailPane).show_sight(sight)

    def tick(self, sight: Sight) -> None:
        self.query_one(DetailPane).show_sight(sight)

    def on_table_moved(self) -> None:
        """The page is about what the cursor is on."""
        self.show_topic()

    def show_topic(self) -> None:
        """As above."""
        entry = self.row()
        self.query_one(DetailPane).about(topic(entry) if isinstance(entry, AuditPicture) else None)

    def subjects(self) -> tuple[str, ...]:
        """None: what was done is done."""
        return ()

    def concerns(self) -> tuple[str, ...]:
        """What it was done to, where that is one thing."""
        entry = self.row()
        return (entry.subject,) if isinstance(entry, AuditPicture) and entry.subjects == 1 else ()
