"""Columns: which of them there is room for, and how it is shared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.tui.paint.pieces import Line, Sight
from clusterctl.tui.table.columns import GAP, Column, direction, place, turned
from clusterctl.tui.table.drawing import anchored, thumb


def nothing(row: object, sight: Sight, width: int) -> Line:
    """No pieces."""
    del row, sight, width
    return ()


def a_column(key: str, width: int, **other: Any) -> Column[object]:
    return Column(key, key.upper(), nothing, width, **other)


FOUR = (
    a_column("id", 6),
    a_column("name", 10, grows=True, most=14),
    a_column("state", 8, rank=1),
    a_column("reason", 20, rank=2, grows=True),
)


@pytest.mark.parametrize(
    "room,chosen,keys,widths",
    [
        (100, "", ["id", "name", "state", "reason"], [6, 14, 8, 69]),
        (47, "", ["id", "name", "state", "reason"], [6, 10, 8, 20]),
        (46, "", ["id", "name", "state"], [6, 14, 8]),
        (46, "reason", ["id", "name", "reason"], [6, 14, 24]),
        (20, "", ["id", "name"], [6, 13]),
        (20, "state", ["id", "name", "state"], [6, 10, 2]),
        (12, "", ["id", "name"], [6, 5]),
        (3, "", ["id", "name"], [1, 1]),
    ],
)
def test_where_room_is_short_the_highest_rank_goes_first(
    room: int, chosen: str, keys: list[str], widths: list[int]
) -> None:
    placed = place(FOUR, room, chosen)
    assert [each.column.key for each in placed] == keys
    assert [each.width for each in placed] == widths


columns = st.lists(
    st.builds(
        a_column, st.uuids().map(str), st.integers(1, 20), rank=st.integers(1, 5), grows=st.booleans(),
        most=st.sampled_from([0, 10, 30]),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@given(columns, st.integers(20, 120), st.data())
def test_columns_stand_side_by_side_within_their_room(
    all_columns: list[Column[object]], room: int, data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(all_columns)).key
    placed = place(all_columns, room, chosen)
    assert chosen in [each.column.key for each in placed]
    x = 0
    for each in placed:
        assert each.x == x
        assert each.width >= each.column.width
        x += each.width + GAP
    assert x - GAP <= room


def test_asking_for_an_order_again_turns_it_round() -> None:
    column = a_column("wait", 5, sort="wait")
    assert turned((), column) == ("wait",)
    assert turned(("wait",), column) == ("-wait",)
    assert turned(("-wait", "id"), column) == ("wait",)
    assert [direction(sort, column) for sort in ((), ("wait",), ("-wait",), ("id",))] == ["", "up", "down", ""]


@given(st.integers(0, 500), st.integers(2, 60), st.integers(0, 500))
def test_the_thumb_is_within_its_lines_and_touches_the_ends_only_there(top: int, height: int, count: int) -> None:
    top = min(top, max(0, count - height))
    lines = thumb(top, height, count)
    if count <= height:
        assert not lines
        return
    assert 0 <= lines.start < lines.stop <= height
    if top == 0:
        assert lines.start == 0
    if top == count - height:
        assert lines.stop == height


def test_the_view_moves_with_the_cursors_row() -> None:
    assert anchored(10, 15, 25, 20, at_top=False) == 20
    assert anchored(10, 50, 25, 20, at_top=False) == 10, "the cursor was not in sight"
    assert anchored(0, 3, 15, 20, at_top=True) == 0
    assert anchored(0, 3, 25, 20, at_top=True) == 22
