"""What of a log is kept, hidden and found, and which rows of it are in sight."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.tui.logs.model import LONGEST, NOTE, LogModel, is_error, wanted
from clusterctl.tui.logs.scroll import Scroll

pieces = st.lists(st.text("ab\n\r", max_size=8), max_size=12)


def texts(model: LogModel) -> list[str]:
    """The lines that are shown."""
    return [model.text(id).rstrip("\r") for id in model.ids]


@given(pieces)
def test_it_does_not_matter_where_pieces_end(parts: list[str]) -> None:
    whole, bit_by_bit = LogModel(), LogModel()
    whole.feed("".join(parts))
    for part in parts:
        bit_by_bit.feed(part)
    assert [line.rpartition("\r")[2] for line in texts(bit_by_bit)] == [
        line.rpartition("\r")[2] for line in texts(whole)
    ]


def test_a_progress_bar_does_not_fill_the_memory() -> None:
    model = LogModel()
    for step in range(10_000):
        model.feed(f"\r{step} of 10000 " + "#" * 60)
    assert model.counts.kept == 1
    assert len(model.text(0)) < 100


@given(st.text("ab\n", max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_older_text_may_be_put_before_in_pieces_that_end_anywhere(log: str, cuts: list[int]) -> None:
    places = sorted({0, len(log), *(cut for cut in cuts if cut < len(log))})
    model = LogModel()
    for start, end in reversed(list(pairwise(places))):
        model.feed_older(log[start:end])
    assert texts(model) == log.removesuffix("\n").split("\n") if log else not texts(model)


def test_a_line_keeps_its_number_whatever_comes_before_it() -> None:
    model = LogModel()
    model.feed("c\nd\n")
    model.feed_older("a\nb\n")
    assert model.number(0) is None
    model.begins_at(1)
    assert [model.number(id) for id in model.ids] == [1, 2, 3, 4]
    assert model.text(0) == "c"


def test_a_line_of_ours_has_no_number_and_takes_none() -> None:
    model = LogModel(most_lines=4)
    model.feed("a\nb\n")
    model.note("[some of it was not kept]")
    model.begins_at(7)
    model.feed("c\n")
    assert [model.number(id) for id in model.ids if not model.is_note(id)] == [7, 8, 9]
    model.feed("d\ne\n")
    assert [(model.text(id), model.number(id)) for id in model.ids if not model.is_note(id)][-1] == ("e", 11)


def test_the_oldest_lines_make_room_and_are_counted() -> None:
    model = LogModel(most_lines=1000)
    model.begins_at(1)
    for number in range(2500):
        model.feed(f"{number}\n")
    counts = model.counts
    assert 900 <= counts.kept <= 1000
    assert counts.kept + counts.dropped == 2500
    assert model.text(model.ids[-1]) == "2499"
    assert model.number(model.ids[0]) == counts.dropped + 1
    assert not model.has_room


def test_memory_is_bounded_by_weight_too() -> None:
    model = LogModel(most_weight=100_000)
    for _ in range(100):
        model.feed("x" * 10_000 + "\n")
    assert sum(len(text) for text in texts(model)) <= 100_000
    assert model.counts.kept >= 8


def test_older_text_is_taken_as_far_as_there_is_room() -> None:
    model = LogModel(most_lines=5)
    model.feed("x\ny\n")
    model.feed_older("a\nb\nc\nd\n")
    assert texts(model) == ["b", "c", "d", "x", "y"]
    assert not model.has_room


def test_of_an_endless_line_the_beginning_is_kept() -> None:
    model = LogModel()
    for _ in range(30):
        model.feed("x" * 10_000)
    model.feed("\nnext\n")
    first, second = texts(model)
    assert first == "x" * LONGEST + f" [{300_000 - LONGEST} more characters]"
    assert second == "next"


def test_a_log_cannot_write_lines_of_ours() -> None:
    model = LogModel()
    model.feed(NOTE + "attempt 1 ended well\n")
    model.note("attempt 1 ended: exit 1")
    assert [text.startswith(NOTE) for text in texts(model)] == [False, True]


def test_lines_are_hidden_and_come_back() -> None:
    model = LogModel()
    model.feed("one\ntwo\n\x1b[31mon\x1b[0me more\nope")
    pattern = wanted("one")
    model.show_only(lambda line: pattern.search(line) is not None)
    assert len(model.ids) == 2
    model.feed("n one\nnot\n")
    model.feed_older("none\nzero\n")
    model.note("ended")
    assert [id for id in model.ids] == [-2, 0, 2, 3, 5]  # noqa: C416 - a list of what is a sequence
    model.show_only(None)
    assert model.counts.shown == model.counts.kept == 8


def test_the_next_match_goes_round_the_end() -> None:
    model = LogModel()
    model.feed("error\nfine\nValueError: no\nfine\n")
    assert model.next(0, is_error) == 2
    assert model.next(2, is_error) == 0
    assert model.next(0, is_error, -1) == 2
    assert model.next(1, is_error, -1) == 0
    assert model.next(0, lambda line: "none" in line) is None


@pytest.mark.parametrize(
    "line", ["ERROR x", "Traceback (most recent", "KeyError: 3", "it failed", "Segmentation fault", "2 errors"]
)
def test_trouble_is_recognised(line: str) -> None:
    assert is_error(line)
    assert not is_error("terrorised by a mirror, unfailing")


def test_what_is_looked_for_is_text_or_a_pattern() -> None:
    assert wanted("a.c").search("xA.Cx")
    assert not wanted("a.c").search("abc")
    assert not wanted("A.c").search("a.c")
    assert wanted("/a.c/").search("abc")
    with pytest.raises(ValueError, match="not a pattern"):
        wanted("/(/")


def sight(scroll: Scroll) -> list[str]:
    return ["".join(piece.text for piece in row.pieces) for row in scroll.rows()]


def a_scroll(lines: int, height: int = 5) -> Scroll:
    scroll = Scroll(LogModel())
    scroll.resize(10, height)
    scroll.model.feed("".join(f"{number}\n" for number in range(lines)))
    return scroll


def test_it_follows_until_somebody_looks_up_and_again_from_the_end() -> None:
    scroll = a_scroll(20)
    assert sight(scroll) == ["15", "16", "17", "18", "19"]
    scroll.model.feed("20\n")
    assert sight(scroll)[-1] == "20"
    scroll.move(-2)
    scroll.model.feed("21\n22\n")
    assert sight(scroll) == ["14", "15", "16", "17", "18"]
    scroll.move(100)
    assert scroll.following
    assert sight(scroll)[-1] == "22"


def test_older_text_and_dropped_lines_do_not_move_the_view() -> None:
    scroll = Scroll(LogModel(most_lines=40))
    scroll.resize(10, 3)
    scroll.model.feed("".join(f"{number}\n" for number in range(20)))
    scroll.home()
    scroll.move(12)
    before = sight(scroll)
    scroll.model.feed_older("a\nb\nc\n")
    assert sight(scroll) == before
    for _ in range(25):
        scroll.model.feed("new\n")
    assert scroll.model.dropped
    assert sight(scroll) == before


def test_a_hidden_line_at_the_head_gives_its_place_to_the_next() -> None:
    scroll = a_scroll(20)
    scroll.home()
    scroll.move(7)
    scroll.model.show_only(lambda line: line in ("3", "9", "12"))
    assert sight(scroll)[0] in ("3", "9")


@given(st.lists(st.text("ab日 ", max_size=30), min_size=1, max_size=12), st.integers(1, 8), st.booleans(), st.randoms())
def test_scrolling_reaches_every_row_once(lines: list[str], height: int, wraps: bool, chance: random.Random) -> None:
    scroll = Scroll(LogModel())
    scroll.wraps = wraps
    scroll.resize(7, height)
    scroll.model.feed("".join(f"{line}\n" for line in lines))
    everything = [row for id in scroll.model.ids for row in scroll.rows_of(id)]
    scroll.home()
    at = 0
    for _ in range(10):
        by = chance.randint(-4, 4)
        scroll.move(by)
        at = min(max(0, at + by), max(0, len(everything) - height))
        assert scroll.rows() == everything[at : at + height]
    scroll.move(1000)
    assert scroll.rows() == everything[max(0, len(everything) - height) :]
    assert scroll.following


def test_a_line_that_was_found_is_brought_into_sight() -> None:
    scroll = a_scroll(50, height=9)
    scroll.bring(10)
    assert sight(scroll)[3] == "10"
    assert not scroll.following
    scroll.bring(49)
    assert sight(scroll)[-1] == "49"
