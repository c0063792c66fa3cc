"""What is kept for the first job that waits, and who may start meanwhile."""

from __future__ import annotations

from clusterctl.model.plan import Shadow
from clusterctl.scheduling.words import in_words
from tests.scheduling.cluster import Picture, amount, cluster

CPU = 1000


def busy() -> Picture:
    """One worker of 8 CPUs, 6 of which are held: 4 until second 100, 2 until second 200."""
    queue = cluster(order="priority").worker("a", cpus=8, allocated=amount(cpus=6))
    return queue.ends("a", 100, cpus=4).ends("a", 200, cpus=2)


def kept(queue: Picture) -> tuple[str, float | None, int]:
    """Worker, moment, and the CPUs that it leaves, in thousandths."""
    found = queue.plan().shadow
    assert isinstance(found, Shadow)
    (name,) = (worker.name for worker in queue.workers if worker.id == found.worker_id)
    return name, found.at, found.extra.cpu_milli


def test_the_first_job_that_waits_for_room_is_promised_when_it_can_start() -> None:
    assert kept(busy().queued("head", cpus=6)) == ("a", 100.0, 0)
    assert kept(busy().queued("head", cpus=8)) == ("a", 200.0, 0)
    assert kept(busy().queued("head", cpus=5)) == ("a", 100.0, CPU)


def test_what_ends_in_the_same_moment_comes_free_together() -> None:
    queue = cluster().worker("a", cpus=4, allocated=amount(cpus=4))
    assert kept(queue.ends("a", 50, cpus=2).ends("a", 50, cpus=2).queued("head", cpus=2)) == ("a", 50.0, 2 * CPU)


def test_what_should_have_ended_already_is_expected_to_end_now() -> None:
    queue = cluster().worker("a", cpus=4, allocated=amount(cpus=4)).ends("a", -30, cpus=4)
    assert kept(queue.queued("head", cpus=4)) == ("a", 0.0, 0)


def test_that_worker_is_kept_on_which_it_fits_first_of_equals_the_first_by_name() -> None:
    queue = cluster()
    for name, at in (("d", 50), ("c", 50), ("a", 90)):
        queue.worker(name, allocated=amount(cpus=4)).ends(name, at, cpus=4)
    queue.worker("b", cpus=1, allocated=amount(cpus=1)).ends("b", 10, cpus=1)
    assert kept(queue.queued("head", cpus=4)) == ("c", 50.0, 0)


def test_a_job_that_would_delay_it_waits() -> None:
    queue = busy().queued("head", cpus=6).queued("unlimited").queued("long", limit=101)
    assert queue.started() == []
    assert queue.waiting() == {"head": "fits_now", "unlimited": "backfill", "long": "backfill"}
    assert queue.wait("long").refusals == {"backfill": 1}
    told = in_words(queue.wait("long"), queue.queue[2], queue.snapshot())
    assert told == "needs 1 CPU; there is room only on the worker that is kept for a job whose turn comes first"


def test_a_job_that_ends_before_starts_and_so_does_one_that_needs_only_what_it_leaves() -> None:
    assert busy().queued("head", cpus=6).queued("short", cpus=2, limit=100).started() == ["short"]
    queue = busy().queued("head", cpus=5).queued("small", jobs=2)
    assert queue.started() == ["small"]
    assert queue.waiting() == {"head": "fits_now", "small": "backfill"}


def test_a_job_that_ends_before_takes_nothing_of_what_is_left() -> None:
    queue = busy().queued("head", cpus=5).queued("short", limit=60).queued("small")
    assert queue.started() == ["short", "small"]


def test_a_job_that_reaches_its_limit_has_a_grace_until_which_it_may_go_on() -> None:
    queue = busy().queued("head", cpus=6).queued("short", limit=80)
    assert queue.graced(20).started() == ["short"]
    assert queue.graced(21).started() == []


def test_on_other_workers_nobody_is_held_back() -> None:
    queue = busy().worker("b", cpus=2).queued("head", cpus=6).queued("x", jobs=2)
    assert queue.chosen() == ["b", "b"]


def test_a_job_that_ends_before_goes_to_the_best_worker_kept_or_not() -> None:
    queue = busy().worker("b", cpus=3).queued("head", cpus=6).queued("short", cpus=2, limit=50)
    assert queue.chosen() == ["a"]  # the snuggest
    queue = busy().worker("b", cpus=2).worker("c", cpus=9, labels={"big": "yes"}).queued("head", cpus=6, worker="a")
    assert queue.queued("short", cpus=1, limit=50).chosen() == ["a"]
    assert queue.queued("other", cpus=1).chosen() == ["a", "b"]


def test_what_starts_before_the_head_in_the_same_round_ends_too() -> None:
    queue = cluster(order="priority").worker("a", cpus=4).queued("first", cpus=3, limit=30).queued("head", cpus=4)
    assert kept(queue) == ("a", 30.0, 0)


def test_services_never_end_so_they_get_only_what_is_left() -> None:
    queue = busy().ruled(service_placement="pack").queued("head", cpus=5).service("web").service("db")
    assert queue.started() == ["web"]
    assert queue.waiting()["db"] == "backfill"


def test_nothing_is_kept_for_a_service() -> None:
    queue = busy().ruled(service_placement="pack").service("web", cpus=8).queued("x", priority=10)
    assert queue.started() == ["x"]
    assert queue.plan().shadow is None


def test_a_worker_is_kept_for_a_service_that_has_waited_long_or_lost_its_worker() -> None:
    for urgent in (
        busy().ruled(service_placement="pack").service("web", cpus=8, at=-600),
        busy().ruled(service_placement="pack").service("web", cpus=8, displaced=True),
    ):
        assert kept(urgent.queued("x")) == ("a", 200.0, 0)
        assert urgent.waiting() == {"web": "fits_now", "x": "backfill"}


def test_nothing_is_kept_for_what_waits_for_something_else() -> None:
    for asks in ({"slots": 0}, {"labels": {"disk": "ssd"}}, {"cpus": 9}, {"worker": "nowhere"}):
        queue = busy().queued("head", **asks).queued("x")
        assert queue.plan().shadow is None
        assert queue.started() == ["x"]


def test_it_can_be_switched_off() -> None:
    queue = busy().ruled(backfill="none").queued("head", cpus=6).queued("x")
    assert queue.started() == ["x"]
    assert queue.plan().shadow is None


def test_the_second_that_waits_is_not_kept_a_worker() -> None:
    queue = busy().worker("b", cpus=2, allocated=amount(cpus=1)).ends("b", 500, cpus=1)
    queue.queued("head", cpus=6).queued("second", cpus=2, worker="b").queued("x", worker="b")
    assert queue.started() == ["x"]


# --- Where nothing tells when anything ends


def endless() -> Picture:
    """Two workers, neither of which has room for 8 CPUs; b lacks less."""
    return cluster().worker("a", cpus=8, allocated=amount(cpus=4)).worker("b", cpus=8, allocated=amount(cpus=1))


def test_nothing_is_kept_until_it_has_waited_long() -> None:
    queue = endless().queued("head", cpus=8, at=-599).queued("x", jobs=9)
    assert queue.plan().shadow is None
    assert queue.started() == ["x"] * 9


def test_then_the_worker_that_lacks_least_is_closed_for_what_it_needs() -> None:
    queue = endless().queued("head", cpus=8, at=-600).queued("x", jobs=9, limit=1)
    assert kept(queue) == ("b", None, 0)
    assert queue.chosen() == ["a"] * 4
    assert queue.waiting() == {"head": "fits_now", "x": "backfill"}


def test_what_it_does_not_need_may_still_be_had() -> None:
    queue = cluster().worker("a", cpus=8, gpus=2, allocated=amount(gpus=2)).queued("head", cpus=2, gpus=1, at=-600)
    assert kept(queue) == ("a", None, 6 * CPU)
    assert queue.queued("x", jobs=9).started() == ["x"] * 6


def test_a_job_that_can_be_promised_nothing_yet_does_not_keep_another_from_being() -> None:
    queue = busy().worker("b", allocated=amount(cpus=4)).queued("endless", worker="b").queued("head", cpus=6)
    assert kept(queue) == ("a", 100.0, 0)


def test_a_worker_that_replicas_fill_is_not_kept_for_what_can_never_start_there() -> None:
    """Else who wants that worker would have the only one that is kept, for ever."""
    queue = cluster().worker("a", cpus=8, allocated=amount(cpus=4))
    queue.worker("b", cpus=8, allocated=amount(cpus=6), enduring=amount(cpus=6))
    queue.queued("wants b", cpus=4, worker="b", at=-900).queued("head", cpus=8, at=-600).queued("x", jobs=9)
    assert kept(queue) == ("a", None, 0)
    assert queue.chosen() == ["b"] * 2


def test_what_is_long_over_its_limit_is_expected_at_no_time() -> None:
    queue = cluster().worker("a", cpus=4, allocated=amount(cpus=4)).ends("a", -61, cpus=4)
    assert queue.queued("head", cpus=4).plan().shadow is None
    queue.worker("b", cpus=4, allocated=amount(cpus=4)).ends("b", 40, cpus=4)
    assert kept(queue) == ("b", 40.0, 0)


# --- Where tenants take turns


def rivals() -> Picture:
    """Two full workers, from each of which 4 CPUs come free; bob has nothing, so it is his turn before ann's."""
    queue = cluster().worker("a", cpus=8, allocated=amount(cpus=8)).worker("b", cpus=8, allocated=amount(cpus=8))
    return queue.holds("ann", cpus=16).ends("a", 100, cpus=8).ends("b", 200, cpus=8)


def test_it_is_kept_for_the_oldest_whosever_turn_it_is() -> None:
    queue = rivals().queued("old", cpus=8, tenant="ann", at=-20).queued("young", cpus=1, tenant="bob", at=-10)
    assert kept(queue) == ("a", 100.0, 0)


def test_nobody_younger_takes_what_is_kept_for_the_oldest_though_it_is_their_turn() -> None:
    queue = cluster().worker("a", cpus=8, allocated=amount(cpus=4)).holds("ann", cpus=4).ends("a", 100, cpus=4)
    queue.queued("old", cpus=8, tenant="ann", at=-20)
    queue.queued("young", tenant="bob", at=-10).queued("short", tenant="bob", at=-9, limit=50)
    assert queue.started() == ["short"]
    assert queue.waiting() == {"old": "fits_now", "young": "backfill"}


def test_who_is_older_or_of_a_higher_priority_takes_it_when_it_is_their_turn() -> None:
    queue = cluster().worker("a", cpus=8, allocated=amount(cpus=4)).holds("ann", cpus=4).ends("a", 100, cpus=4)
    queue.queued("old", cpus=8, tenant="ann", at=-20)
    queue.queued("older", tenant="bob", at=-30).queued("urgent", tenant="bob", priority=90)
    assert queue.started() == ["urgent", "older"]
