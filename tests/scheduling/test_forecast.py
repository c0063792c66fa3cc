"""Who is in the way of a waiting job, when they end, and when it starts: in scenes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clusterctl.model.circumstances import Circumstances, Crowd, Holding
from clusterctl.scheduling.explanation import explain_waiting
from tests.scheduling.cluster import Picture, amount, cluster
from tests.scheduling.explained import holding, like, seconds, steps, subject, told

GIB = 1024


def busy() -> Picture:
    """w1 has 2 CPUs and 28 GiB free, w2 has 7 CPUs and 10 GiB."""
    picture = cluster().worker("w1", cpus=8, memory_mb=32 * GIB, allocated=amount(6, 4 * GIB))
    return picture.worker("w2", cpus=8, memory_mb=32 * GIB, allocated=amount(1, 22 * GIB))


def test_the_worker_that_has_room_first_is_the_best_and_who_is_in_the_way_there_is_told() -> None:
    picture = busy().queued("x", cpus=2, memory_mb=30 * GIB)
    held = [
        holding(picture, "w1", job=90, cpus=6, memory_mb=4 * GIB, limit=600),
        holding(picture, "w2", job=91, cpus=1, memory_mb=22 * GIB, limit=300),
    ]
    found = told(picture, "x", held=held)
    assert found.best is not None
    assert (found.best.worker, found.best.score) == ("w2", None)
    (blocker,) = found.blockers
    assert (blocker.job_id, blocker.worker, blocker.cpus, blocker.memory_mb) == (91, "w2", 1.0, 22 * GIB)
    assert blocker.expected_end is not None
    assert blocker.expected_end.timestamp() == seconds(found) == 300
    assert blocker.basis == "its time limit of 5 min"
    assert found.starts_at is not None
    assert found.starts_at.basis == "w2 frees 1 CPU, 22528 MiB by then: job 91 (its time limit of 5 min)"


def test_only_as_many_are_in_the_way_as_must_end() -> None:
    picture = cluster().worker("a", cpus=4, allocated=amount(cpus=4)).queued("x", cpus=2)
    held = [holding(picture, "a", job=90 + n, limit=100 * (n + 1)) for n in range(4)]
    found = told(picture, "x", held=held)
    assert [blocker.job_id for blocker in found.blockers] == [90, 91]
    assert seconds(found) == 200


def test_what_holds_only_what_is_not_needed_is_not_in_the_way() -> None:
    picture = cluster().worker("a", cpus=4, memory_mb=1000, allocated=amount(2, 1000)).queued("x", memory_mb=500)
    held = [holding(picture, "a", job=90, limit=50), holding(picture, "a", job=91, memory_mb=1000, limit=99)]
    assert [blocker.job_id for blocker in told(picture, "x", held=held).blockers] == [91]


def full(**facts: Any) -> tuple[Picture, list[Holding]]:
    picture = cluster().worker("a", cpus=1, allocated=amount(cpus=1)).queued("x")
    return picture, [holding(picture, "a", job=90, **facts)]


def test_a_job_without_limit_or_like_is_never_assumed_to_end() -> None:
    picture, held = full()
    found = told(picture, "x", held=held)
    assert found.blockers[0].expected_end is None
    assert found.blockers[0].basis == "no time limit, and too few jobs like it have ended"
    assert found.starts_at is not None
    assert found.starts_at.at is None
    assert found.starts_at.basis.startswith("no estimate: ")


def test_a_service_is_never_assumed_to_end() -> None:
    picture, held = full(kind="service", limit=10, similar=like(10))
    assert told(picture, "x", held=held).blockers[0].expected_end is None


@pytest.mark.parametrize(
    "facts, ends",
    [
        ({"similar": like(240)}, 240),
        ({"similar": like(240), "limit": 600}, 240),
        ({"similar": like(240), "limit": 100}, 100),  # never beyond its limit
        ({"similar": like(240), "since": -300.0}, 180),  # slower than half of them: one of the last
        ({"similar": like(240), "since": -300.0, "limit": 400}, 100),
        ({"similar": like(240), "since": -500.0}, None),  # slower than all
        ({"similar": like(240), "since": -500.0, "limit": 600}, 100),
        ({"limit": 60, "since": -90.0}, 0),  # overdue: any moment
        ({"limit": 60, "since": None}, 60),  # only reserved yet
        ({"stopping": True}, 0),
    ],
)
def test_the_like_of_a_job_tell_its_end_and_its_limit_bounds_it(facts: dict[str, Any], ends: float | None) -> None:
    picture, held = full(**facts)
    found = told(picture, "x", held=held)
    moment = found.blockers[0].expected_end
    assert (None if moment is None else moment.timestamp()) == ends
    assert seconds(found) == ends


def test_an_array_at_its_limit_is_at_it_on_every_worker() -> None:
    found = told(cluster().worker("a").worker("b").queued("x", jobs=3, slots=2), "x", 2, array_limit=2)
    assert (found.reason, steps(found)) == ("array_limit", [("array_limit", 2, ("a", "b"))])
    assert [blocker.job_id for blocker in found.blockers] == [1, 2]


def test_at_equal_shares_the_older_job_has_its_turn_first() -> None:
    picture = cluster().worker("a", allocated=amount(cpus=4))
    picture.queued("old", tenant="ann").queued("x", tenant="bob").queued("young", tenant="cat")
    found = told(picture, "x").position
    assert found is not None
    assert (found.before, found.of, found.exact) == (1, 3, True)


def test_a_tenant_whose_jobs_have_ended_has_its_turn_again() -> None:
    picture = cluster().worker("a", cpus=1, allocated=amount(cpus=1)).holds("ann", cpus=1)
    picture.queued("old", tenant="ann").queued("x", tenant="bob")
    crowds = [Crowd(shape="old", jobs=1, before=1, similar=like(60))]
    held = [holding(picture, "a", tenant="ann", limit=100)]
    assert seconds(told(picture, "x", held=held, crowds=crowds)) == 160


def test_shares_are_of_the_whole_cluster_whatever_comes_free() -> None:
    picture = cluster().worker("a", cpus=1, memory_mb=1000, allocated=amount(cpus=1))
    picture.worker("b", cpus=99, memory_mb=0, allocated=amount(cpus=99))
    picture.holds("ann", cpus=10).holds("bob", memory_mb=300)  # a tenth, and three tenths
    picture.queued("y", tenant="bob").queued("x", tenant="ann")
    assert seconds(told(picture, "x", held=[holding(picture, "a", limit=100)])) == 100


def test_jobs_before_it_take_what_comes_free_first() -> None:
    picture = cluster().worker("a", cpus=1, allocated=amount(cpus=1)).queued("first", jobs=3).queued("x")
    crowds = [Crowd(shape="first", jobs=3, before=3, similar=like(60))]
    found = told(picture, "x", held=[holding(picture, "a", job=90, limit=100)], crowds=crowds)
    assert seconds(found) == 100 + 3 * 60
    assert found.starts_at is not None
    assert found.starts_at.basis.endswith("; 3 jobs start before it")


def test_jobs_that_the_snapshot_does_not_hold_take_their_turns_too() -> None:
    picture = cluster().worker("a", cpus=1, allocated=amount(cpus=1)).queued("first", more=True).queued("x")
    crowds = [Crowd(shape="first", jobs=50, before=4, similar=like(60))]  # 46 came later than ours
    found = told(picture, "x", held=[holding(picture, "a", job=90, limit=100)], crowds=crowds)
    assert seconds(found) == pytest.approx(100 + 4 * 60)
    assert found.position is not None
    assert (found.position.before, found.position.of) == (4, 51)


def test_a_job_far_behind_in_its_own_group_waits_for_those_before_it() -> None:
    picture = cluster().worker("a", cpus=2, allocated=amount(cpus=2)).queued("x", jobs=2, more=True)
    late = replace(subject(picture.snapshot(), "x"), job_id=9)
    late = replace(late, group=replace(late.group, ids=(9,), submitted=(9.0,)))
    crowds = (Crowd(shape="x", jobs=12, before=8, similar=like(60)),)
    held = tuple(holding(picture, "a", job=90 + n, limit=100) for n in range(2))
    found = explain_waiting(picture.snapshot(), late, Circumstances(holdings=held, crowds=crowds))
    assert seconds(found) == 100 + 4 * 60
    assert found.position is not None
    assert (found.position.before, found.position.of) == (8, 12)


def test_of_a_long_queue_the_pace_of_its_first_jobs_is_told() -> None:
    picture = cluster().worker("a", cpus=1, allocated=amount(cpus=1)).queued("first", more=True).queued("x")
    crowds = [Crowd(shape="first", jobs=99_000, before=99_000, similar=like(60))]
    found = told(picture, "x", held=[holding(picture, "a", job=90, limit=100)], crowds=crowds)
    assert found.starts_at is not None
    assert seconds(found) == pytest.approx(99_000 * 60, rel=0.05)
    assert found.starts_at.basis.endswith("at that pace the 99,000 before it take so long")


def test_a_replay_that_takes_too_long_gives_no_estimate() -> None:
    picture = cluster()
    for number in range(400):
        picture.worker(f"w{number}", cpus=1, allocated=amount(cpus=1))
    picture.worker("big", cpus=2, allocated=amount(cpus=2)).queued("x", cpus=2, slots=1)
    # Each of its array that ends makes every worker worth another look.
    held = [holding(picture, f"w{n}", job=1000 + n, limit=round(100 * 1.03**n), shape="x") for n in range(400)]
    held.append(holding(picture, "big", job=900, cpus=2, limit=10**8))
    found = told(picture, "x", held=held)
    assert found.starts_at is not None
    assert found.starts_at.at is None
    assert found.starts_at.basis.startswith("no estimate: 0 jobs start in the next ")


def test_whoever_stands_behind_more_groups_than_take_part_is_told_their_pace() -> None:
    picture = cluster().worker("a", cpus=4, allocated=amount(cpus=4))
    for number in range(80):
        picture.queued(f"g{number}", cpus=1 + number / 1000, jobs=5)
    picture.queued("x")
    crowds = [Crowd(shape=f"g{n}", jobs=5, before=5, similar=like(60)) for n in range(80)]
    found = told(picture, "x", held=[holding(picture, "a", cpus=4, limit=100)], crowds=crowds)
    assert found.starts_at is not None
    assert found.starts_at.basis.endswith("at that pace the 400 before it take so long")
    assert seconds(found) == pytest.approx(100 + 400 / 3 * 60, rel=0.3)


@pytest.mark.parametrize("shapes", [5, 49, 50, 60])
def test_the_many_shapes_of_a_greedy_tenant_do_not_hide_the_turn_of_a_modest_one(shapes: int) -> None:
    picture = cluster().worker("a", cpus=4, memory_mb=100_000, allocated=amount(cpus=4)).holds("greedy", cpus=4)
    for number in range(shapes):
        picture.queued(f"g{number}", memory_mb=number + 1, tenant="greedy")
    picture.queued("x", tenant="modest")
    held = [holding(picture, "a", job=900 + n, limit=600 + n, tenant="greedy") for n in range(4)]
    found = told(picture, "x", held=held)
    assert found.position is not None
    assert found.position.before == 0
    # The four ends lie close together and count as one; by then the modest tenant holds the least.
    assert seconds(found) == 603


def test_shapes_that_no_worker_could_hold_take_nobodys_place_among_those_that_take_part() -> None:
    picture = cluster().worker("a", cpus=4, allocated=amount(cpus=4))
    for number in range(60):
        picture.queued(f"g{number}", cpus=5 + number)
    assert seconds(told(picture.queued("x"), "x", held=[holding(picture, "a", cpus=4, limit=600)])) == 600
