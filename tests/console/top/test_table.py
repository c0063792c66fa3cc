"""The table on a screen: what keys and the mouse do, and what is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Sight
from clusterctl.tui.table.table import Table
from tests.console.top.easel import Easel, show
from tests.console.top.rows import Thing, a_page, a_table


def play(keys: str, *, table: Table | None = None, count: int = 100, size: tuple[int, int] = (80, 12)) -> Easel:
    """A table of *count* things after *keys*; its lines as they were then."""
    shown = table or a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        shown.show_page(a_page(range(count)), Sight())
        await pilot.press(*keys.split())
        await pilot.pause()
        easel.seen = easel.lines()

    return show(shown, scenario, size)


def cursor_of(easel: Easel) -> Any:
    assert isinstance(easel.widget, Table)
    return easel.widget.model.cursor


@pytest.mark.parametrize(
    "keys,row",
    [
        ("j", 1), ("down down k", 1), ("G", 99), ("G g", 0), ("end home", 0), ("k", 0), ("ctrl+d", 5),
        ("ctrl+d ctrl+u", 0), ("pagedown", 10), ("pagedown pagedown pageup", 10), ("G j", 99),
    ],
)  # fmt: skip
def test_keys_move_the_cursor(keys: str, row: int) -> None:
    easel = play(keys)
    assert cursor_of(easel) == row
    (line,) = [line for line in easel.seen[1:] if line.startswith(">")]
    assert f"thing-{row} " in line


def test_titles_stay_where_they_are() -> None:
    assert play("G").seen[0].split() == ["NAME", "STATE", "AGE", "REASON", "›"]


def test_every_line_is_as_wide_as_the_terminal() -> None:
    for width in (1, 2, 3, 10, 20, 35, 60, 80, 161):
        assert {len(line) for line in play("j", size=(width, 8)).seen} == {width}


def test_what_has_no_room_comes_when_it_is_chosen() -> None:
    assert "AGAIN" not in play("").seen[0]
    assert "AGAIN" in play("left").seen[0]
    assert "AGAIN" in play("right right right right right").seen[0]


def test_a_column_that_nobody_asked_for_is_not_shown() -> None:
    table = a_table()
    assert "ASIDE" not in play("", size=(200, 8)).seen[0]
    table.show_columns(["secret", "name", "no such column"])
    assert play("", table=table, size=(200, 8)).seen[0].split() == ["ASIDE", "NAME"]


def test_sorting_asks_and_asking_again_turns_it_round() -> None:
    table = a_table()
    easel = play("right right s s right right s", table=table)
    assert table.sort == ("-state",)
    asked = [message.sort for message in easel.told(Table.SortAsked)]
    assert asked == [("state",), ("-state",)], "by reason there is no order"
    assert "STATE ▼" in easel.seen[0]


def test_marks_are_shown_and_the_cursor_goes_on() -> None:
    easel = play("space space j space")
    marked = [line.split()[1] for line in easel.seen if "■" in line]
    assert marked == ["thing-0", "thing-1", "thing-3"]
    assert cursor_of(easel) == 4


def test_a_range_is_shown_before_it_is_marked() -> None:
    assert sum("·" in line for line in play("j V j j").seen) == 3
    easel = play("j V j j V")
    assert sum("■" in line for line in easel.seen) == 3
    assert play("j V j j escape").seen == play("j j j").seen


def test_everything_is_marked_and_unmarked() -> None:
    table = a_table()
    easel = play("asterisk", table=table)
    assert len(table.model.meant()) == 100
    assert easel.told(Table.Marked)[-1].marked == 100
    assert "■" not in "".join(play("asterisk u").seen)


def test_enter_opens_what_the_cursor_is_on() -> None:
    easel = play("j j enter")
    assert [message.key for message in easel.told(Table.Opened)] == [2]


def test_the_cursor_can_be_sent_to_a_row() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page(range(100)), Sight())
        assert table.go_to(70)
        assert not table.go_to(700)
        await pilot.pause()
        assert (table.model.cursor, table.top) == (70, 60)
        assert [message.key for message in easel.told(Table.Moved)] == [70]

    show(table, scenario, (80, 12))


def test_a_list_with_nothing_in_it_says_why() -> None:
    table = a_table()
    table.empty = "no jobs match; esc clears the filter"
    assert "no jobs match; esc clears the filter" in "\n".join(play("j k G enter space V", table=table, count=0).seen)


def test_rows_that_are_not_known_yet_show_their_key() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page(range(50), loaded=range(5)), Sight())
        await pilot.pause()
        assert easel.lines()[6].split() == ["5"]

    show(table, scenario, (80, 12))


def test_a_list_that_follows_stays_at_its_head() -> None:
    table = a_table(follow=True)

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page(range(50, 0, -1)), Sight())
        table.show_page(a_page(range(60, 0, -1)), Sight())
        await pilot.pause()
        assert easel.lines()[1].split()[0] == "thing-60"
        await pilot.press("j")
        assert table.model.cursor == 60

    show(table, scenario, (80, 12))


def test_scrolling_asks_for_the_rows_in_sight() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page(range(100)), Sight())
        await pilot.press("G")
        await pilot.pause()
        assert easel.told(Table.Scrolled)
        first, count = table.window()
        assert first <= table.top == 89
        assert first + count >= 100

    show(table, scenario, (80, 12))


def test_the_mouse_moves_opens_marks_sorts_and_scrolls() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page(range(100)), Sight())
        await pilot.click(Table, offset=(10, 3))
        assert (table.model.cursor, easel.told(Table.Opened)) == (2, [])
        await pilot.click(Table, offset=(10, 3))
        assert [message.key for message in easel.told(Table.Opened)] == [2]
        await pilot.click(Table, offset=(1, 5))
        assert (table.model.cursor, table.model.marked) == (2, {4})
        await pilot.click(Table, offset=(5, 0))
        assert [message.sort for message in easel.told(Table.SortAsked)] == [("name",)]
        await pilot.click(Table, offset=(10, 10))
        table.post_message(events.MouseScrollDown(table, 5, 5, 0, 1, 0, False, False, False))
        await pilot.pause()
        assert (table.top, table.model.cursor) == (3, 9), "the wheel leaves the cursor where it is"

    show(table, scenario, (80, 12))


def test_stale_data_is_dimmed_and_ages_tick() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page([1], state="running"), Sight())
        await pilot.pause()
        table.tick(Sight(elapsed_s=5.0, stale=True))
        await pilot.pause()
        assert "1m05s" in easel.lines()[1]
        assert {piece.tone for cell in table._lines[1].cells[1:] for piece in cell.pieces} == {"dim"}

    show(table, scenario)


def test_a_row_that_says_something_else_is_drawn_anew_though_no_time_has_passed() -> None:
    table, sight = a_table(), Sight()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        for state in ("pending", "running"):
            table.show_page(a_page([1], state=state), sight)
            await pilot.pause()
            assert state in easel.lines()[1]

    show(table, scenario)


def test_without_unicode_everything_is_ascii() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        page = a_page(range(90))
        table.sort = ("age",)
        strange = {**page.rows, 0: Thing("日本語バッチ" * 4), 1: Thing("naïve")}
        table.show_page(type(page)(keys=page.keys, rows=strange, total=90), Sight(glyphs=PLAIN_GLYPHS))
        await pilot.press("j", "space", "V", "j", "j", "right")
        await pilot.pause()
        text = "\n".join(easel.lines())
        assert text.isascii()
        assert r"\u65e5" in text
        assert "AGE ^" in text

    show(table, scenario)
