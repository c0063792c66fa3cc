"""What is drawn before anything was seen has the signs and the ground of all that comes after."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from clusterctl.tui.app import Console
from clusterctl.tui.details.pane import DetailPane
from clusterctl.tui.frame.painted import Painted
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Piece
from clusterctl.tui.painters import attention
from clusterctl.tui.screens.section import Section
from clusterctl.tui.screens.trends import TrendChart
from tests.console.top.pilot import lines, play, until
from tests.console.top.stage import small_cluster


class Plain(App[None]):
    """Widgets of the console on a terminal that knows only ASCII, before the first look."""

    glyphs = PLAIN_GLYPHS

    def compose(self) -> ComposeResult:
        yield Painted()
        yield Section(attention.COLUMNS, id="section")
        yield DetailPane()
        yield TrendChart()


def test_with_ascii_the_first_paint_is_ascii_too() -> None:
    app = Plain()
    shown: list[str] = []

    async def run() -> None:
        async with app.run_test(size=(60, 16)) as pilot:
            app.query_one(Painted).show([[Piece("x" * 100)]])
            await pilot.pause()
            shown.extend(lines(app))

    asyncio.run(run())
    text = "\n".join(shown)
    assert text.isascii(), text
    assert "x~" in text


def test_the_chart_stands_on_the_ground_of_the_theme() -> None:
    async def scenario(app: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await until(pilot, lambda: app.here.name_of == "trends" and bool(app.here.query_one(TrendChart).lines), "chart")
        segments = [each for y in range(5) for each in app.here.query_one(TrendChart).render_line(y)]
        assert segments
        assert all(each.style is not None and each.style.bgcolor is not None for each in segments)

    play(small_cluster(), scenario)
