"""Hostile text on its way to a terminal."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from clusterctl.text import cells, inert, masked, visible


@pytest.mark.parametrize(
    "text,shown",
    [
        ("plain name", "plain name"),
        ("größe 数据 🙂", "größe 数据 🙂"),
        ("\x1b[2Jgone", "\\e[2Jgone"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x9b31mred", "\\x9b31mred"),
        ("evil\u202etxt.exe", "evil\\u202etxt.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        (os.fsdecode(b"bad\xff"), "bad\\udcff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\x00\x7f", "\\x00\\x7f"),
        ("👍🏽", "👍\\U0001f3fd"),
        ("👩\u200d🚀", "👩\\u200d🚀"),
        ("⚠\ufe0f", "⚠\\ufe0f"),
        ("hidden\u3164\uffa0", "hidden\\u3164\\uffa0"),
        ("\u0301alone", "\\u0301alone"),
        ("on a \u0301blank", "on a \\u0301blank"),
        ("e\u0301\u0302\u0303\u0304\u0305x", "e\u0301\u0302\u0303\u0304\\u0305x"),
    ],
)
def test_what_could_command_a_terminal_is_shown_instead(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(codec=None)), st.integers(0, 30))
def test_whatever_comes_fits_and_can_be_printed(text: str, width: int) -> None:
    shown = visible(text, width)
    assert cells(shown) <= width
    shown.encode()  # no lone surrogate is left
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)


@pytest.mark.parametrize(
    "text,width",
    [
        ("", 0), ("abc", 3), ("größe", 5), ("gro\u0308ße", 5), ("数据库", 6), ("각", 2), ("\u1100\u1161\u11a8", 2),
        ("कि", 1), ("กำ", 2), ("a\u20dd", 1), ("🙂", 2), ("🇩🇪", 2), ("\uff57\uff49", 4), ("ﾊﾝ", 2), ("█▓░·╌", 5)
    ],
)  # fmt: skip
def test_text_is_counted_in_cells_as_terminals_do(text: str, width: int) -> None:
    assert cells(text) == width


@given(st.text(st.characters(codec=None), max_size=40))
def test_what_is_shown_is_as_wide_as_its_letters_and_as_rich_draws_it(text: str) -> None:
    shown = visible(text)
    assert cells(shown) == cell_len(shown) == sum(map(cells, shown))


@pytest.mark.parametrize(
    "text,width,shown",
    [("abcdef", 4, "abc…"), ("abcd", 4, "abcd"), ("数据库", 4, "数…"), ("\x1bxy", 3, "\\e…"), ("ab", 0, "")],
)
def test_text_is_cut_between_letters_and_says_so(text: str, width: int, shown: str) -> None:
    assert visible(text, width) == shown


def test_a_log_may_keep_its_line_ends() -> None:
    assert visible("a\nb\x07", keep="\n") == "a\nb\\x07"


@pytest.mark.parametrize(
    "text,shown",
    [
        ("postgresql://u:s3cret@h/d", "postgresql://u:***@h/d"),
        ("redis://:s3cret@h", "redis://:***@h"),
        ("at postgresql://u:p@ss@h/d now", "at postgresql://u:***@h/d now"),
        ("host=h password='s3 cret' user=u", "host=h password=*** user=u"),
        ("postgresql:///d?host=/run&password=s3cret&user=u", "postgresql:///d?host=/run&password=***&user=u"),
        ("Authorization: Bearer s3cret", "Authorization: Bearer ***"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_passwords_are_masked_wherever_they_stand(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text())
def test_json_that_a_terminal_shows_means_the_same_and_moves_nothing(text: str) -> None:
    written = json.dumps({"name": text}, ensure_ascii=False)
    assert json.loads(inert(written)) == {"name": text}
    assert not set(inert(written)) & {chr(code) for code in (*range(0x7F, 0xA0), 0x202E, 0x2066, 0x200F)}
