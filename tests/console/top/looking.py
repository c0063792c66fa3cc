"""How a screen is looked at in tests: when all that was asked for is there, without the frame around it."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual.pilot import Pilot

from clusterctl.tui.app import Console
from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.lists.courses import Courses
from clusterctl.tui.screens.screen import ConsoleScreen
from tests.console.top.pilot import lines, play, until
from tests.console.top.stage import StageSource

NAMES = {"overview": "1", "workers": "2", "jobs": "3", "claims": "5", "services": "8"}


def body(app: Console) -> str:
    """What the screen itself shows, without the frame around it."""
    region = app.here.region
    return "\n".join(line.rstrip() for line in lines(app)[region.y : region.bottom])


async def go(app: Console, pilot: Pilot[int], screen: str) -> None:
    """Go to that screen, and wait for its list."""
    await pilot.press(NAMES[screen])
    await until(pilot, lambda: app.here.name_of == screen and bool(app.here.shown()), f"the list of {screen}")


async def settled(app: Console, pilot: Pilot[int]) -> None:
    """All that was asked for has been answered, and is drawn."""
    await until(pilot, lambda: bool(app.here.shown()), "the list")
    await until(pilot, lambda: app.found.at is not None, "the findings")
    pane = app.here.query_one(DetailPane)
    if pane.region.width:
        await until(pilot, lambda: pane.topic is None or pane.told, "the page about the row")
    for name in ("courses", "trend"):
        if hasattr(app.here, name):
            await until(pilot, partial(has, app.here, name), name)
    await pilot.pause()


def has(screen: ConsoleScreen, name: str) -> bool:
    """Whether what it has asked for on the side is there."""
    answer = getattr(screen, name)
    return bool(answer.known) if isinstance(answer, Courses) else answer is not None


def seen(source: StageSource, screen: str, *keys: str, size: tuple[int, int] = (80, 24), **options: Any) -> str:
    """The body of a screen after some keys."""
    pictures = []

    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await go(app, pilot, screen)
        await pilot.press(*keys)
        await settled(app, pilot)
        pictures.append(body(app))

    play(source, scenario, size, clock=lambda: 0.0, **options)
    return pictures[0]
