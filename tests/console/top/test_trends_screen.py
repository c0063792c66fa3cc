"""Trends: any series over any span, a cursor that stays at its moment, and a chart that never stands in a key's way."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from clusterctl.model.errors import Outage
from clusterctl.model.trends import Trend
from clusterctl.tui.app import Console
from clusterctl.tui.paint import charts
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Sight
from clusterctl.tui.painters.trends import PANELS, SPANS, View, moved, page
from clusterctl.tui.screens.trends import AROUND_S, TrendChart
from tests.console.top.ill import IllSource
from tests.console.top.pilot import Scenario, lines, play, shows, until
from tests.console.top.stage import NOW

SIGHT = Sight(at=NOW)


def still(source: IllSource, scenario: Scenario, size: tuple[int, int] = (80, 24), **options: Any) -> Console:
    """Play it while no time passes."""
    return play(source, scenario, size, clock=lambda: 0.0, **options)


def text(trend: Trend | None, view: View = View(), size: tuple[int, int] = (80, 20), **other: Any) -> list[str]:  # noqa: B008 - it is frozen
    sight = SIGHT._replace(glyphs=other.pop("glyphs", Glyphs()))
    return ["".join(piece.text for piece in line) for line in page(trend, view, sight, size, **other)]


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (60, 16)])
def test_trends_look_as_they_did(drawn: SnapshotAssertion, size: tuple[int, int]) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await shows(pilot, "data: 1 point per")
        assert drawn == "\n".join(lines(console))

    still(IllSource(), scenario, size)


def test_keys_choose_the_series_the_span_and_the_moment(drawn: SnapshotAssertion) -> None:
    source = IllSource()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await shows(pilot, "[1h]", "[queue]", "now  pending")
        await pilot.press("tab", "tab")
        await shows(pilot, "[cpu]", "allocated 52", "total 96")
        await pilot.press("right_parenthesis")
        await shows(pilot, "[6h]")
        await until(pilot, lambda: source.asked_trends[-1][0] == 6 * 3600, "the question for six hours")
        await pilot.press("left_parenthesis", "left_parenthesis")
        await shows(pilot, "[15m]", "data: 1 point per 15s")
        await pilot.press("shift+tab", *["left"] * 10)
        await shows(pilot, "[wait]", "at 14:01")
        assert drawn == "\n".join(lines(console))
        await pilot.press("escape")
        await shows(pilot, "now  p95")

    still(source, scenario)


def test_in_ascii_nothing_else_is_drawn(drawn: SnapshotAssertion) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        shown = await shows(pilot, "data: 1 point per")
        assert all(line.isascii() for line in shown)
        assert drawn == "\n".join(lines(console))

    still(IllSource(), scenario, ascii=True)


def test_an_empty_history_says_why() -> None:
    source = IllSource()
    source.history = False

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await shows(pilot, "no history yet", "now  pending -")

    still(source, scenario)


def test_a_question_that_fails_leaves_the_last_chart_and_says_so() -> None:
    source = IllSource()

    def away(span_s: float, points: int) -> Trend:
        raise Outage("postgres", f"it went, {span_s} {points}")

    async def scenario(_: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await shows(pilot, "data: 1 point per")
        source.trend = away  # type: ignore[method-assign]  # the same source, with another day
        await pilot.press("r")
        await shows(pilot, "postgres unreachable", "now  pending 9", "└")

    still(source, scenario)


def test_what_happened_at_the_cursor_is_shown_in_the_audit() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await shows(pilot, "data: 1 point per")
        await pilot.press("left", "enter")
        await until(pilot, lambda: console.here.name_of == "audit", "the audit")
        at = NOW - timedelta(seconds=3600 / 79)
        begin, end = at - timedelta(seconds=AROUND_S), at + timedelta(seconds=AROUND_S)
        assert console.here.shape.text == f"at>={begin:%Y-%m-%dT%H:%M:%SZ} at<={end:%Y-%m-%dT%H:%M:%SZ}"
        assert not console.here.shape.trouble

    still(IllSource(), scenario)


def test_nothing_is_asked_or_drawn_while_nobody_sees_it() -> None:
    source = IllSource()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("6")
        await shows(pilot, "data: 1 point per")
        await pilot.press("4")
        await shows(pilot, "never started")
        asked, before = len(source.asked_trends), charts.drawn.cache_info()
        for _ in range(3):
            await pilot.press("r")
            await pilot.pause()
        assert len(source.asked_trends) == asked
        assert charts.drawn.cache_info() == before
        assert console.query_one(TrendChart).lines

    still(source, scenario)


@pytest.mark.parametrize("panel", range(len(PANELS)))
@pytest.mark.parametrize("glyphs", [Glyphs(), PLAIN_GLYPHS])
def test_every_series_fills_any_page(panel: int, glyphs: Glyphs) -> None:
    for span, (_, span_s) in enumerate(SPANS):
        trend = IllSource().trend(span_s, 300)
        for size in [(60, 11), (80, 20), (160, 44)]:
            shown = text(trend, View(panel, span, NOW - timedelta(seconds=span_s / 3)), size, glyphs=glyphs)
            assert len(shown) == size[1]
            assert glyphs != PLAIN_GLYPHS or all(line.isascii() for line in shown)


def test_the_cursor_goes_by_columns_stops_at_the_oldest_and_is_none_at_the_newest() -> None:
    trend = IllSource().trend(3600, 100)
    once = moved(trend, View(), -1, 101)
    assert once.cursor == NOW - timedelta(seconds=36)
    assert moved(trend, once, 1, 101).cursor is None
    assert moved(trend, once, -1000, 101).cursor == NOW - timedelta(hours=1)


def test_a_new_chart_keeps_the_cursor_at_its_moment() -> None:
    trend = IllSource().trend(3600, 100)
    later = Trend(until=NOW + timedelta(minutes=5), span_s=3600, step_s=36, series=trend.series)
    view = View(cursor=NOW - timedelta(minutes=10))
    assert any("at 13:53" in line for line in text(trend, view))
    assert any("at 13:53" in line for line in text(later, view))


def test_a_chart_does_not_stand_in_a_keys_way() -> None:
    charts.prepare()
    trend, costs = IllSource().trend(86_400, 320), []
    for at in range(9):
        charts.drawn.cache_clear()
        begun = time.process_time()
        text(trend, View(2, 3, NOW - timedelta(seconds=at)), (160, 44))
        costs.append(time.process_time() - begun)
    assert sorted(costs)[4] < 3 * 0.023, "seconds of CPU; the budget is a third of that"
