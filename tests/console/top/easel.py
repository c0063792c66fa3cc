"""One widget on a screen of its own, with all that would go to the terminal kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from rich.color import ColorSystem
from textual.app import ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from clusterctl.tui.paint.tones import themes
from clusterctl.tui.terminal.thrift import ThriftyApp

Told = TypeVar("Told", bound=Message)
Scenario = Callable[["Easel", "Pilot[None]"], Awaitable[None]]


class Capture(HeadlessDriver):
    """A terminal that shows nothing and forgets nothing."""

    written: list[str]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.written = []

    @property
    def is_headless(self) -> bool:
        """It wants to be written to."""
        return False

    def write(self, data: str) -> None:
        """Keep it."""
        self.written.append(data)

    def flush(self) -> None:
        """It is there already."""


class Easel(ThriftyApp[None]):
    """Shows one widget; ``heard``: what it posted."""

    CSS = "Screen { background: $background; } Canvas { background: $background; color: $foreground; }"

    def __init__(self, widget: Widget, *, theme: str = "console-dark") -> None:
        super().__init__(driver_class=Capture, ansi_color=theme.startswith("ansi") or None)
        self.widget = widget
        self.console._color_system = ColorSystem.TRUECOLOR  # whatever terminal the tests run in
        self.heard: list[Message] = []
        self.seen: list[str] = []  # for what a scenario wants to keep
        for each in themes():
            self.register_theme(each)
        self.theme = theme

    def told(self, kind: type[Told]) -> list[Told]:
        """What the widget posted, of this *kind*."""
        return [message for message in self.heard if isinstance(message, kind)]

    async def _dispatch_message(self, message: Message) -> None:
        self.heard.append(message)
        await super()._dispatch_message(message)

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_mount(self) -> None:
        self.widget.focus()

    @property
    def written(self) -> list[str]:
        """All that went to the terminal, update by update."""
        assert isinstance(self._driver, Capture)
        return self._driver.written

    def lines(self) -> list[str]:
        """What is on the screen."""
        return [strip.text for strip in self.screen._compositor.render_strips()]


def show(widget: Widget, scenario: Scenario, size: tuple[int, int] = (80, 24), theme: str = "console-dark") -> Easel:
    """Put *widget* on a screen of *size* (columns, lines) and let *scenario* play with it."""
    easel = Easel(widget, theme=theme)

    async def run() -> None:
        async with easel.run_test(headless=False, size=size) as pilot:
            await pilot.pause()
            await scenario(easel, pilot)

    asyncio.run(run())
    return easel
