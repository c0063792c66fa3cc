"""One round, from the first turn to the last."""

from __future__ import annotations

from tests.scheduling.cluster import amount, cluster


def test_an_empty_queue_asks_for_nothing() -> None:
    outcome = cluster().worker("a").plan()
    assert (outcome.starts, outcome.waits, outcome.more) == ((), (), False)


def test_a_job_that_does_not_fit_does_not_block_those_behind_it() -> None:
    queue = cluster().worker("a", allocated=amount(cpus=3)).queued("large", cpus=4).queued("small")
    assert queue.started() == ["small"]
    assert queue.waiting() == {"large": "fits_now"}


def test_the_wait_of_a_group_names_its_first_job_that_did_not_start() -> None:
    queue = cluster().worker("a", cpus=2).queued("x", jobs=5)
    assert [start.job_id for start in queue.plan().starts] == [1, 2]
    assert queue.wait("x").job_id == 3


def test_a_group_that_starts_wholly_waits_for_nothing() -> None:
    assert cluster().worker("a").queued("x", jobs=4).plan().waits == ()


def test_a_round_ends_at_its_most_starts_and_says_that_there_is_more() -> None:
    queue = cluster(max_starts=3).worker("a").queued("x", jobs=2).queued("y", jobs=2).queued("z")
    outcome = queue.plan()
    assert queue.started() == ["x", "x", "y"]
    assert [(wait.shape, wait.job_id, wait.reason) for wait in outcome.waits] == [
        ("y", 4, "round_full"),
        ("z", 5, "round_full"),
    ]
    assert outcome.more


def test_a_round_that_just_reaches_its_most_starts_is_whole() -> None:
    outcome = cluster(max_starts=2).worker("a").queued("x", jobs=2).plan()
    assert (len(outcome.starts), outcome.waits, outcome.more) == (2, (), False)


def test_a_group_of_which_all_known_jobs_start_asks_for_another_look() -> None:
    assert cluster().worker("a").queued("x", jobs=2, more=True).plan().more


def test_a_group_that_does_not_start_wholly_asks_for_no_other_look() -> None:
    assert not cluster().worker("a", cpus=1).queued("x", jobs=2, more=True).plan().more


def test_a_longer_array_at_its_limit_asks_for_no_other_look() -> None:
    assert not cluster().worker("a").queued("x", jobs=2, slots=2, more=True).plan().more


def test_two_groups_of_the_same_shape_are_both_served() -> None:
    queue = cluster().worker("a").queued("x", priority=1).queued("x", priority=2)
    assert [start.job_id for start in queue.plan().starts] == [2, 1]


def test_what_one_group_takes_is_missing_to_another_whose_workers_overlap() -> None:
    queue = cluster().worker("a", cpus=1, labels={"disk": "ssd"}).worker("b", cpus=1)
    queue.queued("named", worker="a").queued("labelled", labels={"disk": "ssd"}).queued("any", jobs=2)
    assert queue.started() == ["named", "any"]
    assert queue.waiting() == {"labelled": "fits_now", "any": "fits_now"}
