"""A screen that is a list, with a pane about the row under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult

from clusterctl.model.looks import Key, Look
from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.details.topic import Topic
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.screens.explaining import Explaining
from clusterctl.tui.table.columns import Column
from clusterctl.tui.table.table import Table


class ListScreen(Explaining):
    """What such a screen is about stands in ``kind``: a row's key behind it is a subject, ``job:7``."""

    kind: ClassVar[str]
    empty: ClassVar[str] = "nothing"
    follows: ClassVar[bool] = False  # new rows come in at the top, and no cursor until somebody moves it

    def columns(self) -> Sequence[Column[Any]]:
        """Of its list."""
        raise NotImplementedError

    def topic_of(self, key: Key, row: Any) -> Topic:
        """The page about a row, whose fields may not be known yet (None)."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        self.list = Table(self.columns(), follow=self.follows)
        self.list.empty = self.empty
        self.list.wanted = lambda: self.shape.filter
        self.pane = DetailPane()
        yield self.list
        yield self.pane

    def show_look(self, look: Look, sight: Sight) -> None:
        page = self.page_of(look)
        if page is not None:
            filtered = look.want.filter is not None
            self.list.empty = "nothing matches; esc clears the filter" if filtered else self.empty
            self.list.show_page(page, sight, asked=look.want.filter)
            self.turn_to_cursor()
        self.pane.show_sight(sight)

    def tick(self, sight: Sight) -> None:
        self.list.tick(sight)
        self.pane.show_sight(sight)

    def look_again(self) -> None:
        """Somebody has asked for news."""
        self.pane.look_again()

    def on_table_moved(self) -> None:
        """Another row is under the cursor; why it is where it is has not been asked."""
        self.turn_to_cursor()

    def turn_to_cursor(self) -> None:
        key = self.list.model.cursor
        if key is None:
            self.pane.about(None)
        elif not self.keeps_telling_why():
            self.pane.about(self.topic_of(key, self.row()))

    def subjects(self) -> tuple[str, ...]:
        return tuple(f"{self.kind}:{key}" for key in self.list.model.meant())

    def hidden_marks(self) -> int:
        return self.list.model.hidden

    def concerns(self) -> tuple[str, ...]:
        key = self.list.model.cursor
        return () if key is None else (f"{self.kind}:{key}", *self.besides(self.row()))

    def besides(self, row: Any) -> tuple[str, ...]:
        """What else a row is about, nearest first."""
        del row
        return ()
