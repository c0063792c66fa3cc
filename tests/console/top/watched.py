"""A console whose terminal is looked at: nothing but moves, colours and letters comes, and it shows what it should."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable

from textual.pilot import Pilot

from clusterctl.text import cells
from clusterctl.tui.app import Console
from clusterctl.tui.details.pane import DetailPane
from tests.console.top.easel import Capture
from tests.console.top.hostile_stage import HostileSource
from tests.console.top.pilot import lines
from tests.console.top.tube import Tube
from tests.until import PATIENCE

# Marks of a letter that lies under a dialog, or half of it: Textual holds them, some are not written, none is seen.
ORPHANS = re.compile("(?<=[│┐┘┤▌▐▕ ])[\u0300-\u036f\u1160-\u11ff\u20d0-\u20ff]+")
COPIED = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
OF_FINDINGS = ("overview", "stuck", "doctor")  # the screens that show them
UNASKED = ("audit",)  # whose pages are made of what is known


class Watched:
    """``copied``: what went to the clipboard."""

    def __init__(self, source: HostileSource, size: tuple[int, int], pilot: Pilot[int]) -> None:
        self.source, self.size, self.pilot = source, size, pilot
        assert isinstance(pilot.app, Console)
        self.console = pilot.app
        self.tube = Tube(*size)
        self.copied: list[str] = []

    def is_drawn(self) -> bool:
        """Let the terminal show what was written; whether it is what the console holds."""
        driver = self.console._driver
        assert isinstance(driver, Capture)
        written = "".join(driver.written)
        driver.written.clear()
        self.copied += [base64.b64decode(found).decode() for found in COPIED.findall(written)]
        self.tube.write(COPIED.sub("", written))
        return not self.differing()

    async def until(self, predicate: Callable[[], object], what: str) -> None:
        """Wait, without the round through all widgets that a pilot's pause is."""
        deadline = time.monotonic() + PATIENCE
        self.console.screen._on_timer_update()  # what is to be drawn, is drawn now
        while not predicate():
            assert time.monotonic() < deadline, f"waited for {what}; not drawn: {self.differing()!a}"
            assert self.console.crash is None, self.console.crash
            await asyncio.sleep(0.002)

    def differing(self) -> list[tuple[str, str]]:
        """The lines that stand otherwise on the terminal than the console holds them."""
        drawn, held = ([ORPHANS.sub("", line) for line in side] for side in (self.tube.lines(), lines(self.console)))
        if len(held) != self.size[1]:  # a dialog that has just been opened
            return [("", "nothing yet")]
        return [pair for pair in zip(drawn, held, strict=True) if pair[0] != pair[1]]

    async def sound(self) -> None:
        """All that was written so far was harmless, and stands where it should, on lines that fit exactly."""
        await self.until(self.is_drawn, "the terminal to show what there is")
        assert {cells(line) for line in self.tube.lines()} == {self.size[0]}

    async def press(self, *keys: str) -> None:
        """One after another, and after each a look at the terminal."""
        for key in keys:
            await self.pilot.press(key)
            await self.sound()

    async def arrive(self, key: str) -> None:
        """On another screen, with its list."""
        await self.press(key)
        await self.until(lambda: bool(self.console.here.shown()), "rows")
        await self.sound()

    async def turn(self, number: int, *, keeps: bool | None = None) -> None:
        """All strings become those of that turn, and are shown."""
        source, console = self.source, self.console
        source.spoiler.turn, source.keeps = number, number % 2 == 0 if keeps is None else keeps
        source.looks += 1
        console.outlook.cluster = source.spoiler.text("cluster")
        console.ask_again()
        await self.until(lambda: console.look is not None and console.look.at == source.now, "a look")
        if console.here.name_of in OF_FINDINGS:
            await self.find()
        pane = next((pane for pane in console.here.query(DetailPane) if pane.region.width and pane.topic), None)
        if pane is not None and console.here.name_of not in UNASKED:
            before = pane._story
            pane.look_again()
            await self.until(lambda: pane._story is not before, "a page")
        await self.sound()

    async def find(self) -> None:
        """Look for findings, and wait for what is found."""
        console, before = self.console, self.console.found
        console.findings_round.hurry()
        console.look_for_findings()
        await self.until(lambda: console.found is not before, "findings")
