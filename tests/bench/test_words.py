"""Keys and values read as words with units."""

from __future__ import annotations

import pytest

from bench.report.words import duration, heading, label, number, times, unit


@pytest.mark.parametrize(
    "key, words, sign",
    [
        ("round_ms", "round", "ms"),
        ("jobs_per_s", "jobs", "/s"),
        ("cpu_ms_above_spawn", "CPU above spawn", "ms"),
        ("decisions_per_s_by_order", "decisions by order", "/s"),
        ("batch_500", "batch 500", ""),
        ("100000_wait", "100,000 wait", ""),
        ("seconds", "seconds", ""),
        ("ended_s", "ended", "s"),
        ("by_s_and_more", "by s and more", ""),
        ("journal_kb", "journal", "KiB"),
        ("memory_mb.agentd", "memory, agentd", "MiB"),
        ("per_s", "pace", "/s"),
        ("runs_per_s", "every run, pace", "/s"),
        ("runs_of_spawn_limit", "every run, share of the serial spawn limit", ""),
        ("of_spawn_limit", "share of the serial spawn limit", ""),
    ],
)
def test_a_key_is_words_and_a_unit(key: str, words: str, sign: str) -> None:
    assert (label(key), unit(key)) == (words, sign)


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "–"),
        (True, "yes"),
        (1613, "1,613"),
        (143250.4, "143,250"),
        (0.5229, "0.5229"),
        (0.0000123, "1.2e-05"),
        (0.0, "0"),
        ([969, 1035], "969, 1,035"),
        ("C", "C"),
    ],
)
def test_numbers_have_their_thousands_apart(value: object, text: str) -> None:
    assert number(value) == text


def test_a_column_says_its_unit() -> None:
    assert [heading(key) for key in ("rss_mb", "shapes", "core_percent")] == [
        "memory (RSS), MiB",
        "shapes",
        "CPU, of one core, %",
    ]


def test_long_times_are_minutes() -> None:
    assert [duration(seconds) for seconds in (8, 99, 170)] == ["8 s", "99 s", "3 min"]


def test_what_is_far_ahead_needs_no_fractions() -> None:
    assert [times(ahead) for ahead in (0.426, 1.586, 12.713, 1234.5)] == ["0.426 ×", "1.59 ×", "12.7 ×", "1,234 ×"]
