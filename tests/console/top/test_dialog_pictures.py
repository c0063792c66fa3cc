"""What the dialogs look like."""

from __future__ import annotations

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from clusterctl.tui.app import Console
from tests.console.top.acting import asked
from tests.console.top.pilot import lines, play, shows, until
from tests.console.top.test_every_deed import a_stage, go

# The screen, the keys there, what is to be seen when it is drawn, and whether it asks for a yes.
PICTURES: dict[str, tuple[str, str, str, bool]] = {
    "menu": ("3", "x", "Cancel job 1", False),
    "cancel": ("3", "K", "$ clusterctl cancel 1", True),
    "mend": ("4", "F", "reserved", True),
    "drain": ("2", "P", "U within 10 s", True),
    "scale": ("8", "S", "How many replicas", False),
    "prune": ("3", "x k enter j o b s space 7 d enter", "Type", True),
}
SIZES = [(80, 24), (160, 48)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PICTURES)
def test_dialog(name: str, size: tuple[int, int], drawn: SnapshotAssertion) -> None:
    assert picture(name, size) == drawn


@pytest.mark.parametrize("name", ["menu", "cancel", "prune"])
def test_dialog_where_there_is_little_room_and_no_sign_but_ascii(name: str, drawn: SnapshotAssertion) -> None:
    text = picture(name, (60, 16), ascii=True)
    assert text.isascii()
    assert text == drawn


def picture(name: str, size: tuple[int, int], **options: Any) -> str:
    """The dialog, line by line."""
    screen, keys, words, asks = PICTURES[name]
    seen: list[str] = []

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await go(console, pilot, screen)
        await until(pilot, lambda: bool(console.found.findings), "findings")
        for key in keys.split():
            await pilot.press(*(["j"] * 20 if key == "k" else [key]))
        if asks:
            await asked(pilot)
        await shows(pilot, words)
        box = console.screen.query_one("#box").region  # what is below belongs to others
        seen.extend(line[box.x : box.right] for line in lines(console)[box.y : box.bottom])

    play(a_stage(), scenario, size=size, clock=lambda: 0.0, **options)
    return "\n".join(seen)
