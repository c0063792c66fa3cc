"""A widget of drawn lines, of which only those cells reach the terminal again that look different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from clusterctl.tui.paint.pieces import Piece, Tone
from clusterctl.tui.paint.tones import SCHEMES, Scheme, parsed, scheme_of
from clusterctl.tui.table.drawing import Cell, Drawn, differences, within


class Canvas(Widget, can_focus=True):
    """Draws what ``draw`` returns; call ``repaint`` whenever that may be something else.

    A whole table is drawn anew each time, in memory, and compared: that is cheaper than knowing what may have changed.
    """

    DEFAULT_CSS = "Canvas { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Drawn] = []
        self._strips: dict[int, tuple[Drawn, Style, Strip]] = {}
        self._ground = Style.null()

    def draw(self, width: int, height: int) -> Sequence[Drawn]:
        """The lines from the top; what is missing is blank."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Draw, and let the terminal have what has changed."""
        width, height = self.size
        if not width or not height:
            return
        old, self._lines = self._lines, list(self.draw(width, height))[:height]
        self._lines += [Drawn()] * (height - len(self._lines))
        if len(old) != height:
            self.refresh()
            return
        spans: list[Region] = []
        for y, (before, after) in enumerate(zip(old, self._lines, strict=True)):
            if before is not after:
                found = differences(before, after, width)
                spans += [Region(x, y, room, 1) for x, room in found]
                if not found:
                    self._lines[y] = before  # its strip is known
        if spans:
            self.refresh(*spans)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style  # asked once for all lines: Textual thinks it over each time
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self._ground
        if y >= len(self._lines):
            return Strip.blank(width, base)
        drawn = self._lines[y]
        known = self._strips.get(y)
        if known is None or known[0] is not drawn or known[1] != base or known[2].cell_length != width:
            known = (drawn, base, strip_of(drawn, width, base, scheme_of(self.app)))
            self._strips[y] = known
        return known[2]

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [each for each in super().get_line_filters() if not isinstance(each, ANSIToTruecolor)]  # ours are true

    def on_resize(self) -> None:
        self._lines, self._strips = [], {}
        self.repaint()

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    def notify_style_update(self) -> None:
        self._strips = {}
        super().notify_style_update()


def strip_of(drawn: Drawn, width: int, base: Style, scheme: Scheme) -> Strip:
    """A line, in the colours of a theme."""
    ground = base + parsed(getattr(scheme, drawn.bar)) if drawn.bar else base
    inks = inks_on(ground, scheme.name)
    strip = Strip([Segment(text, inks[tone]) for text, tone in filled(drawn.cells, width) if text], width)
    if not drawn.thumb:
        return strip
    end = Segment.apply_style(strip.crop(width - 1, width), None, parsed(scheme.thumb))
    return Strip([*strip.crop(0, width - 1), *end], width)


@lru_cache(64)
def inks_on(ground: Style, name: str) -> Mapping[Tone, Style]:
    """Every tone of the scheme of that *name* on a ground."""
    return {tone: ground + parsed(style) for tone, style in SCHEMES[name].tones.items()}


def filled(cells: Sequence[Cell], width: int) -> list[Piece]:
    """The pieces of a whole line, with blanks between and behind; nothing beyond its end."""
    pieces: list[Piece] = []
    x = 0
    for cell in within(cells, width):
        pieces += [Piece(" " * (cell.x - x))] if cell.x > x else []
        pieces += cell.pieces
        x = cell.x + cell.width
    return [*pieces, Piece(" " * (width - x))]
