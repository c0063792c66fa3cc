"""How a list is wanted: what is typed, what holds, and what is offered."""

from __future__ import annotations

import pytest

from clusterctl.model.filters import matches
from clusterctl.model.pictures import JobPicture
from clusterctl.tui.lists.shape import History, Shape


def typed(*texts: str, faults: str = "") -> Shape:
    """Of a list of jobs, after all that was typed, letter by letter."""
    shape = Shape(noun=JobPicture, spans=("wait",), faults_filter=faults)
    for text in texts:
        for end in range(1, len(text) + 1):
            shape.type(text[:end])
    return shape


def test_half_a_filter_keeps_the_last_whole_one_and_says_why() -> None:
    shape = typed("state:failed")
    holds = shape.filter
    shape.type("state:failed cpu")
    assert shape.trouble == ""  # a word is a filter too
    shape.type("state:failed cpus>")
    assert "value is missing" in shape.trouble
    assert "character 14" in shape.trouble
    assert holds
    assert shape.filter
    assert shape.filter.terms[0] == holds.terms[0]


def test_a_filter_that_never_made_sense_is_no_filter_and_says_so() -> None:
    shape = Shape(noun=JobPicture)
    shape.type("state:xyz")
    assert shape.filter is None
    assert shape.trouble


def test_an_empty_line_is_no_filter_and_no_trouble() -> None:
    shape = typed("state:failed")
    assert shape.type("  ")
    assert shape.filter is None
    assert not shape.trouble


def test_faults_are_added_to_what_is_typed() -> None:
    shape = typed("tenant:ada", faults="state:failed,lost")
    shape.faults = True
    assert shape.filter
    assert matches(shape.filter, {"tenant": "ada", "state": "lost"})
    assert not matches(shape.filter, {"tenant": "ada", "state": "running"})
    assert not matches(shape.filter, {"tenant": "bob", "state": "lost"})


def test_spans_can_be_filtered_by() -> None:
    assert not typed("wait>2m").trouble


@pytest.mark.parametrize(
    "text, finished, choices",
    [
        ("ten", "tenant:", ()),
        ("su", "submitted_at:", ()),
        ("-ten", "-tenant:", ()),
        ("state:failed ten", "state:failed tenant:", ()),
        ("sta", "sta", ("state", "started_at")),
        ("state:fa", "state:failed", ()),
        ("state:failed,ti", "state:failed,timeout", ()),
        ("state:", "state:", ("held", "pending")),
        ("nonsense", "nonsense", ()),
    ],
)
def test_a_name_is_finished_as_far_as_it_is_certain(text: str, finished: str, choices: tuple[str, ...]) -> None:
    shape = Shape(noun=JobPicture)
    shape.type(text)
    found = shape.complete()
    assert found.text == finished
    assert found.choices[: len(choices)] == choices


def test_the_same_field_twice_turns_the_order_round() -> None:
    shape = Shape(noun=JobPicture)
    shape.order_by("cpus")
    assert shape.sort == ("cpus",)
    shape.order_by("cpus")
    assert shape.sort == ("-cpus",)


def test_what_was_typed_is_remembered_once_and_walked_both_ways() -> None:
    history = History()
    for text in ("one", "two", "one", "  "):
        history.keep(text)
    assert [history.step(by) for by in (-1, -1, -1, 1, 1, 1)] == ["one", "two", None, "one", "", None]
