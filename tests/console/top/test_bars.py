"""Bars and strips: always as wide as asked, and never more optimistic or more alarming than the amounts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.pictures import Amounts
from clusterctl.text import cells
from clusterctl.tui.paint.bars import bar, divided, over, spark, three_way_bar
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Piece

GLYPHS = Glyphs()
amounts = st.floats(0, 1000)
thousandths = st.integers(0, 64_000).map(lambda milli: milli / 1000)
widths = st.integers(0, 60)


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def drawn(used: float | None, allocated: float, reserved: float, total: float, width: int = 16) -> str:
    return text(three_way_bar(Amounts(total=total, reserved=reserved, allocated=allocated, used=used), width, GLYPHS))


@pytest.mark.parametrize(
    "line,used,allocated,reserved,total",
    [
        ("██████▓▓▓▓▓▓░░··", 3.1, 6, 1, 8),
        ("████████████████", 8, 8, 0, 8),
        ("████████████████", 18.2, 16, 0, 16),
        ("················", 0, 0, 0, 8),
        ("▓▓▓▓▓▓▓▓········", None, 4, 0, 8),
        ("█▓▓▓▓▓▓▓········", 0.01, 4, 0, 8),
        ("███████████████▓", 7.99, 8, 0, 8),
        ("███████████████·", 7.99, 7.99, 0, 8),
        ("██████████······", 5, 2, 1, 8),
    ],
)
def test_what_is_used_idle_reserved_and_free_share_one_line(
    line: str, used: float | None, allocated: float, reserved: float, total: float
) -> None:
    assert drawn(used, allocated, reserved, total) == line


def test_of_a_worker_that_is_not_up_nothing_is_known() -> None:
    cpus = Amounts(total=8, reserved=1, allocated=5, used=3)
    assert text(three_way_bar(cpus, 8, GLYPHS, up=False)) == "╌╌╌╌╌╌╌╌"
    assert text(three_way_bar(cpus, 8, PLAIN_GLYPHS)) == "###==-.."
    assert {piece.tone for piece in three_way_bar(cpus, 8, GLYPHS)} == {"used", "allocated", "reserved", "free"}


def test_more_than_there_is_is_said_beside_the_bar() -> None:
    assert over(18.2, 16)
    assert not over(16.1, 16), "that is how it was measured"
    assert not over(None, 16)


@given(st.none() | amounts, amounts, amounts, amounts, widths)
def test_a_bar_is_exactly_as_wide_as_asked(
    used: float | None, allocated: float, reserved: float, total: float, width: int
) -> None:
    assert cells(drawn(used, allocated, reserved, total, width)) == width


@given(st.tuples(amounts, amounts, st.floats(1, 1000)), amounts, st.floats(0, 100), widths)
def test_more_use_never_looks_like_less(
    others: tuple[float, float, float], used: float, more: float, width: int
) -> None:
    before, after = (drawn(each, *others, width) for each in (used, used + more))
    assert after.count("█") >= before.count("█")


@given(thousandths, thousandths, thousandths, st.integers(4, 60))
def test_what_is_there_is_seen_and_only_what_is_full_looks_full(
    used: float, idle: float, reserved: float, width: int
) -> None:
    allocated = used + idle
    assert "·" in drawn(used, allocated, reserved, allocated + reserved + 0.001, width)
    assert "·" not in drawn(used, allocated, reserved, max(0.001, allocated + reserved), width) or not allocated
    assert ("█" in drawn(used, allocated, reserved, allocated + reserved + 5, width)) == (used > 0)


@given(st.lists(amounts, min_size=1, max_size=6), widths)
def test_cells_are_shared_out_to_the_last(parts: list[float], width: int) -> None:
    sizes = divided(parts, width)
    assert sum(sizes) == width
    assert all(size >= 0 for size in sizes)


def test_a_strip_has_a_fixed_range() -> None:
    assert text(spark([3.0] * 6, 0, 100, 6, GLYPHS)) == "▁▁▁▁▁▁"
    assert text(spark([97.0] * 6, 0, 100, 6, GLYPHS)) == "██████"
    assert text(spark([0, 50, 100, None, 250, -3], 0, 100, 6, GLYPHS)) == "▁▅█ █▁"
    assert text(spark([1.0, 2.0], 0, 2, 5, GLYPHS)) == "   ▅█", "what is not known yet is blank"
    assert text(spark([math.nan], 0, 2, 1, GLYPHS)) == " "
    assert text(spark([0.0, 7.0], 0, 0, 2, GLYPHS)) == "▁█"


@given(st.lists(st.none() | st.floats(), max_size=80), amounts, amounts, widths)
def test_a_strip_is_exactly_as_wide_as_asked(values: list[float | None], low: float, high: float, width: int) -> None:
    assert len(text(spark(values, low, high, width, GLYPHS))) == width


@given(amounts, amounts, st.floats(0, 100), st.floats(101, 1000))
def test_a_higher_value_is_never_a_lower_step(one: float, other: float, low: float, high: float) -> None:
    line = text(spark(sorted((one, other)), low, high, 2, GLYPHS))
    assert GLYPHS.steps.index(line[0]) <= GLYPHS.steps.index(line[1])


def test_a_plain_bar_shows_its_part() -> None:
    assert text(bar(1, 2, 8, GLYPHS)) == "████····"
    assert text(bar(None, 2, 4, GLYPHS)) == "╌╌╌╌"
    assert text(bar(9, 2, 4, GLYPHS)) == "████"
