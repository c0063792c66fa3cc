"""The whole console, brought nothing but strange texts: each string field of all that it shows has each of them.

Nothing breaks, nothing of them reaches the terminal as a command, and every line is as wide as the terminal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.widgets import Input

from clusterctl.model.console import NAMES
from clusterctl.text import cells
from clusterctl.tui import once
from clusterctl.tui.app import Console
from clusterctl.tui.dialogs.confirm import Confirmation
from clusterctl.tui.dialogs.question import Question
from clusterctl.tui.once import Asked
from tests.console.top.acting import asked, dialog_of
from tests.console.top.easel import Capture
from tests.console.top.hostile_stage import HostileSource
from tests.console.top.pilot import lines, until
from tests.console.top.spoiling import DECIDING, TEXTS
from tests.console.top.test_deed_words import CONTROL
from tests.console.top.watched import Watched

ALL, SOME, FEW = range(len(TEXTS)), range(0, len(TEXTS), 8), range(2)
LISTS = {"1": "overview", "2": "workers", "3": "jobs", "5": "claims", "7": "doctor", "8": "services", "a": "audit"}
SAVED = {"3": "j", "8": "c", "2": "c", "a": "j"}  # on which screens an export is made, and its key
SIZES = {(80, 24): ALL, (160, 48): FEW}  # at how many turns a page is looked at


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which exports come to lie."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path))
    return tmp_path


def test_nothing_that_a_stranger_wrote_breaks_or_commands_the_console(home: Path) -> None:
    source = HostileSource(home)
    for size, turns in SIZES.items():
        play_on(source, size, turns)
    for field, texts in source.spoiler.carried.items():
        assert len(texts) >= (len(TEXTS) // 2 if field[1] in DECIDING else len(TEXTS)), field
    assert {file.suffix for file in saved()} == {".csv", ".json"}
    for file in saved():
        assert not CONTROL.search(file.read_text(encoding="utf-8").replace("\n", "")), file


def saved() -> list[Path]:
    """The exports that lie here."""
    return [file for file in Path.home().rglob("clusterctl-*") if file.is_file()]


def play_on(source: HostileSource, size: tuple[int, int], turns: range) -> None:
    """Everything that one can look at, and do, on a terminal of that size."""
    source.come_back()
    console = Console(source, driver_class=Capture, interval=60.0, clock=lambda: 0.0)

    async def run() -> None:
        async with console.run_test(headless=False, size=size, notifications=True) as pilot:
            await until(pilot, lambda: console.is_ready, "the first look")
            watched = Watched(source, size, pilot)
            for key in LISTS:
                await see_list(watched, key, FEW if key == "1" else turns)  # its pages are those of others
            await see_why_and_log(watched, turns)
            await see_stuck_and_trends(watched)
            await write_into_lines(watched, TEXTS if turns is ALL else TEXTS[::8])
            await act(watched, "2387" if turns is ALL else "2")
            await lose(watched)
        assert watched.copied
        assert not [text for text in watched.copied if CONTROL.search(text.replace("\n", ""))]

    asyncio.run(run())


async def see_list(watched: Watched, key: str, turns: range) -> None:
    """A screen, the page about one of its rows, all fields of it, and what can be taken away."""
    await watched.arrive(key)
    await watched.press("G", "g", "j", "enter")
    for number in turns:
        await watched.turn(number)
        if number % 8 == 3:
            await watched.press("G", "g")
    await watched.press("escape", "Y", "y", "i", "G", "c", "x", "escape")
    if key in SAVED:
        before = [(file, file.stat().st_mtime_ns) for file in saved()]  # a second one may bear the same name
        await watched.press("e", SAVED[key])
        await watched.until(lambda: before != [(file, file.stat().st_mtime_ns) for file in saved()], "an export")
        await watched.sound()


async def see_why_and_log(watched: Watched, turns: range) -> None:
    """Why a job is where it is, and what it wrote."""
    await watched.press("3", "w")
    for number in turns:
        await watched.turn(number, keeps=False)
    await watched.press("G", "escape", "l")
    await watched.until(lambda: any("lines" in line for line in lines(watched.console)), "a log")
    await watched.press("g", "l", "s", "G", "slash", "e", "escape", "escape")


async def see_stuck_and_trends(watched: Watched) -> None:
    """What is stuck, the history, the keys, and which columns there are."""
    await watched.arrive("4")
    await watched.press("j", "enter", "G", "escape", "i", "escape", "C", "escape", "question_mark", "G", "escape")
    await watched.press("6", "left", "tab", "right_parenthesis")
    for number in FEW:
        await watched.turn(number)


async def write_into_lines(watched: Watched, texts: Sequence[str]) -> None:
    """Filters that are no filters, and the palette, which finds things by their names."""
    console = watched.console
    await watched.press("2", "slash")
    for text in texts:
        console.query_one("#filter", Input).insert_text_at_cursor(text)
        await watched.sound()
        console.bar.type("")
    for text in texts[::4]:
        console.filter_by(text)
        await watched.sound()
    await watched.press("escape", "escape", "colon", *"work")
    await watched.press("escape")


async def act(watched: Watched, screens: str) -> None:
    """Whatever is offered for a row: the questions, the dialogs, the toasts, and the list of what came of it."""
    console = watched.console
    for key in screens:
        await watched.arrive(key)
        await watched.press("g")
        offers = [offer for offer in console.offers() if not offer.why_not]
        for offer in offers:
            watched.source.begun += 1
            watched.source.spoiler.turn = watched.source.begun
            console.begin(offer)
            await watched.sound()
            if isinstance(console.screen, Question):
                await watched.press(*("5" if offer.asks == "replicas" else "1d"), "enter")
            await decide(watched)
    await watched.press("O", "G", "escape")


async def decide(watched: Watched) -> None:
    """Say yes where that is a key, and no where more is wanted."""
    console = watched.console
    if not isinstance(console.screen, Confirmation):
        await watched.press("escape")
        return
    dialog = await asked(watched.pilot)
    await watched.sound()
    if dialog.proposal is not None and dialog.proposal.typed:
        await watched.press("z", "enter", "escape", "escape")
    elif watched.source.begun % 4:
        await watched.press("y")
    else:
        await watched.press("c", "r", "z", "enter", "y")
    await watched.until(lambda: dialog_of(console) is None, "the dialog to go")
    await watched.sound()


async def lose(watched: Watched) -> None:
    """Postgres is away, and nobody answers, in strange words."""
    watched.source.go_away()
    for key in "38":
        await watched.press(key, "j", "r")
        for number in SOME:
            watched.source.spoiler.turn = number
            watched.source.go_away()
            await watched.press("r")


@pytest.mark.parametrize("width", [0, 80, 160])
def test_a_screen_is_told_once_in_harmless_lines(tmp_path: Path, width: int) -> None:
    source = HostileSource(tmp_path)
    for name in NAMES:
        for number in SOME:
            source.spoiler.turn, source.keeps = number, number % 16 == 0
            plain = Asked(name, cluster=source.spoiler.text("cluster"), width=width, ascii=source.keeps)
            seen = once.see(source, plain)
            told = once.as_text(once.painted(seen, plain), colour=False, ascii=plain.ascii).splitlines()
            assert not width or max(map(cells, told)) <= width, max(told, key=cells)
            assert not CONTROL.search("".join(told))
            assert plain.ascii <= all(map(str.isascii, told))
