"""The log on the screen: keys scroll and search it; whoever owns it feeds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual import events
from textual.binding import Binding
from textual.message import Message

from clusterctl.tui.logs.lines import highlighted, window
from clusterctl.tui.logs.model import Counts, LogModel, is_error, wanted
from clusterctl.tui.logs.scroll import Row, Scroll
from clusterctl.tui.paint.pieces import Piece, Sight, fit
from clusterctl.tui.paint.tones import glyphs_of
from clusterctl.tui.table import drawing
from clusterctl.tui.table.canvas import Canvas
from clusterctl.tui.table.drawing import Cell, Drawn

SIDEWAYS = 8  # cells that one key scrolls
WHEEL = 3


class LogState(NamedTuple):
    """What the view's owner may tell beside it."""

    following: bool
    wraps: bool
    counts: Counts
    only: str
    looked_for: str


class LogView(Canvas):
    """Shows a log that is fed to it in pieces, and asks for older text when somebody comes to its head."""

    HELP_GROUP = "In a log"
    BINDINGS = [
        Binding("j,down", "scroll_by(1)", "Down", show=False),
        Binding("k,up", "scroll_by(-1)", "Up", show=False),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False),
        Binding("pagedown", "page(1.0)", "Page down", show=False),
        Binding("pageup", "page(-1.0)", "Page up", show=False),
        Binding("g,home", "head", "First line", show=False),
        Binding("G,end,F", "follow", "Follow"),
        Binding("h,left", f"sideways({-SIDEWAYS})", "Left", show=False),
        Binding("l,right", f"sideways({SIDEWAYS})", "Right", show=False),
        Binding("b", "wrap", "Break long lines"),
        Binding("n", "find_next(1)", "Next match", show=False),
        Binding("N", "find_next(-1)", "Match before", show=False),
        Binding("E", "next_error", "Next error"),
    ]

    @dataclass
    class OlderAsked(Message):
        """Somebody has come to the first line that is kept: what stands before it is wanted."""

        view: LogView

    @dataclass
    class Shifted(Message):
        """Other lines are in sight, or shown in another way: the view's ``state`` may have changed."""

        view: LogView

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.model = LogModel()
        self.scroll = Scroll(self.model)
        self.sight = Sight()
        self.empty = "nothing was written yet"
        self._left = 0
        self._only = ""
        self._pattern: re.Pattern[str] | None = None
        self._at: int | None = None  # the line that was found last
        self._asked_older = False

    def on_mount(self) -> None:
        self.sight = self.sight._replace(glyphs=glyphs_of(self.app))

    @property
    def state(self) -> LogState:
        """How it is shown just now."""
        looked_for = self._pattern.pattern if self._pattern else ""
        return LogState(self.scroll.following, self.scroll.wraps, self.model.counts, self._only, looked_for)

    def reset(self, title: str = "") -> None:
        """Another log begins: forget all lines of the one before. *title*: what an empty one says."""
        self.model.clear()
        self.scroll.clear()
        self.empty = title or self.empty
        self._left, self._at, self._asked_older = 0, None, False
        self.repaint()

    def feed(self, text: str) -> None:
        """More of the log; it may end in the middle of a line."""
        self.model.feed(text)
        self.repaint()

    def feed_older(self, text: str) -> None:
        """What stands before the first line; empty if there is nothing."""
        self._asked_older = not text
        self.model.feed_older(text)
        self.repaint()

    def note(self, sentence: str) -> None:
        """A line of ours at the end."""
        self.model.note(sentence)
        self.repaint()

    def begins_at(self, line: int | None) -> None:
        """The first line that is kept is the log's *line*-th, from 1; None if nobody knows."""
        self.model.begins_at(line)
        self.repaint()

    def tick(self, sight: Sight) -> None:
        """It looks otherwise: other glyphs."""
        self.sight = sight
        self.repaint()

    def show_only(self, text: str) -> None:
        """Hide lines without *text*, or without what matches it if it stands between slashes. Empty: hide nothing.

        Raises ValueError with a sentence, and changes nothing, if that is no pattern.
        """
        pattern = wanted(text) if text else None
        self._only = text
        self.model.show_only(None if pattern is None else lambda line: pattern.search(line) is not None)
        self._shifted()

    def find(self, text: str) -> bool:
        """Set off *text* wherever it stands, and go to the nearest; whether there is any. Raises as ``show_only``."""
        self._pattern = wanted(text) if text else None
        rows = self.scroll.rows()
        self._at = rows[0].id - 1 if rows else None
        if self._pattern is None:
            self._shifted()
            return True
        return self.action_find_next(1)

    def draw(self, width: int, height: int) -> Sequence[Drawn]:
        self.scroll.resize(width - self._gutter(width), height)
        rows, glyphs = self.scroll.rows(), self.sight.glyphs
        if not rows:
            return [Drawn((Cell(0, width, tuple(fit([Piece(self.empty, "dim")], width, cut=glyphs.cut))),))]
        ids = self.model.ids
        thumb = drawing.thumb(self.model.place(rows[0].id), height, len(ids) if len(rows) == height else 0)
        return [self._row(row, width)._replace(thumb=at in thumb) for at, row in enumerate(rows)]

    def _row(self, row: Row, width: int) -> Drawn:
        gutter, glyphs = self._gutter(width), self.sight.glyphs
        cells = []
        if gutter:
            number = "" if row.part or self.model.is_note(row.id) else str(self.model.number(row.id))
            cells.append(Cell(0, gutter, (Piece(number.rjust(gutter - 1) + " ", "dim"),)))
        pieces = row.pieces
        if self._pattern:
            text = "".join(piece.text for piece in pieces)
            pieces = highlighted(pieces, [found.span() for found in self._pattern.finditer(text)])
        shown = window(pieces, row.cells, 0 if self.scroll.wraps else self._left, width - gutter, glyphs)
        shown = fit(shown, width - gutter, cut=glyphs.cut)
        cells.append(Cell(gutter, width - gutter, tuple(shown)))
        return Drawn(tuple(cells), "quiet_bar" if row.id == self._at else "")

    def _gutter(self, width: int) -> int:
        """Cells for line numbers: none while nobody knows them, or where there is hardly room for the text."""
        ids = self.model.ids
        last = self.model.number(ids[-1]) if ids else None
        return 0 if last is None or width < 30 else len(str(last)) + 1

    def _shifted(self) -> None:
        self.repaint()
        self.post_message(self.Shifted(self))
        begins = self.model.number(self.model.ids[0]) if self.model.ids else 1
        if self.scroll.at_head and begins != 1 and self.model.has_room and not self._asked_older:
            self._asked_older = True
            self.post_message(self.OlderAsked(self))

    def action_scroll_by(self, rows: int) -> None:
        self.scroll.move(rows)
        self._shifted()

    def action_page(self, pages: float) -> None:
        self.action_scroll_by(round(pages * max(1, self.size.height - 1)))

    def action_head(self) -> None:
        self.scroll.home()
        self._shifted()

    def action_follow(self) -> None:
        self.scroll.end()
        self._shifted()

    def action_sideways(self, by: int) -> None:
        widest = max((row.cells for row in self.scroll.rows()), default=0)
        self._left = max(0, min(self._left + by, widest - SIDEWAYS if by > 0 else self._left))
        self._shifted()

    def action_wrap(self) -> None:
        self.scroll.wraps = not self.scroll.wraps
        self._shifted()

    def action_find_next(self, step: int) -> bool:
        """Go to the next match; whether there is one."""
        pattern = self._pattern
        return pattern is not None and self._go(lambda line: pattern.search(line) is not None, step)

    def action_next_error(self) -> None:
        self._go(is_error, 1)

    def _go(self, test: Callable[[str], bool], step: int) -> bool:
        rows = self.scroll.rows()
        start = self._at if self._at is not None else rows[0].id - 1 if rows else 0
        found = self.model.next(start, test, step)
        if found is None:
            self.app.bell()
            return False
        self._at = found
        self.scroll.bring(found)
        self._shifted()
        return True

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_by(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_by(-WHEEL)
