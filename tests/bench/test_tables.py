"""Whatever a benchmark measured becomes tables by topic: nothing is left out, and nothing is a path of keys."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bench.report.tables import tables
from bench.report.words import number


def written(values: dict[str, Any]) -> list[str]:
    """The lines."""
    return "\n".join(tables(values)).splitlines()


def test_values_beside_each_other_share_a_table() -> None:
    assert written({"round_ms": 18.25, "shapes": 300, "runs_ms": [18, 19]}) == [
        "|  |  |",
        "|---|---:|",
        "| round | 18.25 ms |",
        "| shapes | 300 |",
        "",
        "- every run, time, ms: 18, 19",
    ]


def test_siblings_of_one_shape_are_rows() -> None:
    assert written({"agentd": {"rss_mb": 47.5, "cpus": 2}, "schedd": {"rss_mb": 40, "cpus": 2}}) == [
        "|  | memory (RSS), MiB | CPUs |",
        "|---|---:|---:|",
        "| agentd | 47.5 | 2 |",
        "| schedd | 40 | 2 |",
    ]


def test_siblings_with_more_fields_than_fit_stand_on_end() -> None:
    fields = {f"cpu_ms_{letter}": number for number, letter in enumerate("abcdefghi")}
    found = written({"jobs": {"1000": fields, "10000": fields}})
    assert found[:4] == ["**Jobs**", "", "|  | 1,000 | 10,000 |", "|---|---:|---:|"]
    assert "| CPU a, ms | 0 | 0 |" in found


def test_a_unit_above_holds_for_all_beneath() -> None:
    found = written({"first_act_ms": {"p50": 7.2, "p99": 10}})
    assert {"**First act**", "| p50 | 7.2 ms |", "| p99 | 10 ms |"} <= set(found)


def test_the_runs_of_siblings_stand_beneath_their_table() -> None:
    found = written(
        {"hyperqueue": {"cpu_ms": 2.3, "runs_per_s": [400, 410]}, "slurm": {"cpu_ms": 29, "runs_per_s": [41]}}
    )
    assert "- hyperqueue, every run, pace, /s: 400, 410" in found
    assert "- slurm, every run, pace, /s: 41" in found


def test_runs_of_a_value_are_told_once_and_never_in_its_table() -> None:
    found = written({"per_s": {"pack": 5, "slo": 3}, "runs_per_s": {"pack": [5, 6], "slo": [3, 4]}})
    assert [line for line in found if "5, 6" in line] == ["- pack, /s: 5, 6"]


def test_a_long_course_is_shown_in_even_steps_and_says_so() -> None:
    looks = [{"at_s": at, "memory_mb": 50 + at, "memory_mb.agentd": 1} for at in range(100)]
    found = written({"looks": looks})
    rows = [line for line in found if re.match(r"\| \d", line)]
    assert "16 of 100 looks, evenly; the JSON has all." in found
    assert (rows[0], rows[-1], len(rows)) == ("| 0 | 50 |", "| 99 | 149 |", 16)


def test_a_bar_in_a_word_breaks_no_table() -> None:
    assert "| settings | a/b |" in written({"settings": "a|b"})


NUMBER = r"\d+(?:,\d{3})*"
names = st.text("abcdefgh", min_size=1, max_size=6)
plain = st.integers(0, 10**6) | st.lists(st.integers(0, 10**6), min_size=1, max_size=4)
results = st.recursive(
    st.dictionaries(names, plain, max_size=4),
    lambda inner: st.dictionaries(names, inner | plain, max_size=4),
    max_leaves=12,
)


def values_of(data: object) -> list[str]:
    """Every number beneath, as it is written."""
    if isinstance(data, dict):
        return [each for value in data.values() for each in values_of(value)]
    return [number(data)]


@given(results)
def test_no_value_is_left_out(result: dict[str, Any]) -> None:
    text = "\n".join(tables(result))
    found = re.findall(rf"{NUMBER}(?:, {NUMBER})*", text)
    wanted = values_of(result)
    assert all(wanted.count(value) <= found.count(value) for value in wanted)


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    found = written({"a": {"version": "of today", "shapes": 3}, "b": {"version": "of old", "shapes": 4}})
    assert found[:2] == ["|  | version | shapes |", "|---|---|---:|"]
