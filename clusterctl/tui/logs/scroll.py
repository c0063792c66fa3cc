"""Which rows of a log are in sight: a line may take several. Pure."""

from __future__ import annotations

from typing import NamedTuple

from clusterctl.text import cells
from clusterctl.tui.logs.lines import pieces_of, wrapped
from clusterctl.tui.logs.model import NOTE, LogModel
from clusterctl.tui.paint.pieces import Piece, data

MOST_PARSED = 2_000  # lines: a few screens


class Row(NamedTuple):
    """One row: a line's id, which of its rows this is, what it says, and how many cells that takes."""

    id: int
    part: int
    pieces: list[Piece]
    cells: int


class Scroll:
    """A view of *height* rows on a log. ``following``: it stays at the end, whatever comes.

    The first row is remembered by its line's id, so that lines which come, or go, elsewhere do not move the view.
    """

    def __init__(self, model: LogModel) -> None:
        self.model = model
        self.following = True
        self.wraps = False
        self.width, self.height = 80, 24
        self._top = (0, 0)  # a line's id, and which of its rows
        self._parsed: dict[tuple[int, int], tuple[str, list[Row]]] = {}

    def resize(self, width: int, height: int) -> None:
        """The view has another size."""
        self.width, self.height = max(1, width), max(1, height)

    def clear(self) -> None:
        """Another log."""
        self.following, self._top, self._parsed = True, (0, 0), {}

    def rows(self) -> list[Row]:
        """What is in sight."""
        ids = self.model.ids
        if not ids:
            return []
        place, part = self._end() if self.following else self._start()
        found: list[Row] = []
        while place < len(ids) and len(found) < self.height:
            found += self.rows_of(ids[place])[part:]
            place, part = place + 1, 0
        return found[: self.height]

    def move(self, by: int) -> None:
        """Look further down, or up. Who looks up no longer follows; who comes to the end does."""
        if not self.model.ids:
            return
        place, part = self._end() if self.following else self._start()
        place, part = self._down(place, part, by) if by > 0 else self._up(place, part, -by)
        end = self._end()
        self.following = (place, part) >= end and (by > 0 or self.following)
        self._remember(*min((place, part), end))

    def home(self) -> None:
        """To the first line that is kept."""
        self.following = False
        self._remember(0, 0)

    def end(self) -> None:
        """To the last line, and stay there."""
        self.following = True

    def bring(self, id: int) -> None:
        """Show that line, a third down the view unless it is in sight."""
        shown = {row.id for row in self.rows()}
        if id in shown or not self.model.ids:
            return
        self.following = False
        place = self.model.place(id)
        self._remember(*min(self._up(place, 0, self.height // 3), self._end()))

    @property
    def at_head(self) -> bool:
        """Whether the oldest row that is kept is in sight."""
        return not self.following and self._start() == (0, 0)

    def rows_of(self, id: int) -> list[Row]:
        """The rows that one line takes."""
        raw = self.model.text(id)
        width = self.width if self.wraps else 0
        known = self._parsed.get((id, width))
        if known is None or known[0] is not raw:
            if len(self._parsed) >= MOST_PARSED:
                self._parsed.clear()
            known = self._parsed[id, width] = (raw, self._made(id, raw))
        return known[1]

    def _made(self, id: int, raw: str) -> list[Row]:
        pieces = [data(raw.removeprefix(NOTE), "dim")] if raw.startswith(NOTE) else pieces_of(raw)
        parts = wrapped(pieces, self.width) if self.wraps else [pieces]
        return [Row(id, at, part, sum(cells(piece.text) for piece in part)) for at, part in enumerate(parts)]

    def _start(self) -> tuple[int, int]:
        """Where the first row stands: its line's place, and which of the line's rows."""
        id, part = self._top
        place = self.model.place(id)
        ids = self.model.ids
        if place >= len(ids):
            return self._end()
        return (place, min(part, len(self.rows_of(id)) - 1)) if ids[place] == id else (place, 0)

    def _end(self) -> tuple[int, int]:
        """Where the first row stands when the last one is in sight."""
        return self._up(len(self.model.ids), 0, self.height)

    def _up(self, place: int, part: int, by: int) -> tuple[int, int]:
        ids, left = self.model.ids, by - part
        while left > 0 and place > 0:
            place -= 1
            left -= len(self.rows_of(ids[place]))
        return (place, -left) if left <= 0 else (0, 0)

    def _down(self, place: int, part: int, by: int) -> tuple[int, int]:
        ids, left = self.model.ids, by + part
        while place < len(ids) - 1 and left >= (size := len(self.rows_of(ids[place]))):
            left -= size
            place += 1
        return place, min(left, len(self.rows_of(ids[place])) - 1)

    def _remember(self, place: int, part: int) -> None:
        self._top = (self.model.ids[place], part)
