"""A line of a log as it is shown: its colours kept, everything else that would command a terminal made visible.

Of all escape sequences only SGR (``ESC [ … m``, ECMA-48 8.3.117) is obeyed, and only as a tone: so it can be read on
every theme, and cannot hide anything by painting it in the colour of its ground.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clusterctl.text import cells, visible
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, Tone

TAB = 8
SGR = re.compile(r"\x1b\[([0-9;:]*)m")
HUES: tuple[Tone, ...] = ("dim", "bad", "good", "warning", "allocated", "reserved", "accent", "plain")  # black … white
ERROR = re.compile(
    r"\b(?:error|errors|exception|traceback|fatal|panic|panicked|critical|fail|failed|failure|segfault|aborted)\b"
    r"|\b\w+(?:Error|Exception)\b|segmentation fault|out of memory",
    re.IGNORECASE,
)


def plain(raw: str) -> str:
    """The text of a line without its colours: what is searched."""
    return SGR.sub("", raw) if "\x1b" in raw else raw


def overwritten(raw: str) -> str:
    """What is left on a line after its carriage returns: a progress bar shows its last state."""
    return raw.rstrip("\r").rpartition("\r")[2] if "\r" in raw else raw


def pieces_of(raw: str) -> list[Piece]:
    """A raw line, as it is shown."""
    text = overwritten(raw)
    if "\x1b" not in text:
        return [Piece(visible(with_blanks(text, 0)))] if text else []
    found: list[Piece] = []
    column, pen, at = 0, Pen(), 0
    for sequence in (*SGR.finditer(text), None):
        part = text[at : sequence.start() if sequence else len(text)]
        if part:
            shown = visible(with_blanks(part, column))
            column += cells(shown)
            found.append(Piece(shown, pen.tone))
        if sequence:
            pen.obey(sequence[1])
            at = sequence.end()
    return found


def with_blanks(text: str, column: int) -> str:
    """*text*, which begins in *column*, with blanks instead of tabs."""
    if "\t" not in text:
        return text
    parts = []
    for part in re.split("(\t)", text):
        added = " " * (TAB - column % TAB) if part == "\t" else part
        column += cells(visible(added))
        parts.append(added)
    return "".join(parts)


class Pen:
    """How a program writes just now, by the colours that it has asked for."""

    def __init__(self) -> None:
        self._ink: Tone | None = None
        self._ground: Tone | None = None
        self._bold = self._faint = False

    @property
    def tone(self) -> Tone:
        """What that means here. A coloured ground is told by its hue; a bold line by its weight."""
        for hue in (self._ink, self._ground):
            if hue is not None and hue not in ("plain", "dim"):
                return hue
        return "dim" if self._faint or self._ink == "dim" else "title" if self._bold else "plain"

    def obey(self, parameters: str) -> None:
        """Take in one sequence; what is not known of it is left out."""
        codes = numbers(parameters)
        for code in codes:
            if code == 0:
                self._ink = self._ground = None
                self._bold = self._faint = False
            elif code in (1, 2, 22):
                self._bold, self._faint = code == 1, code == 2
            elif code in (38, 48):
                hue = extended(codes)
                self._ink, self._ground = (hue, self._ground) if code == 38 else (self._ink, hue)
            elif 30 <= code <= 39 or 90 <= code <= 97:
                self._ink = None if code == 39 else HUES[code % 10]
            elif 40 <= code <= 49 or 100 <= code <= 107:
                self._ground = None if code == 49 else HUES[code % 10]


def numbers(parameters: str) -> Iterator[int]:
    """The parameters of a sequence; one that is missing is 0."""
    return (int(each[:4] or 0) for each in re.split("[;:]", parameters))


def extended(codes: Iterator[int]) -> Tone | None:
    """What ``38;5;n`` or ``38;2;r;g;b`` means: the nearest of the eight hues."""
    kind = next(codes, 0)
    if kind == 5:
        number = next(codes, 0)
        if number < 16:
            return HUES[number % 8]
        if number >= 232:
            return "dim" if number < 244 else "plain"
        number -= 16
        return nearest(number // 36 * 51, number // 6 % 6 * 51, number % 6 * 51)
    return nearest(next(codes, 0), next(codes, 0), next(codes, 0)) if kind == 2 else None


def nearest(red: int, green: int, blue: int) -> Tone:
    """The hue of a colour: which of its parts are more than half as strong as the strongest."""
    most = max(red, green, blue)
    if most < 64:
        return "dim"
    return HUES[sum(bit for bit, part in ((1, red), (2, green), (4, blue)) if part * 3 > most * 2)]


def window(pieces: Line, total: int, left: int, width: int, glyphs: Glyphs) -> list[Piece]:
    """*width* cells of a line that takes *total*, from cell *left* on, with a sign where it goes on."""
    more = total > left + width
    stop, at, used = left + width - more, 0, 0
    kept: list[Piece] = []
    for text, tone in pieces:
        size = cells(text)
        if at + size > left and at < stop:
            kept.append(Piece(part_of(text, max(0, left - at), stop - at), tone))
            used += cells(kept[-1].text)
        at += size
    kept.append(Piece(" " * (stop - left - used)))
    return [*kept, Piece(glyphs.more, "accent")] if more else kept


def part_of(text: str, low: int, high: int) -> str:
    """The cells of *text* from *low* up to *high*; half of a wide letter is a blank."""
    if text.isascii():
        return text[low:high]
    letters, at = "", 0
    for letter in text:
        before, at = at, at + cells(letter)
        if before >= high and at > before:
            break
        if before >= low and at <= high:
            letters += letter if letters or at > before else ""
        elif at > low:
            letters += " " * (min(at, high) - max(before, low))
    return letters


def wrapped(pieces: Line, width: int) -> list[list[Piece]]:
    """A line as rows of at most *width* cells; an empty line is a row too."""
    rows: list[list[Piece]] = [[]]
    room = left = max(2, width)
    for whole, tone in pieces:
        text = whole
        while text:
            if not left:
                rows.append([])
                left = room
            fitting = text[:left] if text.isascii() else beginning(text, left)
            if fitting:
                rows[-1].append(Piece(fitting, tone))
            left = max(0, left - cells(fitting)) if fitting else 0
            text = text[len(fitting) :]
    return rows


def beginning(text: str, width: int) -> str:
    """As many whole letters of *text* as fit."""
    room = width
    for at, letter in enumerate(text):
        room -= cells(letter)
        if room < 0:
            return text[:at]
    return text


def highlighted(pieces: Line, found: Sequence[tuple[int, int]]) -> list[Piece]:
    """*pieces* with the spans *found* set off; counted in letters of all their text."""
    if not found:
        return list(pieces)
    result: list[Piece] = []
    at = 0
    for text, tone in pieces:
        position = 0
        for start, end in found:
            low, high = max(start - at, position), min(end - at, len(text))
            if low < high:
                result += [Piece(text[position:low], tone), Piece(text[low:high], "found")]
                position = high
        result.append(Piece(text[position:], tone))
        at += len(text)
    return [piece for piece in result if piece.text]
