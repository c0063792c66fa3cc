"""Which of the willing workers gets the job."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Measured, QueueGroup, ServiceLevel, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState
from clusterctl.model.steering import Policy
from clusterctl.scheduling import POLICIES
from clusterctl.scheduling.gauges import FINEST, left_over
from clusterctl.scheduling.policies import PARTS, Score, read
from clusterctl.scheduling.usage import sober
from tests.scheduling.cluster import amount, cluster
from tests.scheduling.pictures import whole_snapshots

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


def test_service_count_goes_where_the_fewest_replicas_are() -> None:
    queue = cluster().worker("a", services=2).worker("b", services=1).worker("c", services=1)
    queue.ruled(service_placement="service_count", service_claims_per_round=9).service("x", jobs=4)
    assert queue.chosen() == ["b", "c", "a", "b"]


def test_batch_jobs_are_no_replicas() -> None:
    assert cluster("service_count").worker("a").worker("b").queued("x", jobs=3).chosen() == ["a", "a", "a"]


def test_resource_usage_goes_where_least_is_used() -> None:
    queue = cluster("resource_usage").worker("a", uses=(2, 0)).worker("b", uses=(1, 0)).worker("c", uses=(1.1, 0))
    assert queue.queued("x", cpus=0.2, jobs=4).chosen() == ["b", "c", "b", "c"]


def test_memory_counts_by_its_weight() -> None:
    queue = cluster("resource_usage").worker("a", uses=(2, 100)).worker("b", uses=(1, 900)).queued("x")
    assert queue.chosen() == ["b"]
    assert queue.ruled(usage_cpu_weight=0.0).chosen() == ["a"]


def test_what_was_given_is_charged_until_it_is_measured() -> None:
    queue = cluster("resource_usage").worker("a", uses=(1, 0), charged=amount(cpus=2)).worker("b", uses=(2, 0))
    assert queue.queued("x").chosen() == ["b"]


def test_slo_spares_the_worker_whose_services_are_slow() -> None:
    queue = cluster("slo").worker("a", uses=(1, 0)).worker("b", uses=(2, 0)).queued("x")
    assert queue.chosen() == ["a"]
    queue.workers[0] = replace(queue.workers[0], reports=ServiceLevel(p99_ms=500, violation_rate=0.5))
    assert queue.chosen() == ["b"]


def test_slo_does_not_let_one_tenant_have_one_worker_alone() -> None:
    queue = cluster("slo").worker("a", cpus=8, uses=(2, 0)).worker("b", cpus=8, uses=(2.5, 0)).queued("x")
    assert queue.chosen() == ["a"]
    queue.workers[0] = replace(queue.workers[0], held_by_tenant={"ann": amount(cpus=4)})
    assert queue.chosen() == ["b"]


@pytest.mark.parametrize("policy", ["resource_usage", "slo"])
def test_a_worker_of_which_nothing_usable_is_known_is_left_out(policy: Policy) -> None:
    queue = cluster(policy).worker("a").worker("b", uses=(3, 900)).worker("c", uses=(0, 0), ago=121)
    queue.worker("d", uses=(float("nan"), 0)).worker("e", uses=(0, 5000)).queued("x")
    assert queue.chosen() == ["b"]
    (start,) = queue.plan().starts
    assert (start.refusals, start.candidates) == ({"measured": 4}, 1)


def test_what_is_used_though_nobody_holds_it_is_not_free() -> None:
    queue = cluster("resource_usage").worker("a", cpus=4, uses=(3.5, 0)).queued("x")
    assert queue.waiting() == {"x": "fits_load"}
    assert queue.wait("x").refusals == {"fits_load": 1}
    assert cluster("pack").worker("a", cpus=4, uses=(3.5, 0)).queued("x").chosen() == ["a"]


def test_room_by_load_shrinks_as_the_round_gives_it_away() -> None:
    queue = cluster("resource_usage").worker("a", cpus=4, uses=(1.5, 0)).queued("x", jobs=3)
    assert queue.chosen() == ["a", "a"]
    assert queue.waiting() == {"x": "fits_now"}


def test_with_measures_off_what_is_held_decides() -> None:
    queue = cluster("resource_usage").ruled(use_measures="never").worker("a", uses=(4, 0))
    queue.worker("b", uses=(0, 0), allocated=amount(cpus=1)).queued("x")
    assert queue.chosen() == ["a"]
    assert queue.plan().starts[0].fallback == ""


def test_where_nobody_is_measured_replicas_are_counted_and_the_start_says_so() -> None:
    queue = cluster().worker("a", services=2, uses=(0, 0), ago=500).worker("b", services=1).service("x")
    assert queue.chosen() == ["b"]
    (start,) = queue.plan().starts
    assert (start.policy, start.fallback) == ("service_count", "no worker has a fresh measure: by service_count")


def test_where_nobody_is_measured_batch_jobs_go_by_what_is_held() -> None:
    queue = cluster("resource_usage").worker("a", allocated=amount(cpus=1)).worker("b").queued("x")
    assert queue.chosen() == ["b"]
    (start,) = queue.plan().starts
    said = "no worker has a fresh measure: by what is reserved and allocated"
    assert (start.policy, start.fallback) == ("resource_usage", said)


def test_a_measure_of_a_worker_that_takes_no_work_is_not_one_to_go_by() -> None:
    queue = cluster().worker("a", admin=AdminState.CLOSED, uses=(0, 0)).worker("b").service("x")
    assert queue.plan().starts[0].policy == "service_count"


def test_a_job_that_names_its_worker_needs_no_measure() -> None:
    queue = cluster("resource_usage").worker("a").worker("b", uses=(0, 0)).queued("x", worker="a")
    assert queue.chosen() == ["a"]


def test_with_placement_off_everybody_waits() -> None:
    queue = cluster("none").worker("a").queued("x", jobs=2).queued("y")
    assert queue.waiting() == {"x": "policy_disabled", "y": "policy_disabled"}
    assert queue.started() == []


def test_each_kind_is_placed_by_its_own_policy_or_not_at_all() -> None:
    assert cluster("none").worker("a", uses=(0, 0)).queued("x").service("y").started() == ["y"]
    queue = cluster().ruled(service_placement="none").worker("a").queued("x").service("y")
    assert queue.started() == ["x"]
    assert queue.waiting() == {"y": "policy_disabled"}


@given(st.lists(resources, min_size=2, max_size=6))
def test_what_is_left_over_sorts_as_its_kinds_do_scarcest_first(amounts: list[Resources]) -> None:
    ranked = sorted(amounts, key=lambda free: (free.gpus, free.cpu_milli, free.memory_mb))
    for less, more in pairwise(ranked):
        assert (less == more) == (left_over(less) == left_over(more))
        assert left_over(less) <= left_over(more)


@pytest.mark.parametrize("score", POLICIES.values(), ids=POLICIES)
@given(request=resources, priority=st.integers(0, 99), one=resources, other=resources)
def test_a_policy_orders_two_workers_alike_for_every_job(
    score: Score, request: Resources, priority: int, one: Resources, other: Resources
) -> None:
    def prefers(asking: QueueGroup) -> bool:
        return score(asking, SOMEBODY, one) > score(asking, SOMEBODY, other)

    assert prefers(replace(job(request), priority=priority)) == prefers(job(amount()))


@given(cpu=st.integers(0, 8000), memory=st.integers(0, 4096), more=st.integers(0, 8000), tenants=st.integers(0, 3))
@pytest.mark.parametrize("policy", ["resource_usage", "slo"])
def test_a_worker_that_uses_more_never_scores_more(
    policy: Policy, cpu: int, memory: int, more: int, tenants: int
) -> None:
    def score(used: Measured) -> float:
        held = {str(tenant): amount(cpus=1) for tenant in range(tenants)}
        worker = WorkerPicture(id=1, name="w", capacity=amount(8, 4096), measured=used, held_by_tenant=held)
        return POLICIES[policy](job(amount()), worker, worker.free)

    idle = Measured(cpu_milli=cpu, memory_mb=memory, at=0.0)
    assert score(replace(idle, cpu_milli=cpu + more)) <= score(idle)
    assert score(replace(idle, memory_mb=memory + more)) <= score(idle)


def test_every_policy_tells_of_what_its_score_is_made() -> None:
    worker = WorkerPicture(
        id=1, name="w", capacity=amount(8, 4096, 2), services=3, measured=Measured(cpu_milli=4000, memory_mb=1024, at=0)
    )
    told = {policy: PARTS[policy](job(amount(2, 1000, 1)), worker, worker.free) for policy in POLICIES}
    assert told["pack"] == told["spread"] == {"gpus": 1, "cpus": 6, "memory_mb": 3096}
    assert (told["service_count"], told["first_fit"]) == ({"services": 3}, {})
    assert told["resource_usage"] == {"cpu": -25.0, "memory": -0.5}
    assert told["slo"]["capacity"] == 40 * (0.5 + 0.75) / 2


@given(whole_snapshots())
def test_every_score_is_a_whole_number_of_the_finest_grains(snapshot: Snapshot) -> None:
    """Placement compares them as such."""
    for worker in snapshot.workers:
        seen = sober(worker, snapshot.at, snapshot.steering.measure_ttl)
        for policy in POLICIES:
            assert (read(policy, seen, worker.free, snapshot.steering) * FINEST).is_integer()
