"""Services that want a replica on every worker: the leader makes them, and takes them back."""

from __future__ import annotations

from typing import Any

import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.services import Missing, Spare, rearrange
from clusterctl.store import administration, jobs, service_keeping
from schedd import services as keeper
from tests.store.scene import Scene
from tests.store.service import ended, serve


def everywhere(scene: Scene, **wishes: Any) -> int:
    """Submit a service that wants a replica on each worker."""
    return serve(scene, 1, every_worker=True, **wishes)[0]


def keep(scene: Scene) -> None:
    """What the leader does at a pulse."""
    keeper.keep(scene.db, scene.term, wake=lambda names: None)
    scene.check()


def pinned(scene: Scene) -> list[tuple[Any, ...]]:
    """For which worker each live replica is."""
    return scene.db.rows("SELECT id, requested_worker FROM jobs WHERE live ORDER BY id")


def test_every_worker_gets_a_replica_also_one_that_comes_later(scene: Scene) -> None:
    everywhere(scene)
    keep(scene)
    assert pinned(scene) == [(1, None)], "it waits for a worker to come"
    scene.worker("w1"), scene.worker("w2")
    keep(scene)
    assert pinned(scene) == [(1, "w1"), (2, "w2")]
    scene.worker("w3")
    keep(scene)
    keep(scene)
    assert pinned(scene) == [(1, "w1"), (2, "w2"), (3, "w3")]
    assert scene.db.rows("SELECT array_index FROM jobs ORDER BY id") == [(0,), (1,), (2,)]


def test_a_replica_that_was_placed_before_is_for_the_worker_where_it_is(scene: Scene) -> None:
    everywhere(scene)
    scene.worker("w1")
    scene.run(scene.worker("w2"), [1])
    keep(scene)
    assert pinned(scene) == [(1, "w2"), (2, "w1")]


def test_only_workers_with_its_labels_are_meant(scene: Scene) -> None:
    everywhere(scene, labels={"disk": "ssd"})
    scene.worker("w1")
    scene.worker("w2", labels={"disk": "ssd", "rack": "1"})
    keep(scene)
    assert pinned(scene) == [(1, "w2")]


def test_the_replica_of_a_forgotten_worker_is_cancelled_and_the_last_one_waits(scene: Scene) -> None:
    everywhere(scene)
    workers = {name: scene.worker(name) for name in ("w1", "w2")}
    keep(scene)
    scene.silence(2000)
    for name in workers:
        scene.db.run("UPDATE workers SET live_state = 'lost' WHERE name = %s", name)
    keep(scene)
    assert len(pinned(scene)) == 2, "a lost worker may come back"
    for name, worker in workers.items():
        administration.forget(scene.db, name, worker.incarnation, scene.beats()[worker.worker_id])
        keep(scene)
    assert [worker for _, worker in pinned(scene)] == [None]
    assert not ended(scene)
    assert scene.db.value("SELECT detail FROM jobs WHERE NOT live") == "no worker is there any more that it is for"


def test_a_lost_worker_that_never_had_one_gets_none_before_it_is_back(scene: Scene) -> None:
    scene.worker("w1")
    gone = scene.worker("w2")
    scene.db.run("UPDATE workers SET live_state = 'lost' WHERE id = %s", gone.worker_id)
    everywhere(scene)
    keep(scene)
    assert pinned(scene) == [(1, "w1")]
    scene.worker("w2")
    keep(scene)
    assert pinned(scene) == [(1, "w1"), (2, "w2")]


@pytest.mark.parametrize("before", [[], ["w1"]])
def test_only_the_leader_makes_replicas(scene: Scene, before: list[str]) -> None:
    everywhere(scene)
    for name in before:
        scene.worker(name)
        keep(scene)
    found = pinned(scene)
    scene.worker("w2")
    scene.term -= 1
    with pytest.raises(Moved, match="stale leader"):
        keep(scene)
    assert pinned(scene) == found


def test_none_is_made_of_a_service_that_has_ended_meanwhile(scene: Scene) -> None:
    jobs.cancel(scene.db, [everywhere(scene)])
    assert service_keeping.make(scene.db, [(1, "w1")]) == 0
    scene.check()


def test_spare_replicas_are_used_before_new_ones_are_made() -> None:
    found = rearrange(
        [Missing(1, "w1"), Missing(1, "w2"), Missing(9, "w1")],
        [Spare(1, 5, None, 1), Spare(2, 6, "gone", 1), Spare(2, 7, "gone", 1), Spare(3, 8, "gone", 4)],
    )
    assert found.pin == [(5, "w1"), (6, None)]
    assert found.make == [(1, "w2"), (9, "w1")]
    assert found.cancel == [7, 8]
