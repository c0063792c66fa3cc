"""A widget that shows painted lines, and draws only those of them again that have changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from clusterctl.tui.paint.pieces import Line, fit
from clusterctl.tui.paint.tones import glyphs_of, style_of


class Painted(Widget):
    """As many lines as it was given; it is as high as they are many."""

    DEFAULT_CSS = "Painted { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []

    def show(self, lines: Sequence[Line]) -> None:
        """Show these instead."""
        before, self._lines = self._lines, [list(line) for line in lines]
        if len(before) != len(self._lines):
            self.refresh(layout=True)
            return
        changed = [Region(0, y, self.size.width, 1) for y, line in enumerate(self._lines) if line != before[y]]
        if changed:
            self.refresh(*changed)

    def get_content_height(self, *_: object) -> int:
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else []
        width = self.size.width
        pieces = fit(line, width, cut=glyphs_of(self.app).cut)
        segments = [Segment(piece.text, self.rich_style + style_of(piece.tone, self.app)) for piece in pieces]
        return Strip(segments, width)
