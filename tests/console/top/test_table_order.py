"""When rows change places on the screen, and when they stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot
from textual.screen import ModalScreen

from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.table.order import CALM
from clusterctl.tui.table.table import Table
from tests.console.top.easel import Easel, show
from tests.console.top.rows import a_page, a_table


class Hand:
    """A clock that somebody turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def with_clock(scenario: Callable[[Easel, Pilot[None], Table, Hand], Any], size: tuple[int, int] = (80, 12)) -> Easel:
    """Play with a table whose clock stands still until it is turned."""
    hand = Hand()
    table = a_table(clock=hand)

    async def play_it(easel: Easel, pilot: Pilot[None]) -> None:
        await scenario(easel, pilot, table, hand)

    return show(table, play_it, size)


def test_rows_stay_in_their_places_just_after_a_key() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], table: Table, hand: Hand) -> None:
        del easel
        table.show_page(a_page([1, 2, 3]), Sight())
        await pilot.press("j")
        table.show_page(a_page([3, 2, 1]), Sight())
        assert list(table.model.keys) == [1, 2, 3]
        hand.now += CALM
        table.show_page(a_page([3, 2, 1]), Sight())
        assert list(table.model.keys) == [3, 2, 1]
        assert table.model.cursor == 2

    with_clock(scenario)


def test_rows_stay_in_their_places_while_they_are_held() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], table: Table, hand: Hand) -> None:
        table.show_page(a_page([1, 2, 3]), Sight())
        await pilot.press("o")
        hand.now += 1000
        table.show_page(a_page([3, 2, 1, 4]), Sight())
        assert list(table.model.keys) == [1, 2, 3, 4]
        assert set(table.also()) == {1, 2, 3, 4}, "else they would not be told of"
        await pilot.press("o")
        await pilot.pause()
        hand.now += CALM
        table.show_page(a_page([3, 2, 1]), Sight())
        assert list(table.model.keys) == [3, 2, 1]
        assert [message.held for message in easel.told(Table.Held)] == [True, False]

    with_clock(scenario)


def test_rows_stay_in_their_places_under_a_dialog() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], table: Table, hand: Hand) -> None:
        table.show_page(a_page([1, 2, 3]), Sight())
        await easel.push_screen(ModalScreen())
        hand.now += 1000
        table.show_page(a_page([3, 2, 1]), Sight())
        assert list(table.model.keys) == [1, 2, 3]
        await easel.pop_screen()
        await pilot.pause()
        table.show_page(a_page([3, 2, 1]), Sight())
        assert list(table.model.keys) == [3, 2, 1]

    with_clock(scenario)


def test_what_vanishes_under_the_cursor_is_struck_through_and_goes_by_itself() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], table: Table, hand: Hand) -> None:
        table.show_page(a_page([1, 2, 3]), Sight())
        table.model.go(1)
        table.show_page(a_page([1, 3]), Sight())
        await pilot.pause()
        assert easel.lines()[2].split()[:2] == ["×", "thing-2"]
        hand.now += 5
        table.tick(Sight())
        await pilot.pause()
        assert easel.lines()[2].split()[:2] == [">", "thing-3"]

    with_clock(scenario)


def test_the_cursors_row_keeps_its_line_on_the_screen_when_others_come_in_above() -> None:
    async def scenario(easel: Easel, pilot: Pilot[None], table: Table, hand: Hand) -> None:
        table.show_page(a_page(range(100, 200)), Sight())
        await pilot.press("pagedown", "pagedown", "k")
        await pilot.pause()
        (at,) = [at for at, line in enumerate(easel.lines()) if line.startswith(">")]
        hand.now += CALM
        table.show_page(a_page(range(77, 200)), Sight())
        await pilot.pause()
        assert easel.lines()[at].startswith(">")

    with_clock(scenario)
