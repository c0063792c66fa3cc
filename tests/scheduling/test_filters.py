"""Which workers can have a job, and what is said when none can."""

from __future__ import annotations

import pytest
from hypothesis import given

from clusterctl.model.snapshot import Snapshot
from clusterctl.model.states import AdminState, LiveState
from clusterctl.scheduling import refusals
from clusterctl.scheduling.filters import FILTERS, NEVER, SHOWN_AS, sift
from clusterctl.scheduling.roster import Roster
from tests.scheduling.cluster import Picture, amount, cluster
from tests.scheduling.pictures import whole_snapshots


def test_without_workers_there_is_nothing_to_say_but_that() -> None:
    queue = cluster().queued("x")
    assert queue.waiting() == {"x": "no_workers"}
    assert queue.wait("x").refusals == {}


@pytest.mark.parametrize("state", [LiveState.SILENT, LiveState.LOST])
def test_with_no_worker_up_the_reason_is_that_there_are_none(state: LiveState) -> None:
    queue = cluster().worker("a", live=state).queued("x")
    assert queue.waiting() == {"x": "no_workers"}
    assert queue.wait("x").refusals == {"live": 1}


def test_a_job_that_only_a_silent_worker_could_hold_waits_for_it_to_live() -> None:
    queue = cluster().worker("big", cpus=64, live=LiveState.SILENT).worker("small", cpus=2).queued("x", cpus=16)
    assert queue.waiting() == {"x": "live"}
    assert queue.wait("x").refusals == {"fits_ever": 1, "live": 1}


def test_a_job_that_no_worker_could_ever_hold_is_unsatisfiable() -> None:
    queue = cluster().worker("a", cpus=4).worker("b", cpus=8, live=LiveState.SILENT).queued("x", cpus=16)
    assert queue.waiting() == {"x": "unsatisfiable"}
    assert queue.wait("x").refusals == {"fits_ever": 2}


def test_a_job_is_unsatisfiable_if_those_of_its_label_are_too_small() -> None:
    queue = cluster().worker("big", cpus=64).worker("ssd", cpus=2, labels={"disk": "ssd"})
    queue.queued("x", cpus=16, labels={"disk": "ssd"})
    assert queue.waiting() == {"x": "unsatisfiable"}
    assert queue.wait("x").refusals == {"label": 1, "fits_ever": 1}


def test_a_drained_worker_takes_nothing_new() -> None:
    for state in (AdminState.DRAINING, AdminState.CLOSED):
        assert cluster().worker("a", admin=state).queued("x").waiting() == {"x": "admin_open"}


def test_a_job_waits_for_a_label_that_nobody_carries() -> None:
    queue = cluster().worker("a", labels={"disk": "hdd"}).worker("b").queued("x", labels={"disk": "ssd"})
    assert queue.waiting() == {"x": "label"}


def test_a_worker_must_carry_every_label() -> None:
    both = {"disk": "ssd", "zone": "n"}
    queue = cluster().worker("a", labels={"disk": "ssd"}).worker("b", labels=both).queued("x", labels=both)
    assert queue.chosen() == ["b"]


def test_a_job_goes_to_the_worker_that_it_names_and_to_no_other() -> None:
    queue = cluster().worker("a").worker("b", cpus=1).queued("x", jobs=2, worker="b")
    assert queue.chosen() == ["b"]
    assert queue.waiting() == {"x": "fits_now"}
    assert queue.wait("x").refusals == {"named_worker": 1, "fits_now": 1}


def test_a_job_that_names_an_unknown_worker_says_so() -> None:
    assert cluster().worker("a").queued("x", worker="nowhere").waiting() == {"x": "named_worker"}


def test_what_is_reserved_is_as_taken_as_what_is_allocated() -> None:
    queue = cluster().worker("a", cpus=4, reserved=amount(cpus=2), allocated=amount(cpus=1)).queued("x", jobs=2)
    assert queue.chosen() == ["a"]
    assert queue.wait("x").refusals == {"fits_now": 1}


def test_every_kind_must_fit() -> None:
    full = cluster().worker("a", memory_mb=1000, gpus=2)
    assert full.queued("x", memory_mb=1001).waiting() == {"x": "unsatisfiable"}
    assert full.queued("y", gpus=3).waiting() == {"x": "unsatisfiable", "y": "unsatisfiable"}


def test_an_overbooked_worker_takes_not_even_a_job_that_asks_for_nothing() -> None:
    assert cluster().worker("a", cpus=2, allocated=amount(cpus=4)).queued("x", cpus=0).waiting() == {"x": "fits_now"}


def test_an_array_starts_no_more_than_its_limit() -> None:
    queue = cluster().worker("a").queued("x", jobs=4, slots=2)
    assert queue.started() == ["x", "x"]
    assert queue.waiting() == {"x": "array_limit"}
    assert queue.wait("x").job_id == 3
    assert queue.wait("x").refusals == {"array_limit": 1}


def test_an_array_without_free_slots_waits_for_one() -> None:
    assert cluster().worker("a").queued("x", slots=0).waiting() == {"x": "array_limit"}


def explained(picture: Picture) -> tuple[dict[str, int], tuple[str, ...], str]:
    table = refusals(picture.queue[0], picture.snapshot())
    return dict(table.removed), table.candidates, table.reason


def test_the_table_of_refusals_tells_who_remains() -> None:
    picture = cluster().worker("b").worker("a").worker("tiny", cpus=0.5).worker("gone", live=LiveState.LOST)
    assert explained(picture.queued("x")) == ({"fits_ever": 1, "live": 1}, ("a", "b"), "")


def test_the_table_of_refusals_gives_the_reason_that_the_plan_gives() -> None:
    picture = cluster().worker("a", allocated=amount(cpus=4)).worker("b", cpus=0.5).queued("x")
    assert explained(picture) == ({"fits_ever": 1, "fits_now": 1}, (), "fits_now")
    assert picture.waiting() == {"x": "fits_now"}


def test_a_worker_is_counted_once_by_the_first_filter_that_removes_it() -> None:
    everything_wrong = cluster().worker("a", cpus=0.1, admin=AdminState.CLOSED, live=LiveState.LOST)
    assert explained(everything_wrong.queued("x", labels={"disk": "ssd"})) == ({"label": 1}, (), "no_workers")


def test_every_filter_explains_itself() -> None:
    assert all(passes.__doc__ for passes in FILTERS.values())


def test_what_no_end_of_a_job_helps_is_what_a_worker_is_not() -> None:
    assert {SHOWN_AS.get(name, name) for name in ("named_worker", "label", "fits_ever")} == NEVER


def test_the_chain_tells_whom_it_lost_as_well_as_how_many() -> None:
    picture = cluster().worker("a", cpus=0.5).worker("b", admin=AdminState.CLOSED).worker("c").worker("d", cpus=0.5)
    sieve = sift(picture.queued("x").queue[0], Roster(picture.snapshot()))
    assert (sieve.lost, sieve.left) == ({"fits_ever": 0b1001, "admin_open": 0b0010}, 0b0100)
    assert sieve.removed == {"fits_ever": 2, "admin_open": 1}


@given(whole_snapshots())
def test_groups_of_one_trait_fare_as_each_would_by_itself(snapshot: Snapshot) -> None:
    together = Roster(snapshot)
    for group in snapshot.queue:
        assert sift(group, together) == sift(group, Roster(snapshot))
