"""What holds a page together: rules with a title, labels with what stands beside them, text over several lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from clusterctl.text import cells, visible
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, Tone, fit

LABEL = 11  # cells of the left column
GAP, LEAST = 2, 16  # cells between columns of a table, and of a last one that may wrap
LONGEST = 2000  # cells of a text: what is longer nobody reads here, and it would cost time at every look
NARROW = 40  # cells: beneath, a text stands under its label, not beside it


def rule(title: Line, width: int, glyphs: Glyphs, right: Line = ()) -> Line:
    """``─ Workers 9 up ─────────── as of 14:03:12 ─``: a line across, with what is beneath it."""
    aside = (Piece(" "), *right, Piece(" " + glyphs.rule, "dim")) if right else ()
    room = width - sum(cells(piece.text) for piece in aside)
    head = [Piece(glyphs.rule + " ", "dim"), *title, Piece(" ")]
    if room < sum(cells(piece.text) for piece in head):
        aside, room = (), width
    used = sum(cells(piece.text) for piece in head)
    return (*fit([*head, Piece(glyphs.rule * max(0, room - used), "dim")], room, cut=glyphs.cut), *aside)


def labelled(
    facts: Iterable[tuple[str, str]], width: int, tones: dict[str, Tone] | None = None, *, label_width: int = LABEL
) -> Iterator[Line]:
    """Labels and what stands beside them, over as many lines as it takes; a label with nothing is left out."""
    beside = width >= NARROW
    indent = label_width + 2 if beside else 3
    for label, text in facts:
        if not text:
            continue
        tone: Tone = (tones or {}).get(label, "plain")
        told = wrapped(text, width - indent)
        if beside:
            yield (Piece(f" {visible(label)[:label_width]:{label_width}} ", "dim"), Piece(told.pop(0), tone))
        else:
            yield (Piece(f" {visible(label)}", "dim"),)
        for line in told:
            yield (Piece(" " * indent), Piece(line, tone))


def wrapped(text: str, width: int) -> list[str]:
    """What a stranger wrote, made visible, in lines of at most *width* cells; at least one."""
    shown, width = visible(text, LONGEST), max(width, 8)
    if shown.isascii():
        return textwrap.wrap(shown, width, break_on_hyphens=False) or [""]
    return list(wide_lines(shown, width)) or [""]


def wide_lines(text: str, width: int) -> Iterator[str]:
    """The same where letters may take two cells: textwrap counts letters. Each letter is measured once or twice."""
    line, used = "", 0
    for word in text.split(" "):
        size = cells(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            yield line
        line, used = word, size
        while used > width:
            head = heading(line, width)
            yield head
            line, used = line[len(head) :], used - cells(head)
    if line:
        yield line


def heading(text: str, width: int) -> str:
    """As many letters of its beginning as fit; at least one."""
    taken = 0
    for at, letter in enumerate(text):
        taken += cells(letter)
        if taken > width and at:
            return text[:at]
    return text


def grid(
    titles: Sequence[str], rows: Sequence[Sequence[Piece]], width: int, *, right: Iterable[int] = ()
) -> list[Line]:
    """A small table: titles, then rows. Each column is as wide as it must be.

    The last one takes what is left, and as many lines as that needs; where that is too little it is cut. *right*: the
    columns that are aligned at their end.
    """
    ends = set(right)
    every = range(len(titles))
    head = [Piece(title, "dim") for title in titles]
    widths = [max(cells(row[at].text) for row in (head, *rows)) for at in every]
    indent = sum(widths[:-1]) + GAP * len(widths[:-1]) + 1
    widths[-1] = min(widths[-1], max(width - indent, 1))
    lines: list[Line] = []
    for row in (head, *rows):
        first, *more = wrapped(row[-1].text, widths[-1]) if widths[-1] >= LEAST else [row[-1].text]
        pieces: list[Piece] = []
        for at, piece in enumerate((*row[:-1], Piece(first, row[-1].tone))):
            pieces += [Piece(" " * (GAP if at else 1)), *fit([piece], widths[at], right=at in ends)]
        lines.append(fit(pieces, width))
        lines += [fit([Piece(" " * indent), Piece(line, row[-1].tone)], width) for line in more]
    return lines
