"""Memory, CPUs and priorities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.units import (
    MOST_CPUS,
    MOST_MEMORY,
    about_memory,
    format_cpus,
    format_memory,
    parse_cpus,
    parse_memory,
    parse_priority,
)


@pytest.mark.parametrize(
    "text,mib",
    [("512M", 512), ("4G", 4096), ("1.5G", 1536), ("1024", 1024), ("0", 0), ("1T", 1024**2), ("4gib", 4096),
     ("4GB", 4096), ("2Gi", 2048), ("1K", 1), ("1025k", 2), ("0.5M", 1)],
)  # fmt: skip
def test_memory_is_read_in_mib_and_never_less_than_asked(text: str, mib: int) -> None:
    assert parse_memory(text) == mib


@pytest.mark.parametrize("text", ["", "1.5X", "-1G", "G", "1e3", "nan", "9999999P", "1 G", "1BB", "4b", "٤G"])
def test_memory_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an amount of memory"):
        parse_memory(text)


@given(st.integers(0, MOST_MEMORY))
def test_memory_is_read_back_as_it_was_written(mib: int) -> None:
    assert parse_memory(format_memory(mib)) == mib


@pytest.mark.parametrize("mib,text", [(512, "512M"), (1536, "1.5G"), (4096, "4G"), (1537, "1537M"), (1024**2, "1T")])
def test_memory_is_written_in_the_largest_unit_that_is_exact(mib: int, text: str) -> None:
    assert format_memory(mib) == text


@pytest.mark.parametrize("mib,text", [(0, "0M"), (128_773, "126G"), (1577, "1.54G"), (1_048_064, "1024G")])
def test_a_column_takes_three_digits_of_memory(mib: int, text: str) -> None:
    assert about_memory(mib) == text


@pytest.mark.parametrize("text,milli", [("8", 8000), ("0.5", 500), ("0.001", 1), ("500m", 500), (" 1.250 ", 1250)])
def test_cpus_are_read_in_thousandths(text: str, milli: int) -> None:
    assert parse_cpus(text) == milli


@pytest.mark.parametrize(
    "text", ["", "0", "0.000", "0m", "-1", "0.0005", "1e3", "nan", "inf", "1000001", ".5", "8 cpus"]
)
def test_cpus_that_no_machine_has_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number of CPUs"):
        parse_cpus(text)


@given(st.integers(1, MOST_CPUS * 1000))
def test_cpus_are_read_back_as_they_were_written(milli: int) -> None:
    assert parse_cpus(format_cpus(milli)) == milli


@pytest.mark.parametrize("text,priority", [("low", 25), ("Medium", 50), ("high", 75), ("7", 7), ("-3", -3)])
def test_priorities_have_names_and_numbers(text: str, priority: int) -> None:
    assert parse_priority(text) == priority


@pytest.mark.parametrize("text", ["", "urgent", "1.5", "1000001", "--1"])
def test_a_priority_is_a_name_we_know_or_a_whole_number(text: str) -> None:
    with pytest.raises(ValueError, match="priority"):
        parse_priority(text)
