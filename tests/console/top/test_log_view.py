"""The log on the screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual import events
from textual.pilot import Pilot

from clusterctl.tui.logs.view import LogView
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Sight
from tests.console.top.easel import Easel, show

Scenario = Callable[[Easel, "Pilot[None]", LogView], Awaitable[None]]


def play(text: str, scenario: Scenario, size: tuple[int, int] = (40, 6)) -> Easel:
    """A log of *text* on the screen."""
    view = LogView()

    async def play_it(easel: Easel, pilot: Pilot[None]) -> None:
        view.feed(text)
        await pilot.pause()
        await scenario(easel, pilot, view)

    return show(view, play_it, size)


def numbered(count: int) -> str:
    return "".join(f"line {number}\n" for number in range(1, count + 1))


def shown(easel: Easel) -> list[str]:
    """What is on the screen, without the blanks behind it."""
    return [line.rstrip() for line in easel.lines()]


def test_it_opens_at_the_end_and_follows() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        assert shown(easel)[-1] == "line 50"
        view.feed("more")
        view.feed(" and more\n")
        await pilot.pause()
        assert shown(easel)[-1] == "more and more"
        await pilot.press("k")
        view.feed("not seen\n")
        await pilot.pause()
        assert shown(easel)[-1] == "line 50"
        assert not view.state.following
        await pilot.press("G")
        await pilot.pause()
        assert shown(easel)[-1] == "not seen"

    play(numbered(50), scenario)


def test_its_lines_have_numbers_once_they_are_known() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        assert shown(easel)[-1] == "line 9"
        view.begins_at(101)
        await pilot.pause()
        assert shown(easel)[-1] == "109 line 9"

    play(numbered(9), scenario)


def test_at_the_head_it_asks_for_what_stands_before_once() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        assert easel.told(LogView.OlderAsked) == []
        await pilot.press("g", "k", "k")
        await pilot.pause()
        assert len(easel.told(LogView.OlderAsked)) == 1
        view.feed_older("zero\nnull\n")
        await pilot.pause()
        assert shown(easel)[0] == "line 1", "the view does not move"
        await pilot.press("k", "k")
        await pilot.pause()
        assert shown(easel)[0] == "zero"
        assert len(easel.told(LogView.OlderAsked)) == 2
        view.feed_older("")
        await pilot.press("k")
        view.begins_at(1)
        await pilot.press("j", "g")
        await pilot.pause()
        assert len(easel.told(LogView.OlderAsked)) == 2, "there is nothing before the first line"

    play(numbered(50), scenario)


def test_long_lines_are_scrolled_or_broken() -> None:
    line = "".join(f"{number:>5}" for number in range(5, 105, 5))

    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        assert shown(easel)[0] == line[:39] + "›"
        await pilot.press("l")
        await pilot.pause()
        assert shown(easel)[0] == line[8:47] + "›"
        view.feed("x\n")
        await pilot.pause()
        assert shown(easel)[0] == line[8:47] + "›", "scrolling sideways survives new lines"
        await pilot.press("h", "h", "b")
        await pilot.pause()
        assert [each.strip() for each in shown(easel)[:3]] == [
            line[:40].strip(),
            line[40:80].strip(),
            line[80:].strip(),
        ]
        assert view.state.wraps

    play(line + "\n", scenario)


def test_what_is_found_is_set_off_and_walked() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        assert view.find("LINE 7") is False
        assert view.find("line 7")
        await pilot.pause()
        assert "line 7" in shown(easel)
        assert [piece.text for line in view._lines for cell in line.cells for piece in cell.pieces
                if piece.tone == "found"] == ["line 7"]  # fmt: skip
        await pilot.press("n")
        await pilot.pause()
        assert "line 70" in shown(easel)
        await pilot.press("N", "N")
        await pilot.pause()
        assert "line 79" in shown(easel), "round the end"
        with pytest.raises(ValueError, match="not a pattern"):
            view.find("/(/")
        assert view.state.looked_for == "line\\ 7"

    play(numbered(90), scenario)


def test_lines_are_hidden_by_a_filter() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        view.begins_at(1)
        view.show_only("/line .*5$/")
        await pilot.pause()
        assert shown(easel) == ["45 line 45", "55 line 55", "65 line 65", "75 line 75", "85 line 85", "95 line 95"]
        assert (view.state.counts.kept, view.state.counts.shown) == (99, 10)
        view.show_only("")
        await pilot.pause()
        assert shown(easel)[-1] == "99 line 99"

    play(numbered(99), scenario)


def test_the_next_error_is_one_key_away() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        await pilot.press("g", "E")
        await pilot.pause()
        assert "ValueError: no" in shown(easel)
        assert not view.state.following

    play(numbered(40) + "ValueError: no\n" + numbered(40), scenario)


def test_another_log_begins_anew_and_an_empty_one_says_so() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        await pilot.press("g", "l")
        view.reset("no output yet")
        await pilot.pause()
        assert shown(easel)[0] == "no output yet"
        view.feed("a\n")
        view.note("attempt 1 on w1 ended: exit 1")
        await pilot.pause()
        assert shown(easel)[:2] == ["a", "attempt 1 on w1 ended: exit 1"]

    play(numbered(40), scenario)


def test_the_mouse_wheel_scrolls() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        view.post_message(events.MouseScrollUp(view, 5, 3, 0, -1, 0, False, False, False))
        await pilot.pause()
        assert shown(easel)[-1] == "line 37"
        view.post_message(events.MouseScrollDown(view, 5, 3, 0, 1, 0, False, False, False))
        await pilot.pause()
        assert view.state.following

    play(numbered(40), scenario)


def test_without_unicode_everything_is_ascii() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], view: LogView) -> None:
        view.tick(Sight(glyphs=PLAIN_GLYPHS))
        await pilot.pause()
        assert "".join(shown(easel)).isascii()

    play("größe 日本" * 30 + "\n" + numbered(9), scenario)
