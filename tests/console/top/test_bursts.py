"""What is typed, or pasted, in one burst: no letter of a filter is a key of the list."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot

from clusterctl.tui.app import Console
from tests.console.top.pilot import play, until
from tests.console.top.stage import small_cluster


def burst(console: Console, text: str) -> None:
    """All keys before the console has had a turn, as a slow line brings them."""
    for letter in text:
        console.post_message(events.Key({"/": "slash", ":": "colon"}.get(letter, letter), letter))


@pytest.mark.parametrize("text", ["Kyoto", "queue", "alpha", "KFP1", "name:huge"])
def test_a_filter_typed_in_one_burst_is_only_a_filter(text: str) -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: console.here.name_of == "jobs" and console.concerned("job"))
        burst(console, f"/{text}")
        await until(pilot, lambda: console.here.shape.text == text, "the whole text in the filter line")
        assert console.here.name_of == "jobs"
        assert len(console.screen_stack) == 1

    play(small_cluster(), scenario)


def test_a_name_typed_into_the_palette_in_one_burst_acts_on_nothing() -> None:
    source = small_cluster()

    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: console.here.name_of == "jobs" and console.concerned("job"))
        burst(console, ":Kyq1a")
        await until(pilot, lambda: len(console.screen_stack) == 2, "the palette")
        await pilot.pause()
        assert console.here.name_of == "jobs"
        assert len(console.screen_stack) == 2

    play(source, scenario)
    assert source.carried_out == []


def test_a_terminal_too_small_to_show_a_row_lets_nothing_be_done_to_it() -> None:
    async def scenario(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: console.here.name_of == "jobs" and console.concerned("job"))
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: console.screen.has_class("-small"))
        await pilot.press("K", "x", "F")
        assert len(console.screen_stack) == 1

    play(small_cluster(), scenario)
