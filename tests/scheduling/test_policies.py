"""Which of the willing workers gets the job."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Policy, QueueGroup, WorkerPicture
from clusterctl.scheduling import POLICIES
from clusterctl.scheduling.policies import Score, left_over
from tests.scheduling.cluster import amount, cluster

GREATEST = Resources(2**22 - 1, 2**25 - 1, 63)
resources = st.builds(
    Resources,
    st.integers(0, GREATEST.cpu_milli),
    st.integers(0, GREATEST.memory_mb),
    st.integers(0, GREATEST.gpus),
)
SOMEBODY = WorkerPicture(id=1, name="w", capacity=GREATEST)


def job(request: Resources) -> QueueGroup:
    return QueueGroup(shape="x", request=request, ids=(1,), submitted=(0.0,))


def test_pack_fills_the_snuggest_hole() -> None:
    queue = cluster("pack").worker("wide", cpus=8).worker("snug", cpus=2).worker("middle", cpus=4)
    assert queue.queued("x", cpus=2, jobs=3).chosen() == ["snug", "middle", "middle"]


def test_pack_spares_gpus_first_then_cpus_then_memory() -> None:
    queue = cluster("pack").worker("gpus", cpus=2, gpus=1).worker("cpus", cpus=4).worker("memory", cpus=2)
    assert queue.queued("x", jobs=3).chosen() == ["memory", "memory", "cpus"]
    assert cluster("pack").worker("a", memory_mb=900).worker("b", memory_mb=800).queued("x").chosen() == ["b"]


def test_spread_goes_where_most_is_left() -> None:
    queue = cluster("spread").worker("a", cpus=4).worker("b", cpus=4).worker("c", cpus=2)
    assert queue.queued("x", jobs=5).chosen() == ["a", "b", "a", "b", "a"]


def test_first_fit_takes_the_lowest_name_that_has_room() -> None:
    queue = cluster("first_fit").worker("c").worker("a", cpus=1).worker("b", cpus=2)
    assert queue.queued("x", jobs=4).chosen() == ["a", "b", "b", "c"]


@pytest.mark.parametrize("policy", POLICIES)
def test_among_equals_the_name_decides(policy: Policy) -> None:
    assert cluster(policy).worker("b").worker("a").queued("x").chosen() == ["a"]


def test_a_start_tells_its_policy_its_score_and_how_many_could_have_had_it() -> None:
    queue = cluster("pack").worker("a", cpus=2, gpus=3).worker("b", cpus=0.5).worker("c", gpus=5)
    (start,) = queue.queued("x", cpus=2, memory_mb=1000, gpus=1).plan().starts
    assert (start.policy, start.score, start.candidates) == ("pack", -2.0, 2)


def test_with_placement_off_everybody_waits() -> None:
    queue = cluster("none").worker("a").queued("x", jobs=2).queued("y")
    assert queue.waiting() == {"x": "policy_disabled", "y": "policy_disabled"}
    assert queue.started() == []


@given(st.lists(resources, min_size=2, max_size=6))
def test_what_is_left_over_sorts_as_its_kinds_do_scarcest_first(amounts: list[Resources]) -> None:
    ranked = sorted(amounts, key=lambda free: (free.gpus, free.cpu_milli, free.memory_mb))
    for less, more in pairwise(ranked):
        assert (less == more) == (left_over(job(amount()), less) == left_over(job(amount()), more))
        assert left_over(job(amount()), less) <= left_over(job(amount()), more)


@pytest.mark.parametrize("score", POLICIES.values(), ids=POLICIES)
@given(request=resources, one=resources, other=resources)
def test_a_policy_orders_two_workers_alike_for_every_job(
    score: Score, request: Resources, one: Resources, other: Resources
) -> None:
    def prefers(asking: Resources) -> bool:
        return score(job(asking), SOMEBODY, one) > score(job(asking), SOMEBODY, other)

    assert prefers(request) == prefers(amount())
