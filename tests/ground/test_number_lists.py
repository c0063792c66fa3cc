"""Array expressions and lists of job numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.units import Array, format_numbers, parse_array, parse_numbers


@pytest.mark.parametrize(
    "text,array",
    [
        ("0-3", Array((0, 1, 2, 3))),
        ("1,3,5-7", Array((1, 3, 5, 6, 7))),
        ("0-9:3", Array((0, 3, 6, 9))),
        ("0-3%2", Array((0, 1, 2, 3), 2)),
        ("5,1", Array((1, 5))),
        ("0-4:2,1%10", Array((0, 1, 2, 4), 10)),
    ],
)
def test_arrays_are_written_as_in_sbatch(text: str, array: Array) -> None:
    assert parse_array(text) == array


def test_an_array_holds_a_hundred_thousand_jobs_and_no_more() -> None:
    assert len(parse_array("0-99999").indices) == 100_000
    with pytest.raises(ValueError, match="more than 100,000 jobs"):
        parse_array("0-100000")


@pytest.mark.parametrize(
    "text,why",
    [("5-1", "backwards"), ("1,1", "twice"), ("1-5,3", "twice"), ("0-9:0", "step"), ("0-9%0", "at once"),
     ("", "missing"), ("0-9%", "at once"), ("a-b", "write"), ("-1", "write"), ("1,,2", "write"),
     ("0-2147483647:2", "too large"), ("0-999999999999999999", "too large"), ("1%2%3", "at once")],
)  # fmt: skip
def test_an_array_that_makes_no_sense_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_array(text)


@pytest.mark.parametrize(
    "text,ranges",
    [
        ("7", (range(7, 8),)),
        ("7-12", (range(7, 13),)),
        ("3,5,9-11", (range(3, 4), range(5, 6), range(9, 12))),
        ("5,3,4,4", (range(3, 6),)),
        ("1-9223372036854775807", (range(1, 2**63),)),
    ],
)
def test_job_numbers_become_ascending_ranges_that_are_never_spread_out(text: str, ranges: tuple[range, ...]) -> None:
    assert parse_numbers(text) == ranges


@pytest.mark.parametrize("text", ["", "0", "0-5", "12-7", "last", "1:2", "1-9:2", "9223372036854775808", "1-", "3;4"])
def test_what_names_no_job_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="list of job numbers"):
        parse_numbers(text)


@given(st.sets(st.integers(1, 60), min_size=1))
def test_any_set_of_jobs_can_be_written_and_read_back(jobs: set[int]) -> None:
    ranges = parse_numbers(",".join(map(str, jobs)))
    assert {job for each in ranges for job in each} == jobs
    assert parse_numbers(format_numbers(ranges)) == ranges
    assert all(left.stop < right.start for left, right in pairwise(ranges))
