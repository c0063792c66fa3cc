"""What a table shows of its model: which rows are in sight, in which columns, at which moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from textual.screen import ModalScreen

from clusterctl.model.console import AFTERWARDS_S
from clusterctl.model.looks import Key, Page
from clusterctl.tui.paint.pieces import Piece, Sight, data, fit
from clusterctl.tui.paint.tones import glyphs_of
from clusterctl.tui.table import drawing
from clusterctl.tui.table.canvas import Canvas
from clusterctl.tui.table.columns import Column, Placed, place
from clusterctl.tui.table.drawing import GUTTER, Cell, Drawn, Standing
from clusterctl.tui.table.model import TableModel
from clusterctl.tui.table.order import Order

UNKNOWN = "not known: Postgres cannot be reached"
HEADER = 1  # lines above the rows
MOST_ALSO = 200  # keys that are wanted beside the window
MOST_DRAWN = 500  # rows whose lines are kept


class Listing(Canvas):
    """A list of rows under a line of titles. ``top``: which row is the first in sight.

    ``sort``: the order that the rows are in, as ``--sort`` takes it. ``empty``: what stands there when there are no
    rows. ``shown``: the keys of the columns that somebody chose, in order. ``wanted`` tells the filter that its rows
    shall fit by now. *clock*: seconds that never go back.
    """

    def __init__(
        self,
        columns: Sequence[Column[Any]],
        *,
        id: str | None = None,
        classes: str | None = None,
        follow: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = columns
        self.shown: tuple[str, ...] = tuple(column.key for column in columns if not column.extra)
        self.model = TableModel(follows=follow)
        self.order = Order()
        self.sight = Sight()
        self.sort: tuple[str, ...] = ()
        self.empty = "nothing here"
        self.wanted: Callable[[], object] = lambda: self.model.asked
        self.chosen = ""
        self.top = 0
        self._follow = follow
        self._clock = clock
        self._asked_yet = False
        self._asked_blanks: tuple[Key, ...] = ()
        self._drawn: dict[Key, tuple[Any, tuple[Standing, drawing.Bar, bool], Drawn]] = {}
        self._drawn_at: Sight | None = None
        self._layout: tuple[list[Placed], int] = ([], 0)

    def on_mount(self) -> None:
        self.sight = self.sight._replace(glyphs=glyphs_of(self.app))

    def show_page(self, page: Page[Any], sight: Sight, *, keep_order: bool = False, asked: object = None) -> None:
        """Show what was seen. *asked*: what for, a filter; if it is another one, rows are missing but not gone."""
        now = self._clock()
        dialog = self.is_attached and isinstance(self.app.screen, ModalScreen)
        keep = keep_order or self.order.keeps(now, dialog=dialog) or self.model.range_from is not None
        before, had_cursor = self.model.at(), self.model.cursor is not None
        self.sight, self._asked_yet = sight, True
        self.model.apply(page.keys, page.rows, page.total, keep_order=keep, now=now, asked=asked)
        if had_cursor and not (self._follow and not self.top):
            self.top = drawing.anchored(self.top, before, self.model.at(), self.height, at_top=not self.top)
        self._stay_within()
        self.repaint()
        self._ask_for_blanks()

    def tick(self, sight: Sight) -> None:
        """Time has passed, and nothing else: ages grow, and what has vanished goes."""
        self.sight = sight
        if self.model.sweep(self._clock()):
            self._stay_within()
        self.repaint()

    @property
    def is_known(self) -> bool:
        """Whether anything was ever seen of it: that it is empty, too."""
        return self._asked_yet

    @property
    def is_behind(self) -> bool:
        """Whether these rows fit another filter than the one that is wanted: nobody can mean all of them."""
        return self._asked_yet and self.model.asked != self.wanted()

    @property
    def height(self) -> int:
        """How many rows are in sight at once."""
        return max(1, self.size.height - HEADER)

    def window(self) -> tuple[int, int]:
        """Which rows are in sight, and as many again around them: the first, and how many."""
        return max(0, self.top - self.height // 2), 2 * self.height

    def also(self) -> tuple[Key, ...]:
        """Rows that are wanted wherever they stand: of the cursor, of marks, blank ones, and while places are held."""
        model = self.model
        wanted = {} if model.cursor is None else {model.cursor: None}
        wanted.update(dict.fromkeys(model.gone))
        wanted.update(dict.fromkeys(self._blanks()))
        if self.order.held:
            wanted.update(dict.fromkeys(model.keys[self.top : self.top + self.height]))
        for key in model.marked:
            if len(wanted) >= MOST_ALSO:
                break
            wanted[key] = None
        return tuple(wanted)

    def _blanks(self) -> tuple[Key, ...]:
        """The rows in sight whose fields are not known: the window was wanted before the rows changed places."""
        in_sight = self.model.keys[self.top : self.top + self.height]
        return tuple(key for key in in_sight if key not in self.model.rows)

    def _ask_for_blanks(self) -> None:
        """Once for the same ones: nobody may know them."""
        blanks = self._blanks()
        if blanks and blanks != self._asked_blanks:
            self.scrolled()
        self._asked_blanks = blanks

    def keep(self, keys: Iterable[Key], seconds: float = AFTERWARDS_S) -> None:
        """Let these be seen for so long, even if they vanish from the list."""
        self.model.keep(keys, self._clock() + seconds)

    def show_columns(self, keys: Sequence[str]) -> None:
        """Show these columns, in this order, as far as there is room."""
        known = {column.key for column in self.columns}
        self.shown = tuple(key for key in keys if key in known) or self.shown
        self.repaint()

    @property
    def chosen_columns(self) -> list[Column[Any]]:
        """Those that would be shown if there were room for all."""
        by_key = {column.key: column for column in self.columns}
        return [by_key[key] for key in self.shown if key in by_key]

    def placed(self, width: int) -> list[Placed]:
        """Those that there is room for, and if that is not all, for the sign that there are more."""
        columns = self.chosen_columns
        placed = place(columns, width - GUTTER, self.chosen)
        return placed if len(placed) == len(columns) else place(columns, width - GUTTER - 1, self.chosen)

    def draw(self, width: int, height: int) -> Sequence[Drawn]:
        glyphs, model = self.sight.glyphs, self.model
        placed = self.placed(width)
        all_fit = len(placed) == len(self.chosen_columns)
        lines = [drawing.titles(placed, width, glyphs, sort=self.sort, chosen=self.chosen, all_fit=all_fit)]
        if not model.keys:
            return [*lines, *self._empty_lines(width, height)]
        self._drawing_of((placed, width))
        ranged = frozenset(model.range_keys())
        bar: drawing.Bar = "bar" if self.has_focus else "quiet_bar"
        thumb = drawing.thumb(self.top, height - HEADER, len(model.keys))
        for at, key in enumerate(model.keys[self.top : self.top + height - HEADER]):
            here = key == model.cursor
            standing = Standing(key, here, key in model.marked, key in model.gone, key in ranged)
            lines.append(self._row(placed, standing, bar if here else "", at in thumb, width))
        return lines

    def _row(self, placed: list[Placed], standing: Standing, bar: drawing.Bar, thumb: bool, width: int) -> Drawn:
        """One row, drawn anew only if something about it is new since the last time at this sight."""
        row = self.model.rows.get(standing.key)
        known = self._drawn.get(standing.key)
        if known is not None and known[0] is row and known[1] == (standing, bar, thumb):
            return known[2]
        drawn = drawing.row(placed, row, standing, self.sight, width)._replace(bar=bar, thumb=thumb)
        self._drawn[standing.key] = (row, (standing, bar, thumb), drawn)
        return drawn

    def _drawing_of(self, layout: tuple[list[Placed], int]) -> None:
        """Forget what was drawn at another sight, in other columns, or is too much to keep.

        Each look and each tick has a sight of its own: so what painters know besides shows a second later at most.
        """
        if self._drawn_at is not self.sight or self._layout != layout or len(self._drawn) > MOST_DRAWN:
            self._drawn, self._drawn_at, self._layout = {}, self.sight, layout

    def _empty_lines(self, width: int, height: int) -> list[Drawn]:
        if height < 3 or not (self.is_known or self.sight.stale):
            return []
        said = self.empty if self.is_known else UNKNOWN
        text = fit([Piece("  "), data(said, "dim")], width, cut=self.sight.glyphs.cut)
        return [Drawn(), Drawn((Cell(0, width, tuple(text)),))]

    def scroll_rows(self, by: int) -> None:
        """Look further down or up; the cursor stays where it is."""
        self._look_from(self.top + by)

    def bring_into_sight(self) -> None:
        """Scroll as little as shows the cursor."""
        at = self.model.at()
        if at < self.top:
            self._look_from(at)
        elif at >= self.top + self.height:
            self._look_from(at - self.height + 1)

    def _look_from(self, top: int) -> None:
        before, self.top = self.top, top
        self._stay_within()
        if self.top != before:
            self.scrolled()

    def _stay_within(self) -> None:
        self.top = min(max(0, self.top), max(0, len(self.model.keys) - self.height))

    def scrolled(self) -> None:
        """Other rows are in sight."""

    def on_resize(self) -> None:
        self._stay_within()
        if self.model.cursor is not None:
            self.bring_into_sight()
        super().on_resize()
