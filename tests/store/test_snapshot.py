"""The leader's look: complete where it matters, and no longer than what can start."""

from __future__ import annotations

from typing import Any

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup
from clusterctl.model.steering import Steering
from clusterctl.store import jobs, snapshot
from clusterctl.store.connection import Database
from tests.store.scene import Scene, read_queue


def queue(scene: Scene, free_cpus: int = 100) -> tuple[QueueGroup, ...]:
    """The queue, seen with so many CPUs free."""
    return read_queue(scene.db, free_cpus)


def test_jobs_that_placement_cannot_tell_apart_are_one_group(scene: Scene) -> None:
    same = [*scene.jobs(), *scene.jobs(name="another", user="me"), *scene.jobs(2)]
    (group,) = queue(scene)
    assert group.ids == tuple(same)
    assert group.request == Resources(1000, 64, 0)


def test_jobs_that_placement_can_tell_apart_are_groups_of_their_own(scene: Scene) -> None:
    differences: list[dict[str, Any]] = [
        {},
        {"cpus": 2},
        {"priority": 51},
        {"tenant": "b"},
        {"kind": "service", "indices": (0,)},
        {"time_limit_s": 60},
        {"worker": "w1"},
        {"worker": "w'1"},
        {"labels": {"a": "1"}},
        {"labels": {"a": "2"}},
        {"count": 2, "array_limit": 1},
        {"count": 2, "array_limit": 1},
    ]
    for difference in differences:
        scene.jobs(**difference)
    assert len(queue(scene)) == len(differences)


def test_only_as_many_heads_are_read_as_could_start_and_the_next(scene: Scene) -> None:
    ids = scene.jobs(100)
    (group,) = queue(scene, free_cpus=7)
    assert (group.ids, group.more) == (tuple(ids[:8]), True)
    (group,) = queue(scene, free_cpus=0)
    assert (group.ids, group.more) == (tuple(ids[:1]), True)
    (group,) = queue(scene, free_cpus=100)
    assert (group.ids, group.more) == (tuple(ids), False)


def test_the_oldest_come_first(scene: Scene) -> None:
    late, early = scene.jobs(), scene.jobs()
    scene.db.run("UPDATE jobs SET submitted_at = '2000-01-01' WHERE id = %s", early[0])
    (group,) = queue(scene)
    assert group.ids == (early[0], late[0])
    assert list(group.submitted) == sorted(group.submitted)


def test_what_may_not_start_is_not_in_the_queue(scene: Scene) -> None:
    scene.jobs(hold=True)
    (cancelled,) = scene.jobs()
    jobs.cancel(scene.db, [cancelled])
    scene.run(scene.worker(), scene.jobs())
    assert queue(scene) == ()


def test_an_array_has_as_many_slots_as_its_limit_leaves(scene: Scene) -> None:
    ids, worker = scene.jobs(10, array_limit=3), scene.worker()
    scene.jobs(4)
    assert [group.slots for group in queue(scene) if group.ids[0] == ids[0]] == [3]
    scene.reserve(worker, ids[:2])
    assert [group.slots for group in queue(scene) if group.ids[0] == ids[2]] == [1]
    (order, _), token = scene.start(worker)
    scene.end(order, token)
    assert [group.slots for group in queue(scene) if group.ids[0] == ids[2]] == [2]


def test_a_look_at_nothing_is_a_look(db: Database) -> None:
    seen = snapshot.look(db, Steering(queue_order="fifo"), max_starts=10)
    assert (seen.workers, seen.queue, dict(seen.used)) == ((), (), {})
    assert seen.at > 0


def test_what_is_held_is_seen_by_worker_and_where_tenants_compete_by_tenant(scene: Scene) -> None:
    worker = scene.worker()
    scene.run(worker, scene.jobs(2, tenant="a"))
    scene.reserve(worker, scene.jobs(cpus=3, tenant="b"))
    for tenant in ("a", "b"):
        scene.jobs(tenant=tenant)
    seen = snapshot.look(scene.db, Steering(), max_starts=10)
    assert seen.workers[0].free == Resources(3000, 64_000 - 3 * 64, 0)
    assert seen.used == {"a": Resources(2000, 128, 0), "b": Resources(3000, 64, 0)}
