"""Charts: exactly as large as they were asked for, with round amounts, times, gaps and marks that need no colours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterctl.text import cells
from clusterctl.tui.paint.axes import ROWS_A_STEP, Unit, amount, column_of, scale, stamps
from clusterctl.tui.paint.charts import Curve, Values, chart, drawn
from clusterctl.tui.paint.pieces import PLAIN_GLYPHS, Glyphs, Line

UNTIL = datetime(2026, 5, 6, 14, 3, 22, tzinfo=UTC)
UNITS: tuple[Unit, ...] = ("count", "cpus", "memory", "seconds", "rate", "pace")
values = st.lists(st.none() | st.floats(0, 1e9), max_size=40).map(tuple)
sizes = st.tuples(st.integers(5, 90), st.integers(1, 20))


def text(lines: list[Line]) -> list[str]:
    return ["".join(piece.text for piece in line) for line in lines]


def an_hour(*curves: Curve, width: int = 60, height: int = 12, **other: object) -> list[str]:
    """A chart of one hour."""
    lines = chart(curves, until=UNTIL, span_s=3600, size=(width, height), **other)  # type: ignore[arg-type]  # keywords of chart
    return text(lines)


@settings(max_examples=60, deadline=None)
@given(values, values, sizes, st.sampled_from(UNITS), st.sampled_from([Glyphs(), PLAIN_GLYPHS]))
def test_a_chart_fills_its_cells_exactly_whatever_it_shows(
    first: Values, second: Values, size: tuple[int, int], unit: Unit, glyphs: Glyphs
) -> None:
    curves = [Curve("a", first), Curve("b", second, "good", "dots")]
    lines = text(chart(curves, until=UNTIL, span_s=3600, size=size, unit=unit, glyphs=glyphs, cursor=UNTIL))
    assert len(lines) == size[1]
    assert {cells(line) for line in lines} == {size[0]}
    assert glyphs != PLAIN_GLYPHS or all(line.isascii() for line in lines)
    assert "\x1b" not in "".join(lines)


@given(st.floats(0, 1e12), st.integers(3, 60), st.sampled_from(UNITS))
def test_a_scale_holds_the_highest_value_and_no_more_amounts_than_there_is_room_for(
    highest: float, rows: int, unit: Unit
) -> None:
    ruler = scale(highest, rows, unit)
    assert ruler.top >= highest * (1 - 1e-9)
    assert 1 <= round(ruler.top / ruler.step) <= max(1, (rows - 1) // ROWS_A_STEP)


@pytest.mark.parametrize(
    "highest, unit, told",
    [
        (112, "count", ["50", "100", "150"]),
        (0, "count", ["2", "4"]),
        (0.3, "cpus", ["0.5", "1.0"]),
        (250, "seconds", ["2m", "4m", "6m"]),
        (5400, "seconds", ["30m", "1h", "1h30m"]),
        (70_000, "memory", ["32G", "64G", "96G"]),
        (6.2, "rate", ["5/s", "10/s"]),
    ],
)
def test_amounts_beside_a_chart_are_round(highest: float, unit: Unit, told: list[str]) -> None:
    ruler = scale(highest, 10, unit)
    assert [amount(each, unit, ruler.step) for each in ruler.amounts()] == ["0", *told]


def test_times_under_a_chart_are_round_and_stand_where_they_belong() -> None:
    found = stamps(UNTIL, 3600, 60)
    assert [stamp.text for stamp in found] == ["13:15", "13:30", "13:45", "14:00"]
    quarter = datetime(2026, 5, 6, 13, 15, tzinfo=UTC)
    assert found[0].column == column_of(quarter, UNTIL, 3600, 60)
    assert [stamp.text for stamp in stamps(UNTIL, 86_400, 60)] == ["18:00", "00:00", "06:00", "12:00"]


@pytest.mark.parametrize("place", [0, 7, 30, 59])
def test_a_value_stands_over_its_time_and_beside_its_amount(place: int) -> None:
    known = tuple(4.0 if at == place else None for at in range(60))
    lines = an_hour(Curve("a", known, "accent", "dots"), width=62, height=10)
    (row,) = [line for line in lines if "•" in line]
    assert row.startswith("4┤")
    at = UNTIL - timedelta(seconds=3600 - (place + 0.5) * 60)
    assert row.index("•") - 2 == pytest.approx(column_of(at, UNTIL, 3600, 60), abs=1)


def test_a_gap_stays_a_gap() -> None:
    known = (5.0,) * 20
    whole = an_hour(Curve("a", known + (5.0,) * 20 + known), height=8)
    broken = an_hour(Curve("a", known + (None,) * 20 + known), height=8)
    row = next(at for at, line in enumerate(whole) if line.count("⠤") + line.count("⠒") + line.count("⠉") > 30)
    assert " " * 12 in broken[row][10:-10], "nothing is drawn where nothing is known"
    assert " " * 12 not in whole[row][10:-10]


def test_curves_that_meet_show_the_first_and_differ_without_colours() -> None:
    line, dots = Curve("a", (3.0,) * 60), Curve("b", (3.0,) * 60, "good", "dots")
    assert not any("•" in each for each in an_hour(line, dots))
    assert any("•" * 20 in each for each in an_hour(dots, line))
    assert any("o" * 20 in each for each in an_hour(dots, glyphs=PLAIN_GLYPHS))


def test_the_cursor_is_a_line_that_hides_no_curve_and_events_are_marked() -> None:
    at = UNTIL - timedelta(minutes=30)
    lines = an_hour(Curve("a", (3.0,) * 60, "accent", "dots"), cursor=at, events=(at,), width=62, height=10)
    column = next(line.index("▲") for line in lines if "▲" in line)
    above = [line[column] for line in lines[:-2]]
    assert set(above) == {"│", "•"}
    assert above.count("•") == 1


def test_a_flat_line_of_nothing_lies_on_the_ground_and_an_unknown_one_is_not_drawn() -> None:
    nothing, unknown = an_hour(Curve("a", (0.0,) * 60)), an_hour(Curve("a", (None,) * 60))
    ground = nothing[-3]
    assert ground.startswith("0┤")
    assert ground.strip("0┤ ")
    assert all(not line.strip("024┤│ ") for line in unknown[:-2])


def test_what_was_drawn_is_not_drawn_again() -> None:
    drawn.cache_clear()
    for _ in range(3):
        an_hour(Curve("a", (1.0, 2.0)), cursor=UNTIL)
        an_hour(Curve("a", (1.0, 2.0)))
    assert drawn.cache_info().misses == 1
