"""What the leader's look tells of workers besides, and that it does so only where some rule looks at it."""

from __future__ import annotations

from typing import Any

import pytest

from clusterctl.model.orders import Report
from clusterctl.model.registration import Measures, Registered
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Measured, ServiceLevel, Snapshot, WorkerPicture
from clusterctl.model.states import Outcome
from clusterctl.model.steering import Steering
from clusterctl.store import reports, snapshot, workers
from tests.store.scene import Scene

NOON = 1_893_499_200.0  # 2030-01-01T12:00Z, in seconds since the epoch


@pytest.fixture(autouse=True)
def noon(scene: Scene) -> None:
    """It is noon, and stays so until ``at``."""
    at(scene, 0)


def at(scene: Scene, seconds: float) -> None:
    """It is so many seconds after noon."""
    scene.db.run("SELECT set_config('clusterctl.now', to_timestamp(%s)::text, false)", NOON + seconds)


def service(scene: Scene, replicas: int = 1, **wishes: Any) -> list[int]:
    """Submit one; its replicas."""
    return scene.jobs(1, kind="service", indices=tuple(range(replicas)), **wishes)


def measure(scene: Scene, worker: Registered, used_milli: int = 500, memory_mb: int = 100, age_s: float = 0.0) -> None:
    """Its agent syncs, and says what was used so long ago."""
    said = Measures(used_milli=used_milli, memory_mb=memory_mb, load1=0.1, age_s=age_s)
    workers.sync(scene.db, worker.worker_id, worker.incarnation, said)


def look(scene: Scene, **rules: Any) -> Snapshot:
    """As the leader."""
    return snapshot.look(scene.db, Steering(**rules), max_starts=100)


def worker(seen: Snapshot, name: str = "w1") -> WorkerPicture:
    """That one."""
    return next(each for each in seen.workers if each.name == name)


def plain(picture: WorkerPicture) -> bool:
    """Whether nothing but what stands in its own row is told."""
    return (picture.services, picture.measured, picture.charged, picture.reports, picture.held_by_tenant) == (
        0, None, Resources(), ServiceLevel(), {},
    )  # fmt: skip


def test_where_only_batch_jobs_wait_nothing_is_told_that_their_policy_does_not_look_at(scene: Scene) -> None:
    here = scene.worker()
    scene.run(here, service(scene))
    measure(scene, here)
    scene.jobs()
    assert plain(worker(look(scene, batch_placement="pack")))
    assert not plain(worker(look(scene, batch_placement="resource_usage")))


def test_what_a_worker_uses_is_told_where_a_replica_waits(scene: Scene) -> None:
    here = scene.worker()
    scene.worker("w2")
    at(scene, 5)
    measure(scene, here, used_milli=1500, memory_mb=300)
    service(scene)
    seen = look(scene)
    assert worker(seen).measured == Measured(cpu_milli=1500, memory_mb=300, at=NOON + 5)
    assert worker(seen, "w2").measured is None
    assert worker(look(scene, use_measures="never")).measured is None


def test_replicas_are_counted_and_batch_jobs_are_not(scene: Scene) -> None:
    here = scene.worker()
    scene.run(here, service(scene, 2))
    scene.reserve(here, service(scene))
    scene.run(here, scene.jobs(2))
    service(scene)
    assert worker(look(scene, service_placement="service_count")).services == 3


def test_charged_is_what_the_measure_cannot_show_yet(scene: Scene) -> None:
    here = scene.worker()
    scene.run(here, scene.jobs(cpus=1))
    at(scene, 5)
    measure(scene, here)
    at(scene, 6)
    scene.run(here, scene.jobs(cpus=2))
    scene.reserve(here, scene.jobs(cpus=3))
    service(scene)
    assert worker(look(scene)).charged == Resources(5000, 128, 0)
    at(scene, 7)
    measure(scene, here)
    assert worker(look(scene)).charged == Resources(3000, 64, 0)


def test_what_has_begun_since_the_measure_was_taken_is_charged_though_it_was_told_later(scene: Scene) -> None:
    here = scene.worker()
    at(scene, 3)
    scene.run(here, scene.jobs(cpus=2))
    at(scene, 5)
    measure(scene, here, age_s=4.0)
    service(scene)
    seen = worker(look(scene))
    assert (seen.measured and seen.measured.at, seen.charged) == (NOON + 1, Resources(2000, 64, 0))
    workers.sync(scene.db, here.worker_id, here.incarnation, None)
    assert worker(look(scene)) == seen, "a sync without a measure changes nothing"


def test_of_a_worker_that_was_never_measured_all_is_charged(scene: Scene) -> None:
    scene.run(scene.worker(), scene.jobs(cpus=2))
    service(scene)
    assert worker(look(scene)).charged == Resources(2000, 64, 0)


def test_reports_are_told_together_while_they_are_fresh(scene: Scene) -> None:
    here = scene.worker(cpus=64)
    replicas = service(scene, 3)
    scene.run(here, replicas)
    for job, p99_ms, violations in zip(replicas, (10.0, 90.0, 50.0), (0, 6, 3), strict=True):
        reports.tell(scene.db, job, Report(p99_ms=p99_ms, requests=30, violations=violations))
    service(scene)
    assert worker(look(scene, service_placement="slo")).reports == ServiceLevel(p99_ms=90.0, violation_rate=0.1)
    assert worker(look(scene, service_placement="resource_usage")).reports == ServiceLevel()
    at(scene, 60)
    reports.tell(scene.db, replicas[0], Report(p99_ms=20.0))
    at(scene, 130)
    assert worker(look(scene, service_placement="slo")).reports == ServiceLevel(p99_ms=20.0, violation_rate=0.0)
    at(scene, 190)
    assert worker(look(scene, service_placement="slo")).reports == ServiceLevel()


def test_what_each_tenant_holds_on_a_worker_is_told_to_the_policy_that_asks(scene: Scene) -> None:
    here = scene.worker()
    scene.run(here, scene.jobs(2, tenant="a"))
    scene.reserve(here, scene.jobs(cpus=3, tenant="b"))
    service(scene)
    held = worker(look(scene, service_placement="slo")).held_by_tenant
    assert held == {"a": Resources(2000, 128, 0), "b": Resources(3000, 64, 0)}


def test_the_end_of_whatever_has_a_limit_is_told(scene: Scene) -> None:
    here = scene.worker()
    (reserved,) = scene.jobs(cpus=2, time_limit_s=100)
    scene.reserve(here, [reserved])
    scene.run(here, scene.jobs(cpus=1))
    scene.jobs()
    (ending,) = look(scene).endings
    assert (ending.worker_id, ending.request) == (here.worker_id, Resources(2000, 64, 0))
    assert ending.at == NOON + 100 + grace(scene)
    assert look(scene, backfill="none").endings == ()


def test_an_attempt_that_was_won_later_ends_later(scene: Scene) -> None:
    here = scene.worker()
    scene.reserve(here, scene.jobs(time_limit_s=100))
    at(scene, 20)
    scene.start(here)
    scene.jobs()
    (ending,) = look(scene).endings
    assert ending.at == NOON + 20 + 100 + grace(scene)


def grace(scene: Scene) -> int:
    """What is granted beyond a limit."""
    return int(scene.db.value("SELECT min(grace_s) FROM allocations"))


def test_while_nothing_waits_nothing_is_asked(scene: Scene) -> None:
    here = scene.worker()
    scene.run(here, service(scene))
    scene.run(here, scene.jobs(time_limit_s=10, tenant="a"))
    measure(scene, here)
    seen = look(scene)
    assert plain(worker(seen))
    assert (seen.endings, seen.used) == ((), {})


def test_a_job_that_is_not_in_the_queue_can_be_asked_about(scene: Scene) -> None:
    here = scene.worker()
    replicas = service(scene)
    (group,) = look(scene).queue
    scene.run(here, replicas)
    measure(scene, here)
    seen = snapshot.look(scene.db, Steering(), max_starts=10, also=(group,))
    assert seen.queue == ()
    assert worker(seen).services == 1
    assert worker(seen).measured is not None


def test_replicas_of_lost_workers_stand_apart_and_know_whom_to_avoid(scene: Scene) -> None:
    here = scene.worker()
    lost, crashed, fresh = service(scene, 3)
    orders, token = scene.run(here, [lost, crashed])
    ends = {order.job_id: order for order in orders}
    scene.end(ends[lost], token, Outcome.WORKER_LOST, None)
    scene.end(ends[crashed], token, Outcome.CRASH_LOOP, 1)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    groups = {group.ids[0]: group for group in look(scene).queue}
    assert {job: (groups[job].displaced, groups[job].avoid) for job in (lost, crashed, fresh)} == {
        lost: (True, None),
        crashed: (False, here.worker_id),
        fresh: (False, None),
    }
