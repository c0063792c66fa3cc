"""Whose turn it is."""

from __future__ import annotations

import pytest

from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import QueueOrder
from tests.scheduling.cluster import amount, cluster


def test_fifo_looks_at_nothing_but_age() -> None:
    queue = cluster(order="fifo").worker("a").queued("old", priority=0, at=1).queued("new", priority=99, at=2)
    assert queue.holds("default", cpus=4).started() == ["old", "new"]


def test_priority_comes_before_age() -> None:
    queue = cluster(order="priority").worker("a").queued("old", priority=10, at=1).queued("new", priority=20, at=2)
    assert queue.started() == ["new", "old"]


def test_by_priority_alone_a_tenant_that_holds_much_is_not_held_back() -> None:
    queue = cluster(order="priority").worker("a", cpus=8).holds("big", cpus=4)
    assert queue.queued("first", tenant="big", at=1).queued("second", tenant="small", at=2).started() == [
        "first",
        "second",
    ]


def test_jobs_submitted_in_the_same_moment_start_by_id() -> None:
    assert cluster().worker("a").queued("one", at=5).queued("two", at=5).started() == ["one", "two"]


def test_groups_of_one_tenant_interleave_by_age_job_by_job() -> None:
    queue = cluster().worker("a").queued("x", jobs=2, at=1).queued("y", at=0)
    assert queue.started() == ["y", "x", "x"]


def test_two_tenants_with_equal_demands_take_turns() -> None:
    queue = cluster().worker("a", cpus=6).queued("x", jobs=3, tenant="ann").queued("y", jobs=3, tenant="bob")
    assert queue.started() == ["x", "y", "x", "y", "x", "y"]


def test_a_tenant_that_already_holds_something_waits_until_the_other_has_caught_up() -> None:
    queue = cluster().worker("a", cpus=6, allocated=amount(cpus=2)).holds("ann", cpus=2)
    queue.queued("x", jobs=2, tenant="ann").queued("y", jobs=3, tenant="bob")
    assert queue.started() == ["y", "y", "x", "y"]


def test_a_tenant_of_double_weight_gets_double() -> None:
    queue = cluster().worker("a", cpus=6).weighs("ann", 2.0)
    queue.queued("x", jobs=6, tenant="ann").queued("y", jobs=6, tenant="bob")
    started = queue.started()
    assert (started.count("x"), started.count("y")) == (4, 2)


def test_the_share_that_counts_is_that_of_the_kind_of_which_a_tenant_holds_most() -> None:
    """The example of the DRF paper: 9 CPUs and 18 GB; tasks of <1 CPU, 4 GB> and <3 CPUs, 1 GB>."""
    queue = cluster().worker("a", cpus=9, memory_mb=18)
    queue.queued("ann", jobs=9, tenant="ann", cpus=1, memory_mb=4)
    queue.queued("bob", jobs=9, tenant="bob", cpus=3, memory_mb=1)
    started = queue.started()
    assert (started.count("ann"), started.count("bob")) == (3, 2)


def test_a_share_is_of_what_is_up_whether_open_or_draining() -> None:
    """Of 4 CPUs that are up, 2 are a half; of 1000 MiB, 400 are less. Counting the lost worker would reverse it."""
    queue = (
        cluster()
        .worker("open", cpus=2, memory_mb=500)
        .worker("draining", cpus=2, memory_mb=500, admin=AdminState.DRAINING)
        .worker("lost", cpus=100, memory_mb=0, live=LiveState.LOST)
        .holds("ann", cpus=2)
        .holds("bob", memory_mb=400)
    )
    assert queue.queued("x", tenant="ann").queued("y", tenant="bob").started() == ["y", "x"]


def test_of_a_kind_that_nobody_has_nobody_has_a_share() -> None:
    queue = cluster().worker("a").holds("ann", gpus=8)
    assert queue.queued("x", tenant="ann").queued("y", tenant="bob").started() == ["x", "y"]


@pytest.mark.parametrize("order", ["priority", "drf"])
def test_priority_outweighs_every_share(order: QueueOrder) -> None:
    queue = cluster(order=order).worker("a", cpus=2).holds("ann", cpus=50)
    queue.queued("poor", tenant="bob", priority=10, jobs=2).queued("rich", tenant="ann", priority=20, jobs=2)
    assert queue.started() == ["rich", "rich"]


def test_what_a_tenant_got_at_high_priority_counts_at_low_priority() -> None:
    queue = cluster().worker("a", cpus=4).queued("urgent", tenant="ann", priority=90)
    queue.queued("x", tenant="ann", priority=10).queued("y", tenant="bob", priority=10, jobs=2)
    assert queue.started() == ["urgent", "y", "x", "y"]
