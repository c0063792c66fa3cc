"""Whatever a stranger wrote: nothing breaks, nothing of it reaches the terminal as a command, every line fits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from clusterctl.model.looks import Key, Page
from clusterctl.text import cells
from clusterctl.tui.logs.view import LogView
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Piece, Sight, data, fit
from tests.console.top.easel import Easel, show
from tests.console.top.rows import Thing, a_page, a_table
from tests.console.top.strange_text import STRANGE
from tests.console.top.tube import Tube

SIZES = [(60, 16), (80, 24), (160, 48)]


@pytest.mark.parametrize("glyphs", [Glyphs(), PLAIN_GLYPHS], ids=["unicode", "ascii"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_table_shows_strange_rows(size: tuple[int, int], glyphs: Glyphs) -> None:
    table = a_table()
    table.empty = STRANGE["clear screen"]
    things: dict[Key, Thing] = {text: Thing(text, text, 1.0, text) for text in STRANGE.values()}

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        tube = Tube(*size)
        for page in (
            Page[Thing](),
            Page(keys=tuple(things), rows=things, total=len(things)),
            Page(keys=tuple(things), total=len(things)),
        ):
            table.show_page(page, Sight(glyphs=glyphs))
            for keys in (["asterisk"], ["G", "right", "right"], ["V", "g"], ["right", "right", "right", "escape"]):
                await pilot.press(*keys)
                await pilot.pause()
                seen_by(tube, easel)
        table.show_page(a_page([1]), Sight(glyphs=glyphs))
        await pilot.pause()
        seen_by(tube, easel)

    show(table, scenario, size)


@pytest.mark.parametrize("wraps", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_log_shows_strange_lines(size: tuple[int, int], wraps: bool) -> None:
    view = LogView()

    async def scenario(easel: Easel, pilot: Pilot[None]) -> None:
        tube = Tube(*size)
        view.scroll.wraps = wraps
        for text in STRANGE.values():
            view.feed(text + "\n")
            view.note(text)
        view.feed("error: so that there is something to find\n")
        view.feed_older("\n".join(STRANGE.values()))
        view.begins_at(1)
        view.find("a")
        for keys in (["g"], ["l", "l", "l"], ["ctrl+d"], ["pagedown"], ["N"], ["E"], ["h"], ["G"]):
            await pilot.press(*keys)
            await pilot.pause()
            seen_by(tube, easel)

    show(view, scenario, size)


def seen_by(tube: Tube, easel: Easel) -> None:
    """Let the terminal show what was written: it must be what the screen holds, on lines that fit exactly."""
    tube.write("".join(easel.written))
    easel.written.clear()
    assert tube.lines() == easel.lines()
    assert {cells(line) for line in tube.lines()} == {easel.size.width}


texts = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(sorted(STRANGE.values()))


@settings(max_examples=300)
@given(st.lists(texts, max_size=4), st.integers(0, 40), st.booleans(), st.sampled_from([Glyphs(), PLAIN_GLYPHS]))
def test_pieces_fill_their_cell_exactly(parts: list[str], width: int, right: bool, glyphs: Glyphs) -> None:
    line = fit([data(part) for part in parts], width, right=right, cut=glyphs.cut)
    assert sum(cells(piece.text) for piece in line) == width
    assert glyphs is not PLAIN_GLYPHS or all(piece.text.isascii() for piece in line)


def test_a_terminal_that_is_told_what_it_should_not_be_says_so() -> None:
    for text in ("\x1b[2J", "\x1bc", "\x1b]52;c;x\x07", "\x9b", "\x00", "\u202e", "x" * 11):
        with pytest.raises(ValueError, match=r"terminal|edge"):
            Tube(10, 2).write(text)


def test_a_word_of_ours_is_not_taken_for_markup() -> None:
    assert fit([Piece("[b]x[/b]")], 8) == [Piece("[b]x[/b]"), Piece("")]
