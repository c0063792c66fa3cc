"""What goes to the terminal at an update, written as shortly as it can be.

Textual writes a changed span from the left edge of its widget on, and sets and resets the style of each piece of it;
under a dialog it often writes all of the screen. Over a slow line that is ten times what is needed: here only those
cells are written that look otherwise than what stands there, and a style only where it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

from clusterctl.text import cells

RESET = "\x1b[0m"
GAP = 6  # cells that are alike, and yet written again: going over them takes as many bytes
Result = TypeVar("Result")
# A letter, and how it looks: the codes of its style; of a blank the ground, for it has no ink.
Cell = tuple[str, str | Color | None]
Rows = dict[int, list[Cell | None]]  # by line, from the left; None: nobody knows


class ThriftyApp(App[Result]):
    """An app that remembers what its terminal shows, and writes what is different."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.shown: Rows = {}

    def forget_terminal(self) -> None:
        """Others may have written on the terminal: all of it is written anew."""
        self.shown.clear()
        self.screen.refresh()

    def on_resize(self, _: events.Resize) -> None:
        """Also after the program was suspended: then the size is told anew."""
        self.shown.clear()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        shorter: Any = thrifty(renderable, self.shown)
        super()._display(screen, shorter)


class Thrifty(CompositorUpdate):
    """An update of Textual's that writes less. To be made and written at once, as Textual does.

    *shown*: what the terminal shows; what is written is noted there.
    """

    def __init__(self, update: ChopsUpdate | LayoutUpdate, shown: Rows) -> None:
        self._update = update
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        """The update as it goes to the terminal."""
        pen = Pen(console._color_system or ColorSystem.TRUECOLOR, self._shown)
        runs = partial(self._update) if isinstance(self._update, ChopsUpdate) else whole(self._update)
        for left, y, segments in runs:
            x = left
            for segment in segments:
                pen.draw(x, y, segment)
                x += segment.cell_length
        return pen.end()


def thrifty(update: object, shown: Rows) -> object:
    """*update*, but shorter, if it is of a kind that can be."""
    return Thrifty(update, shown) if isinstance(update, ChopsUpdate | LayoutUpdate) else update


def partial(update: ChopsUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    """The spans of a part of the screen: where each begins, and what it says."""
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= right or end <= left:
                continue
            start, stop = whole_letters(strip.text, max(left, x) - x, min(end, right) - x)
            yield x + start, y, without_orphans(strip.crop(start, stop))


def whole_letters(text: str, start: int, stop: int) -> tuple[int, int]:
    """The span from *start* to *stop* (cells), and all of the letters of which it has a half, or only the marks.

    Cut in two, a wide letter would be two blanks until something else draws it again.
    """
    if text.isascii():
        return start, stop
    at, of_letter, begin, end, is_clean = 0, 0, start, stop, True
    for letter in text:
        width = cells(letter)
        if width and is_clean:  # a cut behind a mark may take that mark along
            of_letter = at  # a mark is of the letter before
        is_clean = bool(width)
        if at < start < at + width or (not width and at == start):
            begin = of_letter
        if at < end < at + width:
            end = at + width
        elif not width and at == end:  # to cut behind it, one has to cut behind the next letter
            end = at + 1
        at += width
    return begin, min(end, at)


def whole(update: LayoutUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    """The lines of the whole screen."""
    for y, strips in enumerate(update.strips, update.region.y):
        yield update.region.x, y, (segment for strip in strips for segment in without_orphans(strip))


def without_orphans(segments: Iterable[Segment]) -> Iterator[Segment]:
    """*segments* without the marks at their beginning, whose letter lies under a dialog: there they would pile up."""
    is_begun = False
    for segment in segments:
        text, style, control = segment
        if not (is_begun or text.isascii()):
            text = text[next((at for at, letter in enumerate(text) if cells(letter)), len(text)) :]
            yield Segment(text, style, control)
        else:
            yield segment
        is_begun = is_begun or bool(text)


class Pen:
    """Writes for a terminal; knows what it shows, where it stands, and how it writes."""

    def __init__(self, colours: ColorSystem, shown: Rows) -> None:
        self._colours = colours
        self._shown = shown
        self._out: list[str] = []
        self._style: Style | None = None  # None: as it is after a reset
        self._at: tuple[int, int] | None = None

    def draw(self, x: int, y: int, segment: Segment) -> None:
        """What of *segment* does not stand there yet. Columns and lines are counted from 0."""
        text, style, width = segment.text, segment.style, segment.cell_length
        row = self._shown.setdefault(y, [])
        row += [None] * (x + width - len(row))
        if width != len(text) or not is_even(text):  # how wide each letter is, terminals do not agree on
            row[x : x + width] = [None] * width
            self._put(x, y, text, style, width)
            return
        codes, blank = self._codes(style), (" ", self._ground(style))
        old, new = row[x : x + width], [blank if letter == " " else (letter, codes) for letter in text]
        if old == new:
            return
        row[x : x + width] = new
        for start, end in differing(old, new):
            self._put(x + start, y, text[start:end], style, end - start)

    def _put(self, x: int, y: int, text: str, style: Style | None, width: int) -> None:
        if self._at != (x, y):
            ahead = x - self._at[0] if self._at and self._at[1] == y else 0
            self._out.append(f"\x1b[{ahead}C" if ahead > 0 else f"\x1b[{y + 1};{x + 1}H")
        if style is not self._style and not (text.isspace() and blanks_alike(self._style, style)):
            codes = self._codes(style)
            if codes != self._codes(self._style):
                self._out.append(f"\x1b[0;{codes}m" if codes else RESET)
            self._style = style
        self._out.append(text)
        self._at = (x + width, y)

    def end(self) -> str:
        """All that was written; after it the terminal writes plainly again."""
        if self._codes(self._style):
            self._out.append(RESET)
        return "".join(self._out)

    def _codes(self, style: Style | None) -> str:
        return "" if style is None else style._ansi or Strip.render_ansi(style, self._colours)

    def _ground(self, style: Style | None) -> str | Color | None:
        return self._codes(style) if style is None or has_lines(style) else style.bgcolor


def differing(old: Sequence[Cell | None], new: Sequence[Cell | None]) -> Iterator[tuple[int, int]]:
    """From where to where they are not the same; a little that is alike may lie within."""
    start = end = -1
    for at, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        if end < 0:
            start = at
        elif at - end > GAP:
            yield start, end
            start = at
        end = at + 1
    if end >= 0:
        yield start, end


def is_even(text: str) -> bool:
    """Whether each letter takes one cell, on every terminal."""
    return text.isascii() or all_single(text)


@lru_cache(4096)
def all_single(text: str) -> bool:
    """As above, of any letters."""
    return all(cells(letter) == 1 for letter in text)


def blanks_alike(one: Style | None, other: Style | None) -> bool:
    """Whether blanks look the same in both: they have no ink, but a ground."""
    if one is None or other is None:
        return False
    return one.bgcolor == other.bgcolor and not has_lines(one) and not has_lines(other)


def has_lines(style: Style) -> bool:
    """Whether its ink is seen in a blank too."""
    return bool(style.reverse or style.underline or style.strike or style.overline)
