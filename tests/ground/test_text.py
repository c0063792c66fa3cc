"""Hostile text on its way to a terminal."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.text import cells, masked, visible


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
