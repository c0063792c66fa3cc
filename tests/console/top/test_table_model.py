"""The rows of a table: whatever comes and goes, the cursor and the marks stay on what they are on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from clusterctl.model.looks import Key
from clusterctl.tui.table.model import STRUCK, TableModel
from tests.console.top.marks import Marks


def shown(model: TableModel, keys: Sequence[Key], now: float = 0.0, **other: object) -> TableModel:
    """*model* after a look that saw *keys*, each with a row."""
    model.apply(keys, {key: (key, now) for key in keys}, len(keys), now=now, **other)  # type: ignore[arg-type] # as named
    return model


def test_the_cursor_begins_on_the_first_row() -> None:
    assert shown(TableModel(), [3, 1, 2]).cursor == 3


def test_a_list_that_grows_at_its_head_has_no_cursor_until_somebody_moves() -> None:
    model = shown(TableModel(follows=True), [3, 2, 1])
    assert model.cursor is None
    assert model.meant() == []
    model.go(1)
    assert shown(model, [5, 4, 3, 2, 1]).cursor == 2


def test_the_cursor_goes_with_its_row() -> None:
    model = shown(TableModel(), [1, 2, 3])
    model.go(1)
    shown(model, [3, 1, 2])
    assert (model.cursor, model.at()) == (2, 2)


def test_a_row_that_vanishes_under_the_cursor_can_be_seen_for_a_while() -> None:
    model = shown(TableModel(), [1, 2, 3, 4])
    model.go(1)
    shown(model, [1, 3, 4], now=1.0)
    assert (list(model.keys), model.cursor, model.rows[2]) == ([1, 2, 3, 4], 2, (2, 0.0))
    assert not model.sweep(1.0 + STRUCK - 0.1)
    assert model.sweep(1.0 + STRUCK)
    assert (list(model.keys), model.cursor) == ([1, 3, 4], 3)
    assert 2 not in model.rows


def test_other_rows_vanish_at_once() -> None:
    assert list(shown(shown(TableModel(), [1, 2, 3]), [1, 3]).keys) == [1, 3]


def test_a_row_that_comes_back_is_as_it_was() -> None:
    model = shown(TableModel(), [1, 2])
    shown(model, [2], now=1.0)
    shown(model, [1, 2], now=2.0)
    assert (model.gone, model.cursor) == ({}, 1)


def test_a_marked_row_that_vanishes_keeps_its_mark_until_it_goes() -> None:
    model = shown(TableModel(), [1, 2, 3])
    model.toggle(3)
    shown(model, [1, 2], now=0.0)
    assert model.meant() == [3]
    model.sweep(STRUCK)
    assert (model.marked, model.meant()) == (set(), [1])


def test_a_mark_goes_with_its_row_also_when_a_look_lets_it_go() -> None:
    model = shown(TableModel(), [1, 2, 3])
    model.toggle(3)
    shown(model, [1, 2], now=0.0)
    shown(model, [1, 2], now=STRUCK)
    assert (model.marked, model.hidden) == (set(), 0)


def test_marks_that_a_filter_hides_are_counted_and_not_meant() -> None:
    model = shown(TableModel(), [1, 2, 3], asked="")
    model.toggle(2)
    model.toggle(3)
    shown(model, [1, 3], asked="state:pending")
    assert (model.meant(), model.hidden) == ([3], 1)
    shown(model, [1, 3], asked="state:pending")
    assert model.hidden == 1
    shown(model, [1, 2, 3], asked="")
    assert (model.meant(), model.hidden) == ([2, 3], 0)


def test_with_another_filter_nothing_is_struck_through() -> None:
    model = shown(TableModel(), [1, 2, 3], asked="a")
    model.go(2)
    shown(model, [1, 2], asked="b")
    assert (list(model.keys), model.cursor, model.gone) == ([1, 2], 2, {})


def test_while_the_order_is_kept_what_is_new_stands_at_the_end() -> None:
    model = shown(TableModel(), [1, 2, 3])
    shown(model, [9, 3, 1, 8], keep_order=True)
    assert list(model.keys) == [1, 3, 9, 8]


def test_what_was_just_acted_on_stays_in_sight_though_it_has_left_the_list() -> None:
    model = shown(TableModel(), [1, 2, 3])
    model.keep([3], until=10.0)
    shown(model, [1, 2], now=1.0)
    assert list(model.keys) == [1, 2, 3]
    model.sweep(9.9)
    assert 3 in model.keys
    model.sweep(10.0)
    assert list(model.keys) == [1, 2]


def test_all_means_those_that_were_seen() -> None:
    model = TableModel()
    model.apply([1, 2], {}, total=500)
    model.mark_all()
    assert model.meant() == [1, 2]


def test_a_range_reaches_from_where_it_was_begun_to_the_cursor() -> None:
    model = shown(TableModel(), [1, 2, 3, 4, 5])
    model.go(3)
    model.range_from = model.cursor
    model.go(1)
    assert list(model.range_keys()) == [2, 3, 4]
    model.end_range()
    assert model.meant() == [2, 3, 4]
    assert model.range_keys() == ()


def test_clearing_marks_clears_hidden_ones_too() -> None:
    model = shown(TableModel(), [1, 2], asked="")
    model.mark_all()
    shown(model, [1], asked="x")
    model.clear_marks()
    assert (model.marked, model.hidden) == (set(), 0)


def test_it_says_which_rows_show_something_else() -> None:
    model = TableModel()
    assert model.apply([1, 2], {1: "a", 2: "b"}, 2) == {1, 2}
    assert model.apply([1, 2], {1: "a", 2: "c"}, 2) == {2}


@pytest.mark.parametrize("left,lands_on", [([1, 2, 4, 5], 4), ([1, 2], 2), ([5], 5), ([], None), ([9], 9)])
def test_the_cursor_goes_to_the_nearest_neighbour(left: list[int], lands_on: int | None) -> None:
    model = shown(TableModel(), [1, 2, 3, 4, 5], asked="a")
    model.go(2)
    assert shown(model, left, asked="b").cursor == lands_on


keys = st.lists(st.integers(0, 12), unique=True, max_size=10)


class TableLife(RuleBasedStateMachine):
    """Looks come, some in another order, some of another filter; somebody moves, marks, and waits."""

    def __init__(self) -> None:
        super().__init__()
        self.model, self.now, self.asked = TableModel(), 0.0, 0
        self.marks = Marks()  # what must be marked, found out another way

    @initialize(first=keys)
    def begin(self, first: list[int]) -> None:
        shown(self.model, first, asked=self.asked)
        self.marks.look(first, self.now)

    @rule(seen=keys, keep=st.booleans(), passed=st.sampled_from([0.0, 1.0, STRUCK]), another=st.booleans())
    def look(self, seen: list[int], keep: bool, passed: float, another: bool) -> None:
        before, struck = self.model.cursor, set(self.model.gone)
        self.now += passed
        self.asked += another
        shown(self.model, seen, self.now, keep_order=keep, asked=self.asked)
        self.marks.look(seen, self.now, another=another)
        if before is not None and self.model.cursor != before:
            assert before not in seen, "the cursor left a row that is there"
            assert another or (before in struck and passed), "the cursor left a row that nobody saw vanish"

    @rule(passed=st.sampled_from([0.5, STRUCK]))
    def wait(self, passed: float) -> None:
        self.now += passed
        before, gone = self.model.cursor, set(self.model.gone)
        self.model.sweep(self.now)
        self.marks.wait(self.now)
        assert self.model.cursor == before or before in gone

    @rule(place=st.integers(-2, 12))
    def move(self, place: int) -> None:
        self.model.go(place)

    @precondition(lambda self: self.model.cursor is not None)
    @rule()
    def mark(self) -> None:
        assert self.model.cursor is not None
        self.model.toggle(self.model.cursor)
        self.marks.toggle(self.model.cursor)

    @rule()
    def mark_everything(self) -> None:
        self.model.mark_all()
        self.marks.mark_all()

    @rule()
    def unmark(self) -> None:
        self.model.clear_marks()
        self.marks.clear()

    @invariant()
    def marks_stay_with_their_keys(self) -> None:
        assert self.model.marked == self.marks.now, "marked is what somebody marked and did not see go"

    @invariant()
    def what_is_meant_is_shown(self) -> None:
        meant = self.model.meant()
        assert set(meant) <= set(self.model.keys)
        if self.model.marked & set(self.model.keys):
            assert set(meant) <= self.model.marked
        else:
            assert meant == ([] if self.model.cursor is None else [self.model.cursor])

    @invariant()
    def the_cursor_is_on_a_row(self) -> None:
        assert self.model.cursor in self.model.keys if self.model.keys else self.model.cursor is None
        assert len(set(self.model.keys)) == len(self.model.keys)
        assert set(self.model.gone) <= set(self.model.keys)


TableLife.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestTableLife = TableLife.TestCase
