"""The score of the policy ``slo``, by each of its weights."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, ServiceLevel, WorkerPicture
from clusterctl.model.steering import Steering
from clusterctl.scheduling.policies import PARTS, POLICIES
from clusterctl.scheduling.slo import (
    CORRECTED_WEIGHTS,
    DOCUMENT_WEIGHTS,
    SEED_WEIGHTS,
    WEIGHTS,
    Case,
    SloWeights,
    slo_parts,
    slo_score,
)

parts, times = st.floats(0, 1), st.floats(0, 1e4)


def score(weights: SloWeights = SEED_WEIGHTS, priority: str | int = "medium", **facts: Any) -> int:
    """Of a worker of 10 CPUs and 100 GiB, half of which is used; everything else as good as it can be."""
    told: dict[str, Any] = {
        "cpu_total": 10,
        "cpu_used": 5,
        "memory_total": 100,
        "memory_used": 50,
        "p99_ms": 0,
        "violation_rate": 0,
        "dominant_share": 0,
        "fairness": 1,
        **facts,
    }
    return slo_score(priority, **told, weights=weights)


# --- What the seed computes: each expected value is worked out by hand from its formula


@pytest.mark.parametrize(
    "facts, expected",
    [
        ({}, 63),  # 25 + 15 + 15 + 12.5 - 0 - 5, and a half goes up
        ({"priority": "high"}, 73),  # 35 …
        ({"priority": "low"}, 53),
        ({"priority": "no such word"}, 53),
        ({"cpu_used": 0, "memory_used": 0}, 78),  # 30 for what is free
        ({"cpu_used": 10, "memory_used": 100}, 38),  # none, and (1 - 0.8)·50 for the crowd
        ({"cpu_used": 20, "memory_used": 0}, 53),  # the mean use counts as it is: (1.0 - 0.8)·50 = 10
        ({"p99_ms": 20}, 70),  # 25·(1 - 0.2) = 20 instead of 12.5
        ({"p99_ms": 100}, 50),
        ({"p99_ms": 1000}, 38),  # 25·(1 - 1.5) = -12.5
        ({"violation_rate": 0.1}, 65),  # 3 instead of 5: the first violations pay
        ({"violation_rate": 2}, 38),
        ({"dominant_share": 0.5}, 55),
        ({"dominant_share": 7}, 48),
        ({"fairness": 0.2}, 51),
        ({"fairness": -3}, 48),
        (
            {"p99_ms": 1, "fairness": 1, "priority": "high", "cpu_used": 0, "memory_used": 0, "violation_rate": 0.01},
            100,
        ),
        ({"p99_ms": 900, "fairness": 0, "violation_rate": 1, "dominant_share": 1, "cpu_used": 9, "memory_used": 99}, 0),
    ],
)
def test_the_seed_is_reproduced(facts: dict[str, Any], expected: int) -> None:
    assert score(SEED_WEIGHTS, **facts) == expected


@pytest.mark.parametrize(
    "facts, expected",
    [
        ({"p99_ms": 60}, 70),  # 25 + 20 + 15 + 10
        ({"p99_ms": 120}, 60),
        ({"p99_ms": 240}, 50),
        ({"p99_ms": 60, "violation_rate": 0.5}, 60),
        ({"p99_ms": 60, "dominant_share": 1}, 55),
        ({"p99_ms": 60, "cpu_used": 10, "memory_used": 100}, 50),  # a crowd is no matter
    ],
)
@pytest.mark.parametrize("weights", [DOCUMENT_WEIGHTS, CORRECTED_WEIGHTS])
def test_the_document_is_reproduced_and_where_both_speak_the_corrected_weights_agree(
    weights: SloWeights, facts: dict[str, Any], expected: int
) -> None:
    assert score(weights, **facts) == expected


def test_a_clean_worker_loses_nothing_but_by_the_seed() -> None:
    for weights, lost in ((SEED_WEIGHTS, 5), (DOCUMENT_WEIGHTS, 0), (CORRECTED_WEIGHTS, 0)):
        found = slo_parts(Case("low", 1, 0, 1, 0, 0, 0, 0, 1), weights)
        assert found["violations"] == -lost


# --- What the corrected weights promise


def corrected(**facts: Any) -> int:
    return score(CORRECTED_WEIGHTS, **facts)


@given(times, times, times, times)
def test_more_load_never_scores_more(cpu: float, memory: float, more_cpu: float, more_memory: float) -> None:
    idle = corrected(cpu_used=cpu, memory_used=memory)
    assert corrected(cpu_used=cpu + more_cpu, memory_used=memory + more_memory) <= idle


@given(st.floats(1e-3, 1e4), times)
def test_more_latency_never_scores_more(p99_ms: float, more: float) -> None:
    assert corrected(p99_ms=p99_ms + more) <= corrected(p99_ms=p99_ms)


@given(parts, parts)
def test_more_violations_never_score_more(rate: float, more: float) -> None:
    assert corrected(violation_rate=rate + more) <= corrected(violation_rate=rate)


@given(parts, parts)
def test_more_dominance_never_scores_more(share: float, more: float) -> None:
    assert corrected(dominant_share=share + more) <= corrected(dominant_share=share)


@given(st.floats(0, 120, exclude_min=True))
def test_no_worker_is_better_off_unmeasured_than_within_the_target(p99_ms: float) -> None:
    assert corrected(p99_ms=p99_ms) >= corrected(p99_ms=0)


@pytest.mark.parametrize("fact", ["cpu_used", "memory_used", "violation_rate", "dominant_share", "fairness"])
@pytest.mark.parametrize("odd", [nan, inf])
def test_what_is_not_a_number_never_speaks_for_a_worker(fact: str, odd: float) -> None:
    worst: dict[str, Any] = {
        "cpu_used": 10.0,
        "memory_used": 100.0,
        "violation_rate": 1.0,
        "dominant_share": 1.0,
        "fairness": 0.0,
    }
    if (fact, odd) != ("fairness", inf):  # more than even is even
        told: dict[str, Any] = {fact: odd}
        assert corrected(**told) <= corrected(**{fact: worst[fact]})


@given(
    st.sampled_from(sorted(WEIGHTS)),
    st.sampled_from(["high", "medium", "low"]),
    st.lists(st.floats(), min_size=8, max_size=8),
)
def test_every_score_is_between_0_and_100(name: Any, priority: str, facts: list[float]) -> None:
    told: list[Any] = [priority, *facts, WEIGHTS[name]]
    assert 0 <= slo_score(*told) <= 100


def test_a_number_is_of_the_class_that_it_reaches() -> None:
    assert [score(priority=number) for number in (74, 75, 50, 49)] == [63, 73, 63, 53]


# --- The policy


@given(
    st.integers(0, 8000),
    st.floats(0, 500),
    parts,
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 8000)),
    st.sampled_from(sorted(WEIGHTS)),
    st.sampled_from([10, 50, 90]),
)
def test_the_policys_score_is_the_sum_of_its_parts(  # noqa: PLR0917 - as many as Hypothesis draws
    held: int, p99_ms: float, rate: float, tenants: dict[str, int], weights: Any, priority: int
) -> None:
    worker = WorkerPicture(
        id=1,
        name="w",
        capacity=Resources(8000, 1024),
        allocated=Resources(held, 100),
        reports=ServiceLevel(p99_ms=p99_ms, violation_rate=rate),
        held_by_tenant={tenant: Resources(cpu) for tenant, cpu in tenants.items()},
    )
    group = QueueGroup(shape="x", request=Resources(1000), priority=priority, ids=(1,), submitted=(0.0,))
    told = group, worker, worker.free, Steering(slo_weights=weights)
    assert abs(POLICIES["slo"](*told) - sum(PARTS["slo"](*told).values())) < 1e-5
