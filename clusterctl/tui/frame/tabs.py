"""The line of screens: their keys, their names, how much is wrong behind each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from clusterctl.text import cells
from clusterctl.tui.paint.pieces import Glyphs, Line, Piece, Tone, fit

# Blanks before a tab, and letters of its name: the first that fits.
LAYOUTS = ((3, 99), (2, 99), (1, 99), (1, 4), (1, 3), (1, 2), (1, 0))
BADGES = 4  # cells that badges may take before the tabs are drawn otherwise: two of one digit


class Tab(NamedTuple):
    """One screen. ``badge``: how much there is wrong; ``tone``: how bad that is. ``guest``: only there while shown."""

    key: str
    title: str
    here: bool = False
    badge: int = 0
    tone: Tone = "warning"
    name: str = ""  # of the screen
    guest: bool = False


def tab_line(tabs: Sequence[Tab], width: int, glyphs: Glyphs) -> Line:
    """All of them, with names as long as there is room for; the badges are never left out."""
    return fit([piece for tab in laid_out(tabs, width, glyphs) for piece in tab], width, cut=glyphs.cut)


def tab_at(tabs: Sequence[Tab], width: int, glyphs: Glyphs, x: int) -> Tab | None:
    """The one that is drawn in column *x*: for the mouse."""
    for tab, pieces in zip(tabs, laid_out(tabs, width, glyphs), strict=True):
        x -= sum(cells(piece.text) for piece in pieces)
        if x < 0:
            return tab
    return None


def laid_out(tabs: Sequence[Tab], width: int, glyphs: Glyphs) -> list[list[Piece]]:
    """Each of them, with the widest gaps and the longest names that *width* has room for.

    Which screen is shown makes no difference to that, and for a guest only the last ones before it give way: else all
    would jump at every step.
    """
    gap, length = next((each for each in LAYOUTS if most_needed(tabs, *each, glyphs) <= width), LAYOUTS[-1])
    found = [drawn(tab, gap, length, glyphs) for tab in tabs]
    if any(tab.guest for tab in tabs):
        for at in reversed(range(len(tabs))):
            if taken(found) <= width:
                break
            found[at] = found[at] if tabs[at].here else drawn(tabs[at], 1, 0, glyphs)
    return found


def most_needed(tabs: Sequence[Tab], gap: int, length: int, glyphs: Glyphs) -> int:
    """Cells for those that are always there, whichever of them is shown."""
    settled = [tab._replace(here=False) for tab in tabs if not tab.guest]
    plain = taken([drawn(tab._replace(badge=0), gap, length, glyphs) for tab in settled])
    badges = taken([drawn(tab, gap, length, glyphs) for tab in settled]) - plain
    longest = max((len(tab.title) - min(len(tab.title), length) for tab in settled), default=0)
    return plain + max(badges, BADGES) + longest


def taken(drawn_tabs: Sequence[Sequence[Piece]]) -> int:
    """Cells."""
    return sum(cells(piece.text) for pieces in drawn_tabs for piece in pieces)


def drawn(tab: Tab, gap: int, length: int, glyphs: Glyphs) -> list[Piece]:
    """One of them; the one that is shown has its whole name."""
    name = tab.title if tab.here else tab.title[:length]
    text = f"{tab.key} {name}".rstrip()
    badge = f"{glyphs.warn}{tab.badge}" if tab.badge else ""
    return [
        Piece(" " * gap),
        Piece(text, "accent" if tab.here else "dim"),
        *([Piece(badge, tab.tone)] if badge else []),
    ]
