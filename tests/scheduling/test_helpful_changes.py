"""What would start a waiting job now, in scenes: each proposal is proven by the planner, the cheapest come first."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from msgspec.structs import replace

from clusterctl.model.circumstances import Circumstances
from clusterctl.model.states import AdminState
from clusterctl.scheduling.explanation import explain_waiting
from clusterctl.scheduling.explanation.changes import TRIES, cheapest
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.roster import Roster
from clusterctl.scheduling.round import plan
from tests.scheduling.cluster import Picture, amount, cluster
from tests.scheduling.explained import changes, holding, seconds, subject, told

GIB = 1024


def busy() -> Picture:
    """w1 has 2 CPUs and 28 GiB free, w2 has 7 CPUs and 10 GiB."""
    picture = cluster().worker("w1", cpus=8, memory_mb=32 * GIB, allocated=amount(6, 4 * GIB))
    return picture.worker("w2", cpus=8, memory_mb=32 * GIB, allocated=amount(1, 22 * GIB))


def test_with_less_memory_it_would_start_now() -> None:
    assert changes(told(busy().queued("x", cpus=2, memory_mb=30 * GIB), "x")) == [("--memory 28G", "w1")]


def test_the_smallest_sacrifice_comes_first() -> None:
    picture = busy().queued("x", cpus=4, memory_mb=12 * GIB)
    assert changes(told(picture, "x")) == [("--memory 10G", "w2"), ("--cpus 2", "w1")]


def test_two_kinds_are_given_up_only_if_that_costs_less_than_one() -> None:
    small = cluster().worker("w1", cpus=8, allocated=amount(cpus=4)).worker("w2", cpus=8, allocated=amount(5, 400))
    assert changes(told(small.queued("x", cpus=8, memory_mb=1000), "x")) == [("--cpus 4", "w1")]
    large = cluster().worker("w1", cpus=8, allocated=amount(cpus=6)).worker("w2", cpus=8, allocated=amount(1, 100))
    assert changes(told(large.queued("x", cpus=8, memory_mb=1000), "x")) == [
        ("--cpus 7 --memory 900M", "w2"),
        ("--cpus 2", "w1"),
    ]


def test_what_would_be_another_job_is_not_proposed() -> None:
    assert changes(told(busy().queued("x", cpus=8, memory_mb=32 * GIB), "x")) == [("--cpus 7 --memory 10G", "w2")]
    assert changes(told(cluster().worker("a", cpus=1).queued("x", cpus=64), "x")) == []


def test_another_worker_would_do() -> None:
    picture = cluster().worker("a", allocated=amount(cpus=4)).worker("b").queued("x", worker="a")
    assert changes(told(picture, "x")) == [("without --worker", "b")]


def test_a_replica_of_a_service_on_every_worker_is_for_that_one() -> None:
    picture = cluster().worker("a", allocated=amount(cpus=4)).worker("b").service("x", worker="a")
    found = told(picture, "x", every_worker=True)
    assert changes(found) == []
    assert found.headline.endswith("; it is the replica for a")


def test_where_no_change_is_proven_it_is_said_what_may_help() -> None:
    picture = cluster().worker("a").queued("x", cpus=64).queued("y", worker="b").queued("z")
    assert (told(picture, "x").changes, told(picture, "x").advice) == (
        (),
        "Ask for less, or bring a worker that is large enough.",
    )
    assert told(picture, "y").changes
    assert told(picture, "y").advice == told(picture, "z").advice == ""


def test_a_held_job_that_would_wait_even_then_is_told_how_it_is_released() -> None:
    picture = cluster().worker("a").queued("x", cpus=64)
    subject_of = replace(subject(picture.snapshot(), "x"), held=True, ready=False)
    found = explain_waiting(replace(picture.snapshot(), queue=()), subject_of, Circumstances())
    assert found.advice == (
        "`clusterctl release 1` lets it go; then it would wait: needs 64 CPUs; no worker that it may use is that large"
        " (the largest, a, has 4 CPUs, 1000 MiB)"
    )


def test_without_one_of_its_labels_it_would_start() -> None:
    picture = cluster().worker("a", labels={"zone": "n"}).queued("x", labels={"zone": "n", "disk": "ssd"})
    assert changes(told(picture, "x")) == [("without --label disk=ssd", "a")]


def test_a_drained_worker_would_do_if_it_took_jobs() -> None:
    picture = cluster().worker("a", cpus=1).worker("b", admin=AdminState.DRAINING).queued("x", cpus=2)
    assert changes(told(picture, "x")) == [("--cpus 1", "a"), ("clusterctl resume b", "b")]


def test_a_higher_priority_would_give_it_its_turn() -> None:
    picture = cluster(max_starts=1).worker("a", cpus=4).queued("first", priority=60).queued("x")
    assert changes(told(picture, "x")) == [("--priority 61", "a")]
    assert told(picture, "x").reason == "round_full"


def test_as_an_array_of_its_own_an_index_would_start() -> None:
    picture = cluster().worker("a", cpus=4).queued("x", jobs=3, slots=0)
    held = [holding(picture, "a", job=90, shape="x", limit=100)]
    found = told(picture, "x", held=held, array_limit=4, array_index=7)
    assert changes(found) == [("--array 7", "a")]
    assert found.headline.endswith(" allows, 4 at once; it starts once job 90 has ended")
    assert (found.reason, [blocker.job_id for blocker in found.blockers]) == ("array_limit", [90])
    assert seconds(found) == 100


def test_where_nothing_is_placed_the_setting_that_places_is_told() -> None:
    found = told(cluster("none").worker("a").queued("x"), "x")
    assert (found.reason, found.candidates) == ("policy_disabled", 1)
    assert [change.sentence for change in found.changes] == [
        "clusterctl config set batch_placement pack starts it now on a"
    ]


def calls_of(function: Callable[..., Any], act: Callable[[], object]) -> int:
    """How often *function* is called while *act* runs."""
    count = 0

    def look(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is function.__code__

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def scene(picture: Picture, shape: str) -> Scene:
    """Looked at, so that only what the changes cost is left to count."""
    found = Scene(picture.snapshot(), subject(picture.snapshot(), shape), Circumstances())
    assert found.start is None
    return found


def test_closed_workers_are_looked_at_all_together() -> None:
    def arranged(workers: int) -> int:
        picture = cluster()
        for number in range(workers):
            picture.worker(f"small{number}", admin=AdminState.CLOSED)
        for number in range(4):
            picture.worker(f"willing{number}", cpus=8, admin=AdminState.CLOSED)
        seen = scene(picture.queued("x", cpus=8), "x")
        assert [change.option for change in cheapest(seen)] == [f"clusterctl resume willing{n}" for n in range(3)]
        return calls_of(Roster.__init__, lambda: cheapest(seen))

    assert arranged(400) == arranged(4)


@pytest.mark.parametrize("levels", [1, 5, 100])
def test_the_planner_is_not_asked_more_often_than_promised(levels: int) -> None:
    picture = cluster().worker("a")
    for number in range(3):
        picture.worker(f"b{number}", admin=AdminState.CLOSED)
    for level in range(levels):
        picture.queued(f"g{level}", jobs=20, priority=60 + level)
    seen = scene(picture.queued("x", cpus=4), "x")
    assert calls_of(plan, lambda: cheapest(seen)) <= TRIES
    assert [change.option for change in cheapest(seen)] == [f"--priority {60 + levels}"]


def test_a_priority_that_nobody_may_ask_for_is_not_proposed() -> None:
    picture = cluster(max_starts=1).worker("a").queued("first", priority=1_000_000).queued("x")
    assert changes(told(picture, "x")) == []


def test_of_the_queue_only_the_group_of_the_job_is_built_anew() -> None:
    picture = cluster().worker("a", cpus=1).queued("first", jobs=3).queued("x", jobs=2).queued("last")
    seen = scene(picture, "x")
    assert [group.ids for group in seen.others] == [(1, 2, 3), (5,), (6,)]
    assert [group is old for group, old in zip(seen.others, picture.queue, strict=True)] == [True, False, True]
