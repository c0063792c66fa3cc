"""A console on a stand: it is given its looks by hand, its clock is turned by them, and what it writes is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import process_time
from typing import Any, TypeVar, cast

from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from bench.crowd import Crowd
from clusterctl.tui import app
from clusterctl.tui.app import Console
from clusterctl.tui.engine.connection import Connection
from clusterctl.tui.engine.messages import Looked

SIZE = (160, 48)
INTERVAL = 2  # seconds between two looks, as `top` has it
T = TypeVar("T")


class Counting(HeadlessDriver):
    """A terminal that counts what it is given."""

    letters = 0

    @property
    def is_headless(self) -> bool:
        """It wants to be written to."""
        return False

    def write(self, data: str) -> None:
        """As many bytes as that is."""
        Counting.letters += len(data.encode())

    def flush(self) -> None:
        """It is counted already."""


class Watched(Console):
    """A console that tells when it has drawn."""

    CSS_PATH = str(Path(app.__file__).with_name("app.tcss"))  # else it is looked for beside this module

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.drawn = asyncio.Event()

    def post_display_hook(self) -> None:
        """Called by Textual."""
        self.drawn.set()


class Stand:
    """A console that is given its looks by hand: its own come once an hour. Its clock is turned by them."""

    def __init__(self, screen: str, crowd: Crowd | None = None) -> None:
        self.seconds = 0.0
        self.crowd = crowd or Crowd()
        self.console = Watched(
            cast("Any", self.crowd), driver_class=Counting, interval=3600.0, screen=screen, clock=lambda: self.seconds
        )

    def play(self, scenario: Callable[[Stand, Pilot[int]], Awaitable[T]], size: tuple[int, int] = SIZE) -> T:
        """Open it, let *scenario* play with it, and close it; what came of it."""

        async def run() -> T:
            async with self.console.run_test(headless=False, size=size) as pilot:
                while not self.console.is_ready:
                    await pilot.pause(0.01)
                return await scenario(self, pilot)

        return asyncio.run(run())

    def look(self, changes: int) -> Looked:
        """The next look, an interval later."""
        self.seconds += INTERVAL
        look = self.crowd.look(self.console.here.want(), changes)
        return Looked(look, self.seconds, Connection(answered_at=self.seconds))

    async def show(self, changes: int, pilot: Pilot[int]) -> float:
        """CPU milliseconds of taking in the next look, and drawing it."""
        look = self.look(changes)
        return await self.cost(lambda: self.console.post_message(look), pilot)

    async def rest(self, pilot: Pilot[int]) -> None:
        """All of an interval in which nothing happens: a tick each second, what is asked meanwhile, and the look."""
        for _ in range(INTERVAL):
            self.seconds += 1.0
            self.console.tick()
            await pilot.pause(0.02)  # questions are answered by another thread
        self.seconds -= INTERVAL
        self.console.post_message(self.look(0))
        await pilot.pause(0.02)

    async def press(self, key: str, pilot: Pilot[int]) -> float:
        """CPU milliseconds from a key to what it draws."""
        event = events.Key(key, None)
        return await self.cost(lambda: self.console.post_message(event), pilot)

    async def cost(self, act: Callable[[], object], pilot: Pilot[int]) -> float:
        """CPU milliseconds of *act*, until the terminal has what comes of it."""
        self.console.drawn.clear()
        begun = process_time()
        act()
        await self.console.drawn.wait()
        took = (process_time() - begun) * 1e3
        await pilot.pause()  # it has its own costs
        return took
