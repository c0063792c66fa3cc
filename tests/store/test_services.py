"""Services in the database: their birth, their size, and their restarts, one replica after the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from psycopg.errors import CheckViolation

from clusterctl.model.errors import Moved
from clusterctl.model.services import Replica, surplus
from clusterctl.model.spec import After
from clusterctl.model.states import JobState, Outcome
from clusterctl.store import job_steps, jobs, service_keeping, services, submissions
from schedd import services as keeper
from tests.store.scene import Scene, submission
from tests.store.service import become_ready, ended, generations, picture, running, serve


def test_a_service_is_a_row_and_its_replicas(scene: Scene) -> None:
    scene.jobs()
    ids = serve(scene, 3, slo_p99_ms=50, lease_s=60)
    assert ids == [2, 3, 4]
    assert scene.db.rows("SELECT id, kind, array_id, array_index, lease_s FROM jobs WHERE id > 1 ORDER BY id") == [
        (2, "service", 2, 0, 60), (3, "service", 2, 1, 60), (4, "service", 2, 2, 60),
    ]  # fmt: skip
    assert scene.db.row("SELECT id, name, slo_p99_ms, generation, ended_at FROM services") == (2, "web", 50, 0, None)
    found = picture(scene, 2)
    assert (found.state, found.replicas.wanted, found.replicas.pending) == ("waiting", 3, 3)
    scene.check()


def test_its_spec_is_that_of_no_array(scene: Scene) -> None:
    serve(scene, 3)
    assert scene.db.value("SELECT spec->>'array' FROM submissions") is None


def test_many_submissions_at_once_may_be_services_too(scene: Scene) -> None:
    asked = [
        submission(name="one"),
        submission(kind="service", indices=(0, 1), name="two"),
        submission(kind="service", indices=(0,), name="three", every_worker=True),
    ]
    assert [each.ids for each in submissions.submit_many(scene.db, asked)] == [(1,), (2, 3), (4,)]
    assert scene.db.rows("SELECT id, name, every_worker FROM services ORDER BY id") == [
        (2, "two", False), (4, "three", True),
    ]  # fmt: skip
    scene.check()


def test_the_same_key_is_the_same_service(scene: Scene) -> None:
    assert serve(scene, 2, key="k") == serve(scene, 2, key="k") == [1, 2]
    assert scene.db.value("SELECT count(*) FROM services") == 1


def test_a_service_whose_replicas_can_never_start_has_ended(scene: Scene) -> None:
    scene.finish(scene.worker(), scene.jobs()[0], code=1)
    (job,) = serve(scene, 1, after=(After(1),))
    assert (scene.state(job), ended(scene, job)) == ("cancelled", True)
    scene.check()


def test_a_replica_that_would_end_is_no_replica(scene: Scene) -> None:
    with pytest.raises(CheckViolation, match="services_have_no_end"):
        serve(scene, 1, time_limit_s=60)


def test_a_reservation_follows_the_generation_of_its_service(scene: Scene) -> None:
    serve(scene, 2)
    services.restart(scene.db, 1, 0)
    scene.run(scene.worker(), [1, 2])
    assert scene.db.rows("SELECT kind, generation, ran_generation FROM allocations") == [("service", 1, 1)] * 2


def test_a_rolling_restart_takes_one_replica_after_the_other(scene: Scene) -> None:
    orders, _, _ = running(scene, 3)
    ids = [order.allocation_id for order in orders]
    become_ready(scene, *ids)
    assert services.restart(scene.db, 1, 0)
    for turn, allocation in enumerate(ids):
        (rolled,) = service_keeping.roll(scene.db, scene.term)
        assert (rolled.service_id, rolled.job_id, rolled.worker) == (1, orders[turn].job_id, "w1")
        assert generations(scene) == [1] * (turn + 1) + [0] * (2 - turn)
        assert service_keeping.roll(scene.db, scene.term) == [], "the one before is not ready again"
        assert picture(scene).state == "restarting"
        become_ready(scene, allocation)
    assert service_keeping.roll(scene.db, scene.term) == []
    assert scene.db.value("SELECT rolling FROM services") is False
    assert (picture(scene).state, picture(scene).current) == ("ready", 3)
    scene.check()


def test_the_worker_that_has_to_restart_something_is_woken(scene: Scene) -> None:
    orders, _, _ = running(scene, 2)
    become_ready(scene, *(order.allocation_id for order in orders))
    woken: list[Sequence[str]] = []
    keeper.keep(scene.db, scene.term, wake=woken.append)
    services.restart(scene.db, 1, 0)
    keeper.keep(scene.db, scene.term, wake=woken.append)
    keeper.keep(scene.db, scene.term, wake=woken.append)
    assert woken == [["w1"]]


def test_ready_in_a_former_generation_does_not_count(scene: Scene) -> None:
    orders, _, _ = running(scene, 2)
    become_ready(scene, *(order.allocation_id for order in orders))
    services.restart(scene.db, 1, 0)
    assert len(service_keeping.roll(scene.db, scene.term)) == 1
    scene.db.run("UPDATE allocations SET ready_at = cluster_time()")  # told late, of the process before
    assert service_keeping.roll(scene.db, scene.term) == []


def test_a_restarted_replica_that_crashes_and_waits_holds_up_the_others(scene: Scene) -> None:
    orders, token, worker = running(scene, 2)
    become_ready(scene, *(order.allocation_id for order in orders))
    services.restart(scene.db, 1, 0)
    (first,) = service_keeping.roll(scene.db, scene.term)
    order = next(each for each in orders if each.job_id == first.job_id)
    scene.end(order, token, Outcome.CRASH_LOOP)
    assert scene.state(order.job_id) == "pending"
    assert service_keeping.roll(scene.db, scene.term) == []
    scene.db.run("UPDATE jobs SET not_before = NULL")
    ((again,), _) = scene.run(worker, [order.job_id])
    become_ready(scene, again.allocation_id)
    assert len(service_keeping.roll(scene.db, scene.term)) == 1


def test_what_is_held_or_was_never_placed_holds_up_nobody(scene: Scene) -> None:
    orders, token, _ = running(scene, 3)
    become_ready(scene, *(order.allocation_id for order in orders))
    services.add(scene.db, 1, 1, 1)
    services.restart(scene.db, 1, 0)
    (first,) = service_keeping.roll(scene.db, scene.term)
    job_steps.halt(scene.db, [first.job_id], "held")
    scene.end(next(each for each in orders if each.job_id == first.job_id), token, Outcome.HELD)
    assert scene.state(first.job_id) == "held"
    (second,) = service_keeping.roll(scene.db, scene.term)
    assert second.job_id != first.job_id


def test_what_is_only_reserved_follows_without_being_restarted(scene: Scene) -> None:
    worker = scene.worker()
    scene.reserve(worker, serve(scene, 2))
    services.restart(scene.db, 1, 0)
    assert service_keeping.roll(scene.db, scene.term) == []
    assert generations(scene) == [1, 1]
    scene.start(worker)
    assert scene.db.rows("SELECT ran_generation FROM allocations") == [(1,), (1,)]


def test_a_restart_is_asked_for_once(scene: Scene) -> None:
    serve(scene, 1)
    assert services.restart(scene.db, 1, 0)
    assert not services.restart(scene.db, 1, 0)
    assert services.restart(scene.db, 1, 1)
    jobs.cancel(scene.db, [1])
    assert not services.restart(scene.db, 1, 2)


def test_only_the_leader_goes_on_with_a_restart(scene: Scene) -> None:
    orders, _, _ = running(scene, 1)
    become_ready(scene, orders[0].allocation_id)
    services.restart(scene.db, 1, 0)
    with pytest.raises(Moved, match="stale leader"):
        service_keeping.roll(scene.db, scene.term - 1)
    assert generations(scene) == [0]


def test_new_replicas_are_as_the_others_and_their_indexes_go_on(scene: Scene) -> None:
    serve(scene, 2, priority=70, tenant="shop", lease_s=60)
    scene.jobs()
    assert services.add(scene.db, 1, 1, 2) == [4, 5]
    rows = scene.db.rows(
        "SELECT id, kind, array_id, array_index, priority, tenant, lease_s, state FROM jobs WHERE id > 3 ORDER BY id"
    )
    assert rows == [(4, "service", 1, 2, 70, "shop", 60, "pending"), (5, "service", 1, 3, 70, "shop", 60, "pending")]
    assert len(scene.run(scene.worker(), [4, 5])[0]) == 2
    scene.check()


def test_those_go_first_that_no_worker_has_whatever_their_indexes() -> None:
    states = (JobState.PENDING, JobState.RUNNING, JobState.HELD, JobState.SCHEDULED, JobState.RUNNING)
    seen = [Replica(10 + index, index, state) for index, state in enumerate(states)]
    assert surplus(seen, 5) == surplus(seen, 9) == []
    assert surplus(seen, 3) == [12, 10]
    assert surplus(seen, 1) == [12, 10, 14, 13]


def test_new_replicas_of_a_held_service_are_held(scene: Scene) -> None:
    serve(scene, 1, hold=True)
    (job,) = services.add(scene.db, 1, 1, 1)
    assert scene.state(job) == "held"
