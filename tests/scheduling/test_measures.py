"""Fairness, measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.resources import Resources
from clusterctl.scheduling.measures import dominant_share, jain, p99

amounts = st.integers(0, 10**6)
resources = st.builds(Resources, amounts, amounts, st.integers(0, 16))
# Nothing between 0 and 1e-9: a share is of a cluster, and below 1e-308 a float has fewer digits, so no ratio is kept.
shares = st.lists(st.just(0.0) | st.floats(1e-9, 1e6), min_size=1, max_size=50)


def close(one: float, other: float) -> bool:
    """Equal, but for rounding."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize(
    "given, index",
    [
        ([], 1),
        ([0, 0], 1),
        ([0.4], 1),
        ([1, 1, 1], 1),
        ([1, 0, 0, 0], 0.25),
        ([1, 2, 3], 36 / 42),
        ([1e-9, 0], 0.5),
        ([1e-9] * 3, 1),
    ],
)
def test_jains_index_of_known_shares(given: list[float], index: float) -> None:
    assert close(jain(given), index)


@given(shares)
def test_it_lies_between_one_for_all_and_an_equal_share_for_each(given: list[float]) -> None:
    assert 1 / len(given) - 1e-9 <= jain(given) <= 1 + 1e-9


@given(shares, st.floats(1e-3, 1e3))
def test_it_does_not_matter_in_what_shares_are_counted_nor_in_what_order(given: list[float], factor: float) -> None:
    assert close(jain([share * factor for share in reversed(given)]), jain(given))


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=20))
def test_giving_from_the_richest_to_the_poorest_is_fairer(given: list[float]) -> None:
    poorest, *others, richest = sorted(given)
    gift = (richest - poorest) / 4
    assert jain([poorest + gift, *others, richest - gift]) >= jain(given) - 1e-9


@pytest.mark.parametrize(
    "used, weight, share",
    [
        (Resources(2000, 0, 0), 1, 0.25),
        (Resources(2000, 3000, 0), 1, 0.75),
        (Resources(2000, 3000, 0), 3, 0.25),
        (Resources(0, 0, 9), 1, 0),
        (Resources(), 1, 0),
    ],
)
def test_the_dominant_share_is_the_largest_kinds(used: Resources, weight: float, share: float) -> None:
    assert close(dominant_share(used, Resources(8000, 4000, 0), weight), share)


@given(resources, resources, resources)
def test_holding_more_never_lowers_the_share(held: Resources, more: Resources, capacity: Resources) -> None:
    assert dominant_share(held + more, capacity) >= dominant_share(held, capacity)


@given(resources, resources, st.floats(0.1, 10))
def test_a_weight_divides_it(held: Resources, capacity: Resources, weight: float) -> None:
    assert close(dominant_share(held, capacity, weight) * weight, dominant_share(held, capacity))


@pytest.mark.parametrize(
    "samples, expected",
    [
        ([], 0),
        ([7], 7),
        ([1, 2], 2),
        (range(1, 100), 99),
        (range(1, 101), 99),
        (range(1, 102), 100),
        (range(1, 201), 198),
        (range(1, 10_001), 9900),
    ],
)
def test_the_99th_percentile_is_the_sample_at_its_nearest_rank(samples: Sequence[float], expected: float) -> None:
    assert p99(samples) == p99(list(reversed(samples))) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_99_percent_of_all_samples_do_not_exceed_it_and_it_is_the_smallest_of_which_that_is_true(
    samples: list[float],
) -> None:
    found = p99(samples)
    assert found in samples
    assert 100 * sum(sample <= found for sample in samples) >= 99 * len(samples)
    assert 100 * sum(sample < found for sample in samples) < 99 * len(samples)
