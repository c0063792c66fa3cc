"""Lines of a dialog, which scroll where there is not enough room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, fit
from clusterctl.tui.paint.tones import style_of

SIGN = 2  # cells at the right, for a sign that there is more


class Sheet(ScrollView, can_focus=False):
    """Shows lines, and nothing else."""

    DEFAULT_CSS = "Sheet { height: auto; width: 100%; scrollbar-size: 0 0; }"

    @dataclass
    class Clicked(Message):
        """On which line."""

        at: int

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.lines: Sequence[Line] = ()
        self._shape: object = None

    def show(self, lines: Sequence[Line], most: int) -> None:
        """Show *lines*, as many of them at once as *most* allows."""
        shape = (list(lines), most, self.size.width)
        if shape == self._shape:
            return
        self._shape = shape
        self.lines = lines
        self.styles.height = max(1, min(len(lines), most))
        self.virtual_size = Size(self.size.width, len(lines))
        self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        at, width = y + int(self.scroll_offset.y), self.size.width
        line = self.lines[at] if at < len(self.lines) else [Piece("")]
        pieces = [*fit(line, width - SIGN, cut=self.glyphs.cut), Piece(" "), self.sign(y, at)]
        segments = [Segment(piece.text, style_of(piece.tone, self.app)) for piece in pieces]
        return Strip(segments, width).apply_style(self.rich_style)

    def sign(self, y: int, at: int) -> Piece:
        """That there are more lines above the first one, or below the last."""
        above = y == 0 and at > 0
        below = y == self.size.height - 1 and at < len(self.lines) - 1
        return Piece(self.glyphs.rising if above else self.glyphs.falling if below else " ", "accent")

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(event.y + int(self.scroll_offset.y)))

    def bring_into_sight(self, line: int) -> None:
        """Scroll as little as that takes."""
        top, height = int(self.scroll_offset.y), self.size.height
        if line < top or line >= top + height:
            self.scroll_to(y=line if line < top else line - height + 1, animate=False)

    def scroll_by(self, lines: int) -> None:
        """Up or down."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False)
