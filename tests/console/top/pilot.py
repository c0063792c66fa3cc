"""Plays a scenario with the console: keys in, lines of the screen out. Waits for what shall be, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from textual.pilot import Pilot

from clusterctl.tui.app import Console
from clusterctl.tui.engine.source import Source
from tests.until import PATIENCE, PAUSE

T = TypeVar("T")
Scenario = Callable[[Console, "Pilot[int]"], Awaitable[None]]


def play(source: Source, scenario: Scenario, size: tuple[int, int] = (80, 24), **options: Any) -> Console:
    """Open a console of *size* (columns, lines) on *source*, let *scenario* play with it, and close it.

    *options* are the console's own. It is ready when the scenario begins: the first look has been shown, or has
    failed. Whatever is raised in the console is raised here. Toasts are shown.
    """
    console = Console(source, **options)

    async def run() -> None:
        async with console.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: console.is_ready, "the first look")
            await scenario(console, pilot)

    asyncio.run(run())
    return console


async def until(pilot: Pilot[int], predicate: Callable[[], T], what: str = "") -> T:
    """Let the console run until *predicate* is true, and return its answer. Fails with what is on the screen."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            shown = "\n".join(lines(pilot.app))
            raise AssertionError(f"waited {PATIENCE:g} s for {what or predicate!r}; on the screen:\n{shown}")
        await pilot.pause(PAUSE)
    return answer


async def shows(pilot: Pilot[int], *words: str) -> list[str]:
    """Wait until all of *words* are on the screen; its lines."""
    await until(pilot, lambda: all(word in "\n".join(lines(pilot.app)) for word in words), f"{words} on the screen")
    return lines(pilot.app)


async def hides(pilot: Pilot[int], *words: str) -> list[str]:
    """Wait until none of *words* is on the screen; its lines."""
    await until(pilot, lambda: not any(word in "\n".join(lines(pilot.app)) for word in words), f"{words} to go")
    return lines(pilot.app)


def lines(app: Any) -> list[str]:
    """What is on the screen, the dialog over it included: text only, as wide as the terminal."""
    return [strip.text for strip in app.screen._compositor.render_strips()]
