"""The whole terminal in its three states, frame and all; and terminals without colours, or without more than ASCII."""

from __future__ import annotations

import asyncio
import re

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from clusterctl.model.errors import Outage
from clusterctl.tui.app import Console
from tests.console.top.acting import a_stage, on_jobs
from tests.console.top.easel import Capture
from tests.console.top.looking import settled
from tests.console.top.pilot import lines, play, shows, until

COLOURS = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
REVERSED = re.compile(r"\x1b\[(?:\d+;)*7(?:;\d+)*m")


def whole(app: Console) -> str:
    """All that is on the terminal."""
    return "\n".join(line.rstrip() for line in lines(app))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
@pytest.mark.parametrize("state", ["live", "stale", "read-only and paused"])
def test_the_frame_tells_what_one_may_rely_on(state: str, size: tuple[int, int], drawn: SnapshotAssertion) -> None:
    stage, now, pictures = a_stage(), [0.0], []

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await on_jobs(app, pilot)
        await settled(app, pilot)
        if state == "stale":
            stage.trouble = Outage("postgres", "Connection refused")
            now[0] = 30.0
            app.ask_again()  # of the list only: the page beside it could be answered before or after
            await until(pilot, lambda: app.sight().stale and app.outlook.postgres.failures, "old data")
            app.tick()
        elif state != "live":
            await pilot.press("p")
            await until(pilot, lambda: app.circumstances().paused, "a pause")
        await pilot.pause()
        tries = re.compile(r"try \d+ (now|in \d+s)")  # a matter of seconds
        pictures.append(tries.sub("try 2 now", whole(app)))

    play(stage, scenario, size, clock=lambda: now[0], interval=9.0, read_only=state.startswith("read-only"))
    assert pictures[0] == drawn


def written(monkeypatch: pytest.MonkeyPatch, *, colours: bool) -> str:
    """All that a console writes while one walks through it."""
    if colours:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", "1")
    console = Console(a_stage(), driver_class=Capture, clock=lambda: 0.0)

    async def run() -> str:
        async with console.run_test(headless=False, size=(160, 48), notifications=True) as pilot:
            await until(pilot, lambda: console.is_ready, "the first look")
            for key in "1234567a":
                await pilot.press(key)
            await on_jobs(console, pilot)
            console.say("something is wrong", "error")
            await shows(pilot, "something is wrong")
            await pilot.press("j", "space", "x")
            await shows(pilot, "Leave it")
            assert isinstance(console._driver, Capture)
            return "".join(console._driver.written)

    return asyncio.run(run())


def test_without_colours_no_byte_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = written(monkeypatch, colours=False)
    assert set(COLOURS.findall(plain)) == set()
    assert REVERSED.search(plain), "the cursor is told by turning black and white round"
    assert COLOURS.search(written(monkeypatch, colours=True))


def test_with_ascii_only_a_large_terminal_shows_nothing_else(drawn: SnapshotAssertion) -> None:
    pictures = []

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await on_jobs(app, pilot)
        await settled(app, pilot)
        for keys, words in ((("j", "enter"), "job 2"), (("z",), "job 2"), (("z", "colon", *"hold"), "Hold job 2")):
            app.say("something is wrong", "error")
            await pilot.press(*keys)
            await shows(pilot, "something is wrong", words)
            await settled(app, pilot)
            pictures.append(whole(app))

    play(a_stage(), scenario, (160, 48), ascii=True, clock=lambda: 0.0)
    for picture in pictures:
        assert picture.isascii(), [line for line in picture.splitlines() if not line.isascii()]
    assert pictures[0] == drawn
