"""What goes to the terminal at an update, written as shortly as it can be.

Textual writes a changed span from the left edge of its widget on, and sets and resets the style of each piece of it.
Over a slow line that is ten times what is needed: here only the span itself is written, and a style only where it
changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

RESET = "\x1b[0m"


class Thrifty(CompositorUpdate):
    """An update of Textual's that writes less. To be made and written at once, as Textual does."""

    def __init__(self, update: ChopsUpdate | LayoutUpdate) -> None:
        self._update = update

    def render_segments(self, console: Console) -> str:
        """The update as it goes to the terminal."""
        pen = Pen(console._color_system or ColorSystem.TRUECOLOR)
        runs = partial(self._update) if isinstance(self._update, ChopsUpdate) else whole(self._update)
        for x, y, segments in runs:
            pen.move(x, y)
            for text, style, _ in segments:
                pen.write(text, style)
        return pen.end()


def thrifty(update: object) -> object:
    """*update*, but shorter, if it is of a kind that can be."""
    return Thrifty(update) if isinstance(update, ChopsUpdate | LayoutUpdate) else update


def partial(update: ChopsUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    """The spans of a part of the screen: where each begins, and what it says."""
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= right or end <= left:
                continue
            start = max(left, x)
            yield start, y, strip.crop(start - x, min(end, right) - x)


def whole(update: LayoutUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    """The lines of the whole screen."""
    for y, strips in enumerate(update.strips, update.region.y):
        yield update.region.x, y, (segment for strip in strips for segment in strip)


class Pen:
    """Writes for a terminal, and knows where it stands and how it writes."""

    def __init__(self, colours: ColorSystem) -> None:
        self._colours = colours
        self._out: list[str] = []
        self._style: Style | None = None  # None: as it is after a reset

    def move(self, x: int, y: int) -> None:
        """Go there; columns and lines are counted from 0."""
        self._out.append(f"\x1b[{y + 1};{x + 1}H")

    def write(self, text: str, style: Style | None) -> None:
        """Write *text* in that style."""
        if style is not self._style and not (text.isspace() and blanks_alike(self._style, style)):
            codes = self._codes(style)
            if codes != self._codes(self._style):
                self._out.append(f"\x1b[0;{codes}m" if codes else RESET)
            self._style = style
        self._out.append(text)

    def end(self) -> str:
        """All that was written; after it the terminal writes plainly again."""
        if self._codes(self._style):
            self._out.append(RESET)
        return "".join(self._out)

    def _codes(self, style: Style | None) -> str:
        return "" if style is None else style._ansi or Strip.render_ansi(style, self._colours)


def blanks_alike(one: Style | None, other: Style | None) -> bool:
    """Whether blanks look the same in both: they have no ink, but a ground."""
    if one is None or other is None:
        return False
    inked = any(style.reverse or style.underline or style.strike or style.overline for style in (one, other))
    return one.bgcolor == other.bgcolor and not inked
