"""Lines of a log: their colours are kept, and nothing else that a program could do to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.text import cells
from clusterctl.tui.logs.lines import highlighted, pieces_of, plain, window, wrapped
from clusterctl.tui.paint.pieces import Glyphs, Piece

GLYPHS = Glyphs()
anything = st.text(st.characters(codec=None), max_size=60) | st.text("\x1b[;:0123456789mK\r\t日é\u0301x", max_size=60)
ONE = Piece("one ", "plain")


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def size(pieces: list[Piece]) -> int:
    return sum(cells(piece.text) for piece in pieces)


@pytest.mark.parametrize(
    "raw,pieces",
    [
        ("", []),
        ("plain", [Piece("plain")]),
        ("\x1b[31mred\x1b[0m not", [Piece("red", "bad"), Piece(" not")]),
        ("\x1b[1;33mwarn\x1b[m", [Piece("warn", "warning")]),
        ("\x1b[1mbold\x1b[22mnot", [Piece("bold", "title"), Piece("not")]),
        ("\x1b[90mgrey", [Piece("grey", "dim")]),
        ("\x1b[38;5;196mred", [Piece("red", "bad")]),
        ("\x1b[38;2;10;200;30mgreen", [Piece("green", "good")]),
        ("\x1b[38;5;33mblue\x1b[39mnone", [Piece("blue", "allocated"), Piece("none")]),
        ("\x1b[97;41malarm", [Piece("alarm", "bad")]),
        ("\x1b[30;40mhidden", [Piece("hidden", "dim")]),
        ("\x1b[8mconcealed", [Piece("concealed")]),
        ("\x1b[999;;5;mm", [Piece("m")]),
        ("a\x1b[2Jb\x1bc", [Piece("a\\e[2Jb\\ec")]),
        ("\x1b]52;c;cm0=\x07", [Piece("\\e]52;c;cm0=\\x07")]),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", [Piece("\\e]8;;http://x\\e\\link\\e]8;;\\e\\")]),
        ("10%\r 50%\r100%", [Piece("100%")]),
        ("windows\r", [Piece("windows")]),
        ("a\tb", [Piece("a       b")]),
        ("\x1b[31mabc\x1b[0m\td", [Piece("abc", "bad"), Piece("     d")]),
    ],
)
def test_only_colours_are_obeyed(raw: str, pieces: list[Piece]) -> None:
    assert pieces_of(raw) == pieces


@given(anything)
def test_whatever_a_program_writes_cannot_command_the_terminal(raw: str) -> None:
    shown = text(pieces_of(raw))
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)
    shown.encode()


@given(anything, st.integers(0, 40), st.integers(1, 30))
def test_a_window_on_a_line_is_exactly_as_wide_as_asked(raw: str, left: int, width: int) -> None:
    pieces = pieces_of(raw)
    assert size(window(pieces, size(pieces), left, width, GLYPHS)) == width


@given(st.text("abc日", max_size=40), st.integers(0, 20), st.integers(2, 12))
def test_a_window_shows_what_stands_there(line: str, left: int, width: int) -> None:
    by_cell = "".join(letter if cells(letter) == 1 else letter + "\0" for letter in line)
    wanted = by_cell[left : left + width]
    wanted = (" " + wanted[1:] if wanted.startswith("\0") else wanted).ljust(width)
    if cells(line) > left + width:
        wanted = wanted[:-1] + "›"
        wanted = wanted[:-2] + " ›" if cells(wanted[-2]) == 2 else wanted
    elif wanted[-1] == "日":
        wanted = wanted[:-1] + " "
    assert text(window([Piece(line)], cells(line), left, width, GLYPHS)) == wanted.replace("\0", "")


@given(anything, st.integers(2, 30))
def test_a_wrapped_line_loses_nothing_and_fits(raw: str, width: int) -> None:
    pieces = pieces_of(raw)
    rows = wrapped(pieces, width)
    assert "".join(map(text, rows)) == text(pieces)
    assert all(size(row) <= width for row in rows)
    assert len(rows) >= 1


@given(st.lists(st.tuples(st.text("ab", max_size=5), st.sampled_from(["plain", "bad"])), max_size=5), st.data())
def test_what_is_found_is_set_off_and_nothing_is_lost(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    pieces = [Piece(*part) for part in parts]  # type: ignore[arg-type] # both are tones
    whole = text(pieces)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    shown = highlighted(pieces, [(start, end)])
    assert text(shown) == whole
    assert text([piece for piece in shown if piece.tone == "found"]) == whole[start:end]


def test_a_search_sees_text_without_colours() -> None:
    assert plain("\x1b[31mer\x1b[1mror\x1b[0m") == "error"
