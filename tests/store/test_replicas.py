"""What agents tell of replicas is written down where they have a say, and nowhere else."""

from __future__ import annotations

from typing import Any, LiteralString

from msgspec.structs import replace

from clusterctl.model.orders import Order, Replica, Report
from clusterctl.model.registration import Registered
from clusterctl.model.selection import Selection
from clusterctl.model.states import Outcome
from clusterctl.store import allocations, jobs, replicas, reports, workers
from tests.store.conftest import Connect
from tests.store.scene import Scene, new_token
from tests.store.service import picture, serve

STATUS: LiteralString = "ready_at IS NOT NULL, restarts, resting_until IS NOT NULL, last_exit, ran_generation"
UNTOLD = (False, 0, False, "", 0)


def one(scene: Scene) -> tuple[Registered, Order, str]:
    """A worker, and the order of the replica that it has won, with its token."""
    worker = scene.worker()
    (order,), token = scene.run(worker, serve(scene, 1))
    return worker, order, token


def stands(order: Order, token: str, **said: Any) -> Replica:
    """That it runs and is ready, unless told otherwise."""
    return Replica(
        **{
            "allocation_id": order.allocation_id,
            "start_token": token,
            "ready_ago_s": 0.0,
            "restarts": 0,
            "rests_s": None,
            "last_exit": "",
            "generation": 0,
            **said,
        }
    )


def row(scene: Scene, order: Order, columns: LiteralString) -> tuple[Any, ...]:
    """Some *columns* of the allocation."""
    found = scene.db.row(f"SELECT {columns} FROM allocations WHERE id = %s", order.allocation_id)  # noqa: S608 - a test's own words
    assert found
    return found


def test_an_order_tells_what_kind_it_is_and_which_generation_it_follows(scene: Scene) -> None:
    worker = scene.worker()
    (job,) = serve(scene, 1)
    scene.db.run("UPDATE services SET generation = 3")
    scene.reserve(worker, [*scene.jobs(), job])
    orders, token = scene.start(worker)
    assert {(order.job_id, order.kind, order.generation) for order in orders} == {(1, "service", 3), (2, "batch", 0)}
    recalled = allocations.recall(scene.db, worker.worker_id, [token])
    assert [order for order, _ in recalled] == orders


def test_how_a_replica_stands_is_written_down_in_the_databases_time(scene: Scene) -> None:
    worker, order, token = one(scene)
    scene.db.run("UPDATE allocations SET allocated_at = allocated_at - interval '1 h'")
    said = stands(order, token, ready_ago_s=60.0, restarts=2, last_exit="exit code 1", generation=0)
    assert replicas.tell(scene.db, worker.worker_id, worker.incarnation, [said]) == {order.allocation_id}
    assert row(scene, order, STATUS) == (True, 2, False, "exit code 1", 0)
    assert 55 < row(scene, order, "extract(epoch FROM cluster_time() - ready_at)::float8")[0] < 100
    said = replace(said, ready_ago_s=None, rests_s=100.0)
    assert replicas.tell(scene.db, worker.worker_id, worker.incarnation, [said]) == {order.allocation_id}
    assert row(scene, order, STATUS) == (False, 2, True, "exit code 1", 0)
    assert 60 < row(scene, order, "extract(epoch FROM resting_until - cluster_time())::float8")[0] <= 100
    scene.check()


def test_nothing_is_ready_before_it_began(scene: Scene) -> None:
    worker, order, token = one(scene)
    replicas.tell(scene.db, worker.worker_id, worker.incarnation, [stands(order, token, ready_ago_s=1e6)])
    assert row(scene, order, "ready_at = allocated_at") == (True,)


def test_only_who_has_the_token_the_worker_and_its_last_incarnation_is_heard(scene: Scene) -> None:
    worker, order, token = one(scene)
    other = scene.worker("w2")
    report = {order.allocation_id: Report(requests=1)}
    newer = scene.worker()
    said = [
        (worker, token),  # an old incarnation
        (other, token),
        (newer, new_token()),
    ]
    for who, with_token in said:
        assert not replicas.tell(scene.db, who.worker_id, who.incarnation, [stands(order, with_token, restarts=9)])
        tokens = {order.allocation_id: with_token}
        assert not replicas.report(scene.db, who.worker_id, who.incarnation, tokens, report)
    assert row(scene, order, STATUS) == UNTOLD
    assert row(scene, order, "all_requests") == (0,)


def test_what_has_ended_stays_as_it_was(scene: Scene) -> None:
    worker, order, token = one(scene)
    scene.end(order, token)
    assert not replicas.tell(scene.db, worker.worker_id, worker.incarnation, [stands(order, token)])
    assert row(scene, order, STATUS) == UNTOLD


def test_a_latency_holds_until_the_next_report_and_counts_add_up(scene: Scene) -> None:
    worker, order, token = one(scene)
    for report in (Report(p99_ms=12.5, requests=100, violations=3), Report(requests=10, violations=1)):
        said = replicas.report(
            scene.db,
            worker.worker_id,
            worker.incarnation,
            {order.allocation_id: token},
            {order.allocation_id: report},
        )
        assert said == {order.allocation_id}
    told = row(scene, order, "p99_ms, requests, violations, all_requests, all_violations, reported_at IS NOT NULL")
    assert told == (None, 10, 1, 110, 4, True)
    scene.check()


def test_a_latency_that_somebody_else_told_holds_no_longer_and_sums_stay_numbers(scene: Scene) -> None:
    _, order, _ = one(scene)
    scene.db.run("UPDATE allocations SET all_requests = 9223372036854775807, all_violations = 9223372036854775807")
    reports.tell(scene.db, order.job_id, Report(p99_ms=12.5, requests=10**12, violations=10**12))
    assert row(scene, order, "p99_ms, requests, violations") == (12.5, 10**12, 10**12)
    reports.tell(scene.db, order.job_id, Report(requests=5))
    assert row(scene, order, "p99_ms, requests, violations") == (None, 5, 0)


def test_counts_never_grow_beyond_what_a_number_can_be(scene: Scene) -> None:
    worker, order, token = one(scene)
    scene.db.run("UPDATE allocations SET all_requests = 9223372036854775807, all_violations = 9223372036854775807")
    tokens, report = {order.allocation_id: token}, {order.allocation_id: Report(requests=10**15, violations=10**15)}
    assert replicas.report(scene.db, worker.worker_id, worker.incarnation, tokens, report)


def test_nobody_is_waited_for(scene: Scene, connect: Connect) -> None:
    worker = scene.worker()
    orders, token = scene.run(worker, serve(scene, 2))
    other = connect()
    with other.transaction():
        other.rows("SELECT FROM allocations WHERE id = %s FOR UPDATE", orders[0].allocation_id)
        said = [stands(order, token) for order in orders]
        assert replicas.tell(scene.db, worker.worker_id, worker.incarnation, said) == {orders[1].allocation_id}
    assert len(replicas.tell(scene.db, worker.worker_id, worker.incarnation, said)) == 2


def test_a_beat_tells_which_generation_is_wanted(scene: Scene) -> None:
    worker, order, _ = one(scene)
    scene.db.run("UPDATE allocations SET generation = 5")
    (holding,) = workers.sync(scene.db, worker.worker_id, worker.incarnation, None).holdings
    assert (holding.allocation_id, holding.generation) == (order.allocation_id, 5)


def test_who_was_ready_and_is_no_longer_is_told_from_who_is_not_yet(scene: Scene) -> None:
    worker, order, token = one(scene)
    first = stands(order, token)
    unready = replace(first, ready_ago_s=None)
    told = []
    for said in (
        unready,
        first,
        unready,  # its command fails now
        replace(unready, rests_s=5.0),  # its process has ended
        replace(unready, restarts=1),
        replace(first, restarts=1),
        replace(unready, restarts=2),  # the rest was too short to be told
        replace(first, restarts=2),
        replace(unready, restarts=2, generation=1),  # restarted, as somebody asked
    ):
        replicas.tell(scene.db, worker.worker_id, worker.incarnation, [said])
        told.append(row(scene, order, "was_ready")[0])
    assert told == [False, True, True, False, False, True, False, True, False]


def test_restarts_are_counted_from_attempt_to_attempt(scene: Scene) -> None:
    worker, order, token = one(scene)
    replicas.tell(scene.db, worker.worker_id, worker.incarnation, [stands(order, token, restarts=4)])
    scene.end(order, token, Outcome.CRASH_LOOP)
    assert (scene.db.value("SELECT restarts FROM jobs"), picture(scene).restarts) == (4, 4)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    ((again,), token) = scene.run(worker, [order.job_id])
    replicas.tell(scene.db, worker.worker_id, worker.incarnation, [stands(again, token, restarts=1)])
    assert picture(scene).restarts == 5
    (job,) = jobs.read(scene.db, Selection(array_id=1), 1)
    assert job.service is not None
    assert job.service.restarts == 5
