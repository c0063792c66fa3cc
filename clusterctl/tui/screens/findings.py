"""What the two screens of findings have in common: a list that no database orders, and a page about each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from clusterctl.model.findings import Finding
from clusterctl.model.looks import Key, Look, Want
from clusterctl.model.proposals import Outcome
from clusterctl.tui.details.finding import preview, topic
from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.engine.findings import Found
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.lists.findings import FindingList, Listed
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.paint.tones import glyphs_of
from clusterctl.tui.painters.findings import footnotes
from clusterctl.tui.screens.screen import ConsoleScreen
from clusterctl.tui.table.columns import Column
from clusterctl.tui.table.listing import UNKNOWN
from clusterctl.tui.table.table import Table

BESIDE = 120  # columns: from there on the page stands beside the list
UNSURE = "nothing was found where one could look; not all could be checked"
MOST_ROWS = 6  # of the list, that the finding in short leaves room for


class FindingsScreen(ConsoleScreen):
    """A list of findings. They come on a slower clock than looks, which only make their ages grow."""

    DEFAULT_CSS = "FindingsScreen Vertical { width: 1fr; }"
    noun = Finding
    spans = ("age",)
    columns: ClassVar[tuple[Column[Listed], ...]]
    stuck_only: ClassVar[bool]
    nothing: ClassVar[str]  # said when all is well

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.list = FindingList(stuck_only=self.stuck_only)
        self.found = Found()
        self.sight = Sight()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Table(self.columns)
            yield Painted(classes="preview")
            yield Painted(classes="footnotes")
        yield DetailPane()

    def on_mount(self) -> None:
        self.sight = self.sight._replace(glyphs=glyphs_of(self.app))

    @property
    def grid(self) -> Table:
        """Its table."""
        return self.query_one(Table)

    @property
    def pane(self) -> DetailPane:
        """The page about the finding under the cursor."""
        return self.query_one(DetailPane)

    def want(self) -> Want:
        """Of looks only the sums: what the filter leaves is found here."""
        return Want(screen=self.name_of)  # type: ignore[arg-type]  # a name of one of the screens of looks

    def show_look(self, look: Look, sight: Sight) -> None:
        del look
        self.tick(sight)

    def tick(self, sight: Sight) -> None:
        """Ages have grown, and what was mended some time ago goes."""
        self.sight = sight
        self.show_list()
        self.pane.show_sight(sight)

    def show_findings(self, found: Found, sight: Sight) -> None:
        self.found, self.sight = found, sight
        self.list.take(found)
        self.show_list()

    def shape_changed(self) -> None:
        """Nobody has to be asked."""
        self.show_list()

    def seen_at(self, sight: Sight) -> datetime:
        """When somebody looked for findings."""
        return self.found.seen_at or sight.at

    def show_list(self) -> None:
        """Show what there is, in the shape that is wanted."""
        table, shape = self.grid, self.shape
        now = self.sight.now
        page = self.list.page(now.timestamp(), at=now, filter=shape.filter, sort=shape.sort)
        table.empty = self.said_of_nothing(len(self.list.listed(now.timestamp())))
        table.show_page(page, self.sight, asked=shape.filter)
        self.show_topic()

    def show_beneath(self, row: Listed | None) -> None:
        """What stands under the list: in a narrow terminal the finding in short, and what was not looked at."""
        width, height = self.size
        if not width:
            return
        notes = footnotes(self.found, width)
        room = height - min(MOST_ROWS, len(self.grid.model.keys)) - len(notes) - 2
        lines = [] if width >= BESIDE or row is None else preview(row, self.sight, (width, room))
        self.query_one(".preview", Painted).show(lines)
        self.query_one(".footnotes", Painted).show(notes)

    def on_resize(self) -> None:
        self.show_list()

    def said_of_nothing(self, total: int) -> str:
        """What an empty list says."""
        if self.found.at is None:
            return self.found.trouble or (UNKNOWN if self.sight.stale else "looking for findings…")
        if total:
            return f"{total} hidden by the filter; esc clears it"
        return UNSURE if self.found.examination.unchecked else self.nothing

    def show_topic(self) -> None:
        """Let the page be about what the cursor is on."""
        row = self.listed(self.grid.model.cursor)
        self.pane.about(None if row is None else topic(row))
        self.show_beneath(row)

    def on_table_moved(self) -> None:
        """As above."""
        self.show_topic()

    def listed(self, key: Key | None) -> Listed | None:
        """The row of that key."""
        row = None if key is None else self.grid.model.rows.get(key)
        return row if isinstance(row, Listed) else None

    def row(self) -> Any:
        row = self.listed(self.grid.model.cursor)
        return None if row is None else row.finding

    def shown(self) -> Sequence[Any]:
        rows = [self.listed(key) for key in self.grid.model.keys]
        return [row.finding for row in rows if row is not None]

    def meant_findings(self) -> tuple[Finding, ...]:
        rows = [self.listed(key) for key in self.grid.model.meant()]
        return tuple(row.finding for row in rows if row is not None)

    def subjects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.subject for finding in self.meant_findings()))

    def concerns(self) -> tuple[str, ...]:
        row = self.listed(self.grid.model.cursor)
        return () if row is None else row.finding.concerns

    def acted(self, outcomes: Sequence[Outcome]) -> None:
        """What was mended stays for a while, with what became of it."""
        self.list.acted(outcomes, self.sight.now.timestamp())
        self.show_list()

    def go_to(self, subject: str) -> bool:
        """Put the cursor on the finding of that subject, or the first that concerns it."""
        rows = [(at, self.listed(key)) for at, key in enumerate(self.grid.model.keys)]
        known = [(at, row.finding) for at, row in rows if row is not None]
        places = [at for at, finding in known if finding.subject == subject]
        places += [at for at, finding in known if subject in finding.concerns]
        if places:
            self.grid.action_move(places[0] - self.grid.model.at())
        return bool(places)
