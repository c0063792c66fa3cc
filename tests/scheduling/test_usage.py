"""What measured use is worth, who carries least, and whether there is room for more."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Measured, WorkerPicture
from clusterctl.scheduling.usage import Load, can_fit, eligible, is_usable, load, usage_score

CAPACITY, NOTHING = Resources(8000, 4096, 1), Resources()
percents, sizes = st.floats(0, 100), st.floats(0, 2**25)


def measured(cpu_milli: float, memory_mb: float, at: float = 100.0) -> Measured:
    return Measured(cpu_milli=cpu_milli, memory_mb=memory_mb, at=at)


def worker(used: Measured | None, charged: Resources = NOTHING, held: Resources = NOTHING) -> WorkerPicture:
    return WorkerPicture(id=1, name="w", capacity=CAPACITY, allocated=held, measured=used, charged=charged)


# --- The score


@pytest.mark.parametrize(
    "given, score",
    [
        ((0.0, 0.0), 0.0),
        ((50.0, 1024.0), 25.5),
        ((50.0, 1024.0, 1.0, 1.0), 25.5),
        ((50.0, 2048.0, 3.0, 1.0), 38.0),
        ((50.0, 2048.0, 0.0, 7.0), 2.0),
    ],
)
def test_it_weighs_percent_of_cpus_and_gib_of_memory(given: tuple[float, ...], score: float) -> None:
    assert usage_score(*given) == score


@pytest.mark.parametrize("weights", [(-1.0, 2.0), (2.0, -1.0), (0.0, 0.0), (nan, 1.0), (1.0, inf), (1e308, 1e308)])
def test_what_is_no_pair_of_weights_counts_as_halves(weights: tuple[float, float]) -> None:
    assert usage_score(40.0, 1024.0, *weights) == 20.5


@given(percents, sizes, percents, sizes, st.tuples(st.floats(0, 10), st.floats(0, 10)))
def test_more_use_never_scores_less(
    cpu: float, memory: float, more_cpu: float, more_memory: float, weights: tuple[float, float]
) -> None:
    assert usage_score(cpu + more_cpu, memory + more_memory, *weights) >= usage_score(cpu, memory, *weights)


# --- Who may claim


def test_those_at_the_minimum_are_eligible_and_of_the_others_it_is_said_why_not() -> None:
    found = eligible({"b": 0.1833, "a": 0.2064, "c": None, "d": 0.1833})
    assert found.eligible == ("b", "d")
    assert (found.policy, found.minimum) == ("resource_usage", 0.1833)
    assert found.metrics == {"b": 0.1833, "a": 0.2064, "c": None, "d": 0.1833}
    assert found.reasons == {"a": "resource_usage:0.2064>0.1833", "c": "resource_usage:missing"}


@pytest.mark.parametrize("odd", [nan, inf, -inf])
def test_a_score_that_is_no_number_draws_nothing_and_blocks_nobody(odd: float) -> None:
    found = eligible({"a": odd, "b": 7.0}, "slo")
    assert (found.eligible, found.metrics["a"], found.reasons) == (("b",), None, {"a": "slo:missing"})


@pytest.mark.parametrize("scores", [{}, {"a": None}])
def test_of_nobody_nobody_is_eligible(scores: dict[str, float | None]) -> None:
    found = eligible(scores)
    assert (found.eligible, found.minimum) == ((), None)


def test_two_scores_that_differ_little_are_told_apart() -> None:
    assert eligible({"a": 1.00001, "b": 1.0}).reasons == {"a": "resource_usage:1.00001>1.00000"}
    assert eligible({"a": 0.1 + 0.2, "b": 0.3}).reasons == {"a": "resource_usage:0.30000000000000004>0.3"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.floats()))
def test_everybody_is_eligible_or_has_a_reason(scores: dict[str, float | None]) -> None:
    found = eligible(scores)
    assert set(found.eligible) | set(found.reasons) == set(scores)
    assert not set(found.eligible) & set(found.reasons)


# --- What a measure is worth


@pytest.mark.parametrize(
    "used, usable",
    [
        (measured(1000, 100), True),
        (measured(0, 0), True),
        (measured(1000, 100, at=0.0), True),
        (measured(1000, 100, at=-21.0), False),
        (measured(1000, 100, at=221.0), False),
        (measured(9000, 100), True),
        (measured(1000, 4096), True),
        (measured(1000, 4097), False),
        (measured(-1, 100), False),
        (measured(1000, -1), False),
        (measured(nan, 100), False),
        (measured(1000, nan), False),
        (measured(inf, 100), False),
        (measured(1000, inf), False),
        (measured(1000, 100, at=nan), False),
        (None, False),
    ],
)
def test_a_measure_is_used_while_it_is_fresh_and_possible(used: Measured | None, usable: bool) -> None:
    assert is_usable(used, CAPACITY, at=100.0, ttl=120.0) == usable


def test_a_load_is_what_is_measured_and_what_was_given_since() -> None:
    busy = worker(measured(2000, 512), charged=Resources(1000, 256))
    assert load(busy, 100.0, 120.0) == Load(37.5, 768)
    assert load(busy, 100.0, 120.0, Resources(2000, 256)) == Load(62.5, 1024)


def test_more_cpu_than_there_is_counts_as_all_of_it() -> None:
    assert load(worker(measured(80_000, 512), charged=Resources(1000)), 100.0, 120.0) == Load(100.0, 512)


@pytest.mark.parametrize("used", [None, measured(nan, 0), measured(0, 0, at=-500)])
def test_without_a_usable_measure_what_is_held_is_taken_to_be_used(used: Measured | None) -> None:
    assert load(worker(used, held=Resources(4000, 1024)), 100.0, 120.0, Resources(1000, 0)) == Load(62.5, 1024)


def test_of_a_worker_without_cpus_all_are_used() -> None:
    assert load(WorkerPicture(id=1, name="w", capacity=Resources()), 0.0, 120.0) == Load(100.0, 0)


# --- Whether there is room


def test_there_is_room_where_little_is_used_whatever_is_held() -> None:
    assert can_fit(Resources(2000, 1024), measured(1000, 100), CAPACITY, 100.0, held=Resources(8000, 4096))
    assert can_fit(Resources(7000), measured(1000, 100), CAPACITY, 100.0, held=Resources()) == (True, "")


@pytest.mark.parametrize(
    "request_, used, said",
    [
        (Resources(2000), measured(7000, 0), "CPU insufficient: free 1.00 cores < req 2.00 cores"),
        (Resources(2000), measured(6000.5, 0), "CPU insufficient: free 2.00 cores < req 2.00 cores"),
        (Resources(0, 1024), measured(0, 3584), "memory insufficient: free 512 MiB < req 1024 MiB"),
        (Resources(0, 0, 2), measured(0, 0), "GPU insufficient: free 1 < req 2"),
        (Resources(500), measured(80_000, 0), "CPU insufficient: free 0.00 cores < req 0.50 cores"),
    ],
)
def test_where_there_is_none_it_is_said_of_what(request_: Resources, used: Measured, said: str) -> None:
    verdict = can_fit(request_, used, CAPACITY, 100.0, held=Resources())
    assert not verdict
    assert verdict.reason == said


@pytest.mark.parametrize(
    "used", [None, measured(0, 0, at=-21), measured(-5, 0), measured(nan, 0), measured(0, inf), measured(0, 99_999)]
)
def test_where_the_measure_is_of_no_use_what_is_held_decides_and_never_all_there_is(used: Measured | None) -> None:
    held = Resources(7000, 1024)
    assert can_fit(Resources(1000), used, CAPACITY, 100.0, held=held)
    assert can_fit(Resources(2000), used, CAPACITY, 100.0, held=held).reason.startswith("CPU insufficient: free 1.00")


@given(st.integers(0, 10_000), st.floats(0, 20_000), st.floats(0, 20_000))
def test_more_use_never_makes_room(wish: int, used: float, more: float) -> None:
    def fits(cpu_milli: float) -> bool:
        return bool(can_fit(Resources(wish), measured(cpu_milli, 0), CAPACITY, 100.0, held=Resources()))

    assert fits(used) or not fits(used + more)
