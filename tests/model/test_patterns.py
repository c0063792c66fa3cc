"""File names with holes in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.spec import expand_pattern


def expand(pattern: str, *, array: tuple[int, int] | None = None, name: str = "sim") -> str:
    array_id, index = array or (None, None)
    return expand_pattern(pattern, job_id=42, array_id=array_id, array_index=index, name=name, user="ann", worker="w1")


@pytest.mark.parametrize(
    "pattern, single, of_an_array",
    [
        ("out/%j.log", "out/42.log", "out/42.log"),
        ("%A_%a", "42_", "40_2"),
        ("%x-%j", "sim-42", "sim-42"),
        ("plain", "plain", "plain"),
        ("", "", ""),
        ("100%%", "100%", "100%"),
        ("%%j", "%j", "%j"),
        ("%q %", "%q %", "%q %"),
        ("%4a-%04j-%3A", "-0042-042", "0002-0042-040"),
        ("%10j %11j %4% %5x", "0000000042 %11j %4% sim", "0000000042 %11j %4% sim"),
        ("%u@%N", "ann@w1", "ann@w1"),
        ("%J.%s %t %n %2t", "42.0 0 0 00", "42.0 0 0 00"),
        ("%b", "", "2"),
    ],
)
def test_each_hole_is_filled(pattern: str, single: str, of_an_array: str) -> None:
    assert expand(pattern) == single
    assert expand(pattern, array=(40, 2)) == of_an_array


def test_index_zero_is_an_index() -> None:
    assert expand("%a", array=(40, 0)) == "0"


def test_a_name_cannot_lead_out_of_the_directory() -> None:
    assert expand("logs/%x.out", name="../../etc/passwd") == "logs/.._.._etc_passwd.out"


@given(st.text())
def test_what_a_name_contains_is_never_filled_in_again(name: str) -> None:
    assert expand("%x", name=name) == name.replace("/", "_")


@given(st.text().filter(lambda text: "%" not in text))
def test_text_without_holes_stays(text: str) -> None:
    assert expand(text) == text
