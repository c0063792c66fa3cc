"""What goes to the terminal: the same picture in fewer bytes."""

from __future__ import annotations

import asyncio
import re

import pytest
from rich.segment import Segment
from textual.pilot import Pilot
from textual.strip import Strip

from clusterctl.tui.app import Console
from clusterctl.tui.paint.pieces import Sight
from clusterctl.tui.terminal.thrift import whole_letters, without_orphans
from tests.console.top.easel import Capture, Easel, show
from tests.console.top.pilot import lines, until
from tests.console.top.rows import a_page, a_table
from tests.console.top.stage import small_cluster
from tests.console.top.tube import Tube


def test_the_terminal_shows_what_the_screen_holds() -> None:
    table = a_table()
    tube = Tube(100, 20)

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        for keys in ([], ["j", "space"], ["G"], ["right", "right"], ["V", "k", "k"], ["pageup"], ["asterisk"]):
            table.show_page(a_page(range(len(keys) + 40), age_s=59.0 + len(keys)), Sight())
            await pilot.press(*keys)
            await pilot.pause()
            tube.write("".join(easel.written))
            easel.written.clear()
            assert tube.lines() == easel.lines()

    show(table, scenario, (100, 20))


def test_the_console_itself_writes_so() -> None:
    """By its own Textual's `_display`: called otherwise, it would save nothing."""
    tube = Tube(100, 30)

    app = Console(small_cluster(), driver_class=Capture)

    def agrees() -> bool:
        """Whether the terminal shows the screen, and what it shows is known cell by cell."""
        driver = app._driver
        assert isinstance(driver, Capture)
        tube.write("".join(driver.written))
        driver.written.clear()
        known = ["".join(cell[0] if cell else "?" for cell in app.shown[y]) for y in sorted(app.shown)]
        return lines(app) == tube.lines() == known

    async def scenario() -> None:
        async with app.run_test(headless=False, size=(100, 30)) as pilot:
            await until(pilot, lambda: app.is_ready)
            for keys in ([], ["3", "j"], ["question_mark"], ["j"], ["escape"], ["2", "space"], ["r"]):
                await pilot.press(*keys)
                await until(pilot, agrees, f"a picture after {keys}")

    asyncio.run(scenario())


def test_all_of_it_is_written_again_once_others_may_have_written() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page(range(40)), Sight())
        await pilot.pause()
        easel.written.clear()
        easel.screen.refresh()
        await pilot.pause()
        assert re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", "".join(easel.written)) == "", (
            "Textual drew it, and it stood there"
        )
        easel.forget_terminal()
        await pilot.pause()
        tube = Tube(100, 20)
        tube.write("".join(easel.written))
        assert tube.lines() == easel.lines()

    show(table, scenario, (100, 20))


def test_only_what_has_changed_is_written() -> None:
    table = a_table()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        table.show_page(a_page(range(40)), Sight())
        await pilot.pause()
        easel.written.clear()
        table.show_page(a_page(range(40)), Sight())
        await pilot.pause()
        assert "".join(easel.written) == ""
        table.tick(Sight(elapsed_s=1.0))
        await pilot.pause()
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", "".join(easel.written))
        assert text == "1" * 19, "of 1m00s and 1m01s one digit, in each row in sight"

    show(table, scenario, (100, 20))


@pytest.mark.parametrize("letter", ["日", "e\u0301", "e\u0301\u0302", "\u1112\u1161\u11ab"], ids=ascii)
def test_no_letter_is_cut_from_its_marks_wherever_a_span_begins_and_ends(letter: str) -> None:
    text = "ab" + letter * 9 + "cd" + letter + "e"
    for cut in range(1, len(text)):
        strip = Strip([Segment(text[:cut]), Segment(text[cut:])])
        held = Tube(strip.cell_length, 1)
        held.write(text)
        for start in range(strip.cell_length):
            for stop in (start + 1, start + 2):
                begin, end = whole_letters(text, start, min(stop, strip.cell_length))
                drawn = Tube(strip.cell_length, 1)
                drawn.write(f"{text}\x1b[1;{begin + 1}H{strip.crop(begin, end).text}")
                assert drawn.lines() == held.lines(), (cut, start, stop)


def test_marks_whose_letter_is_hidden_do_not_pile_up_on_what_stands_before() -> None:
    told = without_orphans([Segment("\u11ab\u0301"), Segment("\u0301日"), Segment("\u0301x")])
    assert [segment.text for segment in told] == ["", "日", "\u0301x"]
    assert list(without_orphans([Segment("e\u0301")])) == [Segment("e\u0301")]
