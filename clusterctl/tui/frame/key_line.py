"""The line of keys at the bottom, and the title over a list. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from clusterctl.text import cells
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, data, fit

NAMES = {  # how keys are written, where that is not how Textual calls them
    "enter": "↵", "escape": "esc", "slash": "/", "colon": ":", "question_mark": "?", "grave_accent": "`",
    "plus": "+", "minus": "-", "left_square_bracket": "[", "right_square_bracket": "]", "comma": ",",
    "full_stop": ".", "asterisk": "*", "left_parenthesis": "(", "right_parenthesis": ")", "up": "↑", "down": "↓",
    "left": "←", "right": "→", "pagedown": "pgdn", "pageup": "pgup", "left_curly_bracket": "{",
    "right_curly_bracket": "}", "greater_than_sign": ">", "less_than_sign": "<", "equals_sign": "=",
    "ampersand": "&",
}  # fmt: skip
PLAIN_NAMES = {"↵": "enter", "↑": "up", "↓": "down", "←": "left", "→": "right"}


class Hint(NamedTuple):
    """A key and what it does; dimmed where it does nothing just now."""

    key: str
    text: str
    enabled: bool = True


def key_line(hints: Sequence[Hint], last: Sequence[Hint], width: int, glyphs: Glyphs) -> Line:
    """As many of *hints* as fit, the first ones, and after them all of *last*."""
    tail = [piece for hint in last for piece in drawn(hint)]
    room = width - sum(cells(piece.text) for piece in tail)
    line: list[Piece] = []
    for hint in hints:
        pieces = drawn(hint)
        room -= sum(cells(piece.text) for piece in pieces)
        if room < 0:
            break
        line += pieces
    return fit([*line, *tail], width, cut=glyphs.cut)


def drawn(hint: Hint) -> list[Piece]:
    """``↵ open``."""
    return [
        Piece(" "),
        Piece(hint.key, "accent" if hint.enabled else "dim"),
        Piece(f" {hint.text} ", "plain" if hint.enabled else "dim"),
    ]


def key_name(key: str, glyphs: Glyphs) -> str:
    """How a key is written: of several the first."""
    name = key.split(",", maxsplit=1)[0]
    ctrl, plus, letter = name.partition("+")
    shown = NAMES.get(letter if plus else name, letter if plus else name)
    shown = shown if glyphs.enter == "↵" else PLAIN_NAMES.get(shown, shown)
    return f"{ctrl}+{shown}" if plus else shown


class ListTitle(NamedTuple):
    """What is said over a list. ``shown`` of ``total``: with a filter; ``sort``: a title with its direction."""

    name: str
    total: int
    filtered: bool = False
    faults: bool = False
    marked: int = 0
    hidden: int = 0
    reached: int = 0  # how many the list has, where that is fewer
    sort: str = ""
    as_of: datetime | None = None
    held: str = ""
    looking: bool = False  # for what another filter leaves


def list_title(told: ListTitle, width: int, glyphs: Glyphs) -> Line:
    """``─ Jobs 41 match · 2 marked ──────── sort: WAIT ▼  as of 14:09:22``."""
    words = f"{told.total:,} match" if told.filtered else f"{told.total:,}"
    words = f"looking{glyphs.cut}" if told.looking else words
    parts = [f"{told.name} {words}"]
    parts += ["faults only"] if told.faults else []
    is_cut = 0 < told.reached < told.total and not told.looking
    parts += [f"the first {told.reached:,}"] if is_cut else []
    parts += [f"{told.marked} marked"] if told.marked else []
    parts += [f"{told.hidden} hidden by the filter"] if told.hidden else []
    left = [Piece(f"{glyphs.rule} "), data(f" {glyphs.dot} ".join(parts), "title"), Piece(" ")]
    asides = [told.held, f"sort: {told.sort}" if told.sort else ""]
    asides += [f"as of {told.as_of:%H:%M:%S}" if told.as_of else ""]
    right = "  ".join(aside for aside in asides if aside)
    used = sum(cells(piece.text) for piece in left) + cells(right)
    if used + 4 > width:
        right, used = "", used - cells(right)
    tail = f" {right} " if right else ""
    rule = glyphs.rule * max(0, width - used - (2 if right else 0) - 1)
    return fit([*left, Piece(rule, "dim"), Piece(tail, "dim"), Piece(glyphs.rule, "dim")], width, cut=glyphs.cut)
