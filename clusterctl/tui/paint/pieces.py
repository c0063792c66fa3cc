"""What is drawn, before any terminal: pieces of text with a tone each. The one border between data and the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from clusterctl.text import cells, visible

# What a piece means, not how it looks: the theme makes colours of it, and without colours nothing is lost.
Tone = Literal[
    "plain", "dim", "title", "accent", "good", "warning", "bad",
    "used", "allocated", "reserved", "free", "unknown", "found", "gone",
]  # fmt: skip


class Piece(NamedTuple):
    """Text that is safe to show, and what it means."""

    text: str
    tone: Tone = "plain"


Line = Sequence[Piece]


class Glyphs(NamedTuple):
    """The signs that are drawn. Each takes one cell."""

    used: str = "█"
    allocated: str = "▓"
    reserved: str = "░"
    free: str = "·"
    unknown: str = "╌"
    rule: str = "─"
    mark: str = "■"
    cursor: str = ">"
    live: str = "●"
    stale: str = "○"
    warn: str = "▲"
    rising: str = "▲"
    falling: str = "▼"
    cut: str = "…"
    dot: str = "·"
    arrow: str = "→"
    enter: str = "↵"
    steps: str = "▁▂▃▄▅▆▇█"
    gone: str = "×"
    more: str = "›"


PLAIN_GLYPHS = Glyphs(
    "#", "=", "-", ".", "?", "-", "*", ">", "*", "o", "!", "^", "v", "~", ".", ">", "<", "_.-=oO0@", "x", ">"
)  # for --ascii


class Sight(NamedTuple):
    """How things look at this moment: seconds since the data was seen, which are added to every age.

    ``at``: when that was, by the database's clock. A worker that is not heard for ``silent_after_s`` is silent, and
    lost after ``lost_after_s``.
    """

    elapsed_s: float = 0.0
    glyphs: Glyphs = Glyphs()
    stale: bool = False
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    silent_after_s: float = 15.0
    lost_after_s: float = 990.0

    @property
    def now(self) -> datetime:
        """By the database's clock."""
        return self.at + timedelta(seconds=self.elapsed_s)


def data(text: str, tone: Tone = "plain", width: int | None = None) -> Piece:
    """What a stranger wrote, as text that cannot move the cursor, hide or reorder anything."""
    return Piece(visible(text, width), tone)


def fit(pieces: Line, width: int, *, right: bool = False, cut: str = "…") -> list[Piece]:
    """Exactly *width* cells of *pieces*: padded, or cut with a sign at the end.

    Where even that sign is plain, so is all else (``--ascii``).
    """
    if cut.isascii():
        pieces = in_ascii(pieces, cut)
    used = 0
    for text, _ in pieces:
        used += len(text) if text.isascii() else cells(text)
    if used <= width:
        blanks = Piece(" " * (width - used))
        return [blanks, *pieces] if right else [*pieces, blanks]
    return shortened(pieces, width, cut)


PLAINLY = str.maketrans({"×": "x", "→": ">", "·": ".", "–": "-", "—": "-"})  # our own signs in sentences


def in_ascii(pieces: Line, cut: str) -> Line:
    """*pieces* for a terminal that knows no other letters: the rest as escapes."""
    if all(piece.text.isascii() for piece in pieces):
        return pieces
    return [
        Piece(text.replace("…", cut).translate(PLAINLY).encode("ascii", "backslashreplace").decode("ascii"), tone)
        for text, tone in pieces
    ]


def shortened(pieces: Line, width: int, cut: str) -> list[Piece]:
    """As much as fits into *width* cells, the last of them *cut*."""
    kept: list[Piece] = []
    room = width - cells(cut)
    for piece in pieces:
        if cells(piece.text) <= room:
            kept.append(piece)
            room -= cells(piece.text)
            continue
        end = 0
        for letter in piece.text:
            if cells(letter) > room:
                break
            room -= cells(letter)
            end += 1
        kept.append(Piece(piece.text[:end] + cut[: max(0, width)] + " " * room, piece.tone))
        break
    return kept
