"""Lines out of bytes, in whatever pieces these come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.door.frames import Lines, TooLong

words = st.binary(min_size=1, max_size=9).filter(lambda word: b"\n" not in word)


@given(st.lists(words, max_size=9), st.lists(st.integers(0, 100), max_size=9))
def test_lines_come_out_as_they_went_in_however_they_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    places = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    found = Lines(100)
    heard = [line for begin, end in pairwise(places) for line in found.feed(whole[begin:end])]
    assert heard == lines
    assert not found.kept


def test_empty_lines_say_nothing() -> None:
    assert Lines(10).feed(b"\n\n\na\n\nb\n\n") == [b"a", b"b"]


def test_a_line_of_the_longest_size_is_taken() -> None:
    assert Lines(10).feed(b"0123456789\n") == [b"0123456789"]


@pytest.mark.parametrize("pieces", [[b"0123456789a"], [b"01234", b"56789", b"a\n"], [b"a\n01234567890\n"]])
def test_no_more_is_kept_of_a_line_than_it_may_have(pieces: list[bytes]) -> None:
    found = Lines(10)
    *harmless, last = pieces
    for piece in harmless:
        found.feed(piece)
    with pytest.raises(TooLong):
        found.feed(last)


def test_a_line_that_has_begun_is_torn_until_it_ends() -> None:
    found = Lines(10)
    found.feed(b"a")
    assert found.kept
    found.feed(b"b\n")
    assert not found.kept
