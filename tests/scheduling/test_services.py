"""How replicas are claimed."""

from __future__ import annotations

from clusterctl.model.states import AdminState, LiveState
from tests.scheduling.cluster import Picture, amount, cluster


def two(**rules: object) -> Picture:
    """Two workers that are measured to use nothing."""
    return cluster().ruled(**rules).worker("a", cpus=16, uses=(0, 0)).worker("b", cpus=16, uses=(0, 0))


def test_a_worker_claims_one_replica_in_a_round() -> None:
    queue = two().service("web", jobs=5)
    assert queue.chosen() == ["a", "b"]
    assert queue.waiting() == {"web": "service_claims"}
    assert queue.wait("web").refusals == {"service_claims": 2}


def test_how_many_it_claims_can_be_set() -> None:
    assert two(service_claims_per_round=2).service("web", jobs=5).chosen() == ["a", "b", "a", "b"]


def test_what_the_best_worker_may_not_claim_any_more_is_given_to_nobody() -> None:
    queue = cluster().worker("a", cpus=16, uses=(0, 0)).worker("b", cpus=16, uses=(8, 0)).service("web", jobs=3)
    assert queue.chosen() == ["a"]
    assert queue.waiting() == {"web": "service_claims"}


def test_another_service_for_which_another_worker_is_the_best_is_still_claimed() -> None:
    queue = cluster().worker("a", cpus=16, uses=(0, 0)).worker("b", cpus=16, uses=(8, 0), labels={"disk": "ssd"})
    queue.service("web", jobs=2).service("db", labels={"disk": "ssd"})
    assert queue.given() == [("web", "a"), ("db", "b")]


def test_claims_of_services_start_no_other_round() -> None:
    assert not two().service("web", jobs=2, more=True).plan().more
    assert (
        not cluster(max_starts=1).worker("a", uses=(0, 0)).worker("b", uses=(0, 0)).service("web", jobs=9).plan().more
    )


def test_a_claim_is_charged_before_the_next_is_decided() -> None:
    queue = two(service_claims_per_round=9).service("large", cpus=8).service("small", jobs=4)
    assert queue.given() == [("large", "a"), *[("small", "b")] * 4]


def test_batch_jobs_of_the_same_priority_come_first_and_those_of_a_lower_one_later() -> None:
    queue = two().service("web").queued("low", priority=10).queued("same").queued("high", priority=90)
    assert queue.started() == ["high", "same", "web", "low"]


def test_by_age_alone_too_batch_jobs_come_first() -> None:
    queue = cluster(order="fifo").worker("a", uses=(0, 0)).service("web", priority=90).queued("job", priority=10)
    assert queue.started() == ["job", "web"]


def test_replicas_of_lost_workers_come_before_those_that_never_ran() -> None:
    queue = two().service("old", at=1).service("lost", at=2, displaced=True)
    assert queue.started() == ["lost", "old"]


def test_the_oldest_comes_first_whosever_it_is() -> None:
    queue = two().holds("ann", cpus=9).service("ann", tenant="ann", at=1).service("bob", tenant="bob", at=2)
    assert queue.started() == ["ann", "bob"]


def test_what_services_are_given_counts_in_the_turns_of_their_tenants() -> None:
    queue = two().service("web", tenant="ann", priority=90)
    queue.queued("ann", tenant="ann", at=1).queued("bob", tenant="bob", at=2)
    assert queue.started() == ["web", "bob", "ann"]


def test_a_replica_does_not_return_to_the_worker_on_which_it_crashed() -> None:
    queue = cluster().worker("a", uses=(0, 0)).worker("b", uses=(3, 0)).service("web", avoid="a")
    assert queue.chosen() == ["b"]
    assert queue.plan().starts[0].refusals == {"avoid": 1}


def test_a_replica_returns_to_the_worker_on_which_it_crashed_if_no_other_can_have_it() -> None:
    queue = cluster().worker("a", uses=(0, 0)).worker("b", uses=(0, 0), allocated=amount(cpus=4))
    assert queue.service("web", avoid="a").chosen() == ["a"]


def test_a_worker_that_is_closed_silent_or_in_trouble_claims_nothing() -> None:
    queue = cluster().worker("a", uses=(0, 0), admin=AdminState.CLOSED).worker("b", uses=(0, 0), live=LiveState.SILENT)
    queue.worker("c", uses=(0, 0), trouble="disk full").service("web")
    assert queue.waiting() == {"web": "worker_trouble"}


# --- Who was eligible


def test_it_is_told_who_could_have_claimed_at_the_first_turn_of_a_service() -> None:
    queue = cluster().worker("a", cpus=10, uses=(1, 0)).worker("b", cpus=10, uses=(2, 0)).worker("c", cpus=10)
    queue.worker("gone", live=LiveState.LOST).service("web", jobs=2)
    found = queue.plan().eligibility
    assert found is not None
    assert (found.policy, found.eligible, found.minimum) == ("resource_usage", ("a",), 5.0)
    assert found.metrics == {"a": 5.0, "b": 10.0, "c": None}
    assert found.reasons == {"b": "resource_usage:10.0000>5.0000", "c": "resource_usage:missing"}


def test_what_batch_jobs_were_given_before_has_changed_who_is_eligible() -> None:
    queue = two().queued("job", cpus=8, worker="a").service("web")
    found = queue.plan().eligibility
    assert found is not None
    assert found.eligible == ("b",)


def test_a_fallback_is_told_with_the_eligibility() -> None:
    found = cluster().worker("a", services=2).worker("b", services=1).service("web").plan().eligibility
    assert found is not None
    assert (found.policy, found.eligible, found.metrics) == ("service_count", ("b",), {"a": 2.0, "b": 1.0})
    assert found.fallback == "no worker has a fresh measure: by service_count"


def test_where_no_service_waits_nothing_is_said_of_who_could_claim_one() -> None:
    assert two().queued("job").plan().eligibility is None


def test_where_no_services_are_to_be_placed_nobody_may_claim_one() -> None:
    found = two(service_placement="none").service("web").plan().eligibility
    assert found is not None
    assert (found.policy, found.eligible, found.minimum) == ("none", (), None)
    assert found.metrics == {"a": None, "b": None}
    assert found.reasons == {"a": "policy_disabled", "b": "policy_disabled"}


def test_a_round_that_is_over_before_the_turn_of_services_tells_who_could_claim_one_at_its_end() -> None:
    queue = two().queued("job", jobs=2, cpus=1, priority=90, worker="a").service("web", jobs=2)
    queue.max_starts = 1
    found = queue.plan()
    assert [each.reason for each in found.waits] == ["round_full"] * 2
    assert found.eligibility is not None
    assert found.eligibility.eligible == ("b",)
