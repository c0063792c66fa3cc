"""Durations: every form people write, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.units import LONGEST_DURATION, format_age, format_duration, parse_duration

HOUR, DAY = 3_600, 86_400


@pytest.mark.parametrize(
    "text,seconds",
    [
        ("90", 90),
        ("0", 0),
        ("1.5", 1.5),
        (" 90s ", 90),
        ("10m", 600),
        ("2H", 2 * HOUR),
        ("7d", 7 * DAY),
        ("500ms", 0.5),
        ("1.5h", 5_400),
        ("1h30m", 5_400),
        ("1d2h3m4s5ms", DAY + 2 * HOUR + 184.005),
        ("2:30", 150),
        ("1:30:00", 5_400),
        ("90:00", 5_400),
        ("2-12", 2 * DAY + 12 * HOUR),
        ("2-12:30", 2 * DAY + 12 * HOUR + 1_800),
        ("2-12:00:00", 2 * DAY + 12 * HOUR),
        ("0-0:0:1", 1),
    ],
)
def test_every_form_means_what_sbatch_users_expect(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-5", "+5", "abc", "1:2:3:4", "nan", "inf", "1e3", "99999d", "9" * 400, "5x", "m", "1m1h", "1..5", "1:",
     ":1", "1-", "2-1:2:3:4", "٣", "1 m", "1_000", "0x10"],
)  # fmt: skip
def test_nonsense_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^('.*' is not a duration|a duration is missing): \S.*$"):
        parse_duration(text)


def test_a_refusal_neither_repeats_a_megabyte_nor_rings_the_terminal() -> None:
    with pytest.raises(ValueError, match="is not") as refusal:
        parse_duration("\x1b]0;owned\x07" + "x" * 1_000_000)
    assert len(str(refusal.value)) < 300
    assert str(refusal.value).isprintable()


@given(st.integers(0, int(LONGEST_DURATION) * 1000))
def test_what_is_written_is_read_back_to_the_millisecond(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, abs=1e-6)


@given(st.text(max_size=20))
def test_no_text_does_worse_than_a_refusal(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert 0 <= parse_duration(text) <= LONGEST_DURATION


@pytest.mark.parametrize(
    "seconds,text",
    [(0, "0s"), (0.5, "500ms"), (1.5, "1.5s"), (90, "1m30s"), (HOUR, "1h"), (7 * DAY, "7d"), (90_061, "1d1h1m1s")],
)
def test_durations_are_written_without_what_is_zero(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    "seconds,text",
    [(-3, "0.0s"), (0.42, "0.4s"), (9.97, "9s"), (12.9, "12s"), (252, "4m12s"), (3 * HOUR + 301, "3h05m"),
     (2 * DAY + 4 * HOUR, "2d04h"), (float("nan"), "?")],
)  # fmt: skip
def test_ages_fit_into_a_column(seconds: float, text: str) -> None:
    assert format_age(seconds) == text
