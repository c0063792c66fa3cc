"""The tabs stand still: which screen is shown, and how much is wrong, does not make them jump."""

from __future__ import annotations

import pytest

from clusterctl.text import cells
from clusterctl.tui.app import SCREENS
from clusterctl.tui.frame.tabs import Tab, tab_at, tab_line
from clusterctl.tui.paint.pieces import Glyphs

GLYPHS = Glyphs()
TITLES = [screen.title for key, screen in SCREENS if key.isdecimal()]


def tabs(here: str, *guests: str, badge: int = 3) -> list[Tab]:
    """All of them, with badges where screens have them."""
    badges = {"Stuck": badge, "Doctor": badge}
    settled = [Tab(str(at), name, name == here, badges.get(name, 0)) for at, name in enumerate(TITLES, 1)]
    return [*settled, *(Tab("a", name, name == here, guest=True) for name in guests)]


def drawn(here: str, width: int, *guests: str, badge: int = 3) -> str:
    """Their line."""
    return "".join(piece.text for piece in tab_line(tabs(here, *guests, badge=badge), width, GLYPHS))


@pytest.mark.parametrize("width", [60, 70, 80, 100, 160])
def test_whichever_screen_is_shown_the_names_of_the_others_are_written_alike(width: int) -> None:
    shown = {here: drawn(here, width).split() for here in TITLES}
    for at, name in enumerate(TITLES, 1):
        written = {words[words.index(str(at)) + 1] for here, words in shown.items() if here != name}
        assert len(written) == 1, f"{name} is written {written} at {width} columns"


@pytest.mark.parametrize("guest", ["Audit", "Logs"])
def test_a_screen_without_a_number_moves_no_tab_but_the_last(guest: str) -> None:
    without, line = drawn("", 80), drawn(guest, 80, guest)
    assert line.startswith(without[: without.index("8 ")])
    assert f"a {guest}" in line
    assert cells(line) == 80


@pytest.mark.parametrize("width", [60, 80])
def test_badges_that_come_leave_the_names_as_they_are(width: int) -> None:
    assert drawn("Jobs", width, badge=1).replace("▲1", "").split() == drawn("Jobs", width, badge=0).split()


def test_a_click_finds_the_tab_that_is_drawn_there() -> None:
    line = drawn("Audit", 80, "Audit")
    tab = tab_at(tabs("Audit", "Audit"), 80, GLYPHS, line.index("a Audit") + 3)
    assert tab is not None
    assert tab.title == "Audit"
