"""What tenants are granted, and what they have used of late."""

from __future__ import annotations

from functools import partial

import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.resources import Resources
from clusterctl.model.steering import Steering
from clusterctl.model.tenants import Grant
from clusterctl.store import grants, snapshot
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.scene import Scene
from tests.store.threads import at_once

HALF_LIFE = 3600.0


def at(scene: Scene, seconds: float) -> None:
    """It is so many seconds after midnight."""
    scene.db.run(
        "SELECT set_config('clusterctl.now', (timestamptz '2030-01-01Z' + %s * interval '1 s')::text, false)", seconds
    )


def age(scene: Scene, seconds: float) -> dict[str, float]:
    """At that moment the leader brings all up to now; the CPUs of late of each tenant."""
    at(scene, seconds)
    grants.age(scene.db, scene.term, HALF_LIFE)
    return cpus(scene.db)


def cpus(db: Database) -> dict[str, float]:
    """Of late, of each tenant of which anything is kept."""
    return {name: milli / 1000 for name, milli in db.rows("SELECT name, recent_cpu_milli FROM tenants ORDER BY name")}


def written(db: Database) -> list[tuple[object, ...]]:
    """Which rows there are, and who has written them."""
    return db.rows("SELECT name, xmin::text FROM tenants ORDER BY name")


def test_what_is_held_for_a_half_life_counts_half_and_for_ever_whole(scene: Scene) -> None:
    at(scene, 0)
    scene.run(scene.worker(cpus=8), scene.jobs(cpus=8, tenant="sim"))
    assert age(scene, 0) == {"sim": 0.0}
    assert age(scene, HALF_LIFE)["sim"] == pytest.approx(4.0)
    assert age(scene, 2 * HALF_LIFE)["sim"] == pytest.approx(6.0)
    assert age(scene, 200 * HALF_LIFE)["sim"] == pytest.approx(8.0)


def test_how_often_it_is_brought_up_to_now_makes_no_difference(scene: Scene) -> None:
    at(scene, 0)
    scene.run(scene.worker(cpus=8), scene.jobs(cpus=8, tenant="sim"))
    for second in range(0, 3601, 10):
        told = age(scene, second)
    assert told["sim"] == pytest.approx(4.0)
    assert age(scene, 3600)["sim"] == pytest.approx(4.0)


def test_what_was_given_back_is_forgotten_in_time(scene: Scene) -> None:
    at(scene, 0)
    (order,), token = scene.run(scene.worker(cpus=8), scene.jobs(cpus=8, tenant="sim"))
    age(scene, 0)
    age(scene, HALF_LIFE)
    scene.end(order, token)
    assert age(scene, 2 * HALF_LIFE)["sim"] == pytest.approx(2.0)
    assert age(scene, 3 * HALF_LIFE)["sim"] == pytest.approx(1.0)
    assert age(scene, 14 * HALF_LIFE)["sim"] < 0.001
    assert age(scene, 15 * HALF_LIFE) == {}, "of whom there is nothing more to say"


def test_who_is_granted_something_is_remembered(scene: Scene) -> None:
    at(scene, 0)
    grants.lock(scene.db, "sim")
    grants.put(scene.db, "sim", Grant(max_running=1))
    (order,), token = scene.run(scene.worker(), scene.jobs(tenant="sim"))
    age(scene, 0)
    age(scene, HALF_LIFE)
    scene.end(order, token)
    assert age(scene, 60 * HALF_LIFE) == {"sim": 0.5**60}
    assert age(scene, 61 * HALF_LIFE) == {"sim": 0.0}
    assert grants.read(scene.db)["sim"].grant == Grant(max_running=1)
    grants.put(scene.db, "sim", Grant())
    assert age(scene, 62 * HALF_LIFE) == {}


def test_while_nobody_holds_or_has_held_anything_nothing_is_written(scene: Scene) -> None:
    grants.lock(scene.db, "sim")
    grants.put(scene.db, "sim", Grant(weight=2))
    before = written(scene.db)
    age(scene, 10)
    age(scene, 20)
    assert written(scene.db) == before


def test_a_clock_that_goes_back_adds_nothing(scene: Scene) -> None:
    at(scene, HALF_LIFE)
    scene.run(scene.worker(cpus=8), scene.jobs(cpus=8, tenant="sim"))
    age(scene, HALF_LIFE)
    age(scene, 2 * HALF_LIFE)
    assert age(scene, 0)["sim"] == pytest.approx(4.0)


def test_who_leads_no_more_writes_nothing(scene: Scene) -> None:
    scene.run(scene.worker(), scene.jobs(tenant="sim"))
    with pytest.raises(Moved):
        grants.age(scene.db, scene.term - 1, HALF_LIFE)
    assert cpus(scene.db) == {}


def test_it_waits_for_nobody(scene: Scene, connect: Connect) -> None:
    at(scene, 0)
    scene.run(scene.worker(cpus=8), scene.jobs(cpus=1, tenant="sim") + scene.jobs(cpus=1, tenant="bob"))
    age(scene, 0)
    other = connect()
    with other.transaction():
        grants.lock(other, "sim")
        assert age(scene, HALF_LIFE) == {"bob": 0.5, "sim": 0.0}
    assert age(scene, HALF_LIFE) == {"bob": 0.5, "sim": 0.5}


def test_two_operators_at_once_grant_one_after_the_other(scene: Scene, connect: Connect) -> None:
    def heavier(db: Database) -> None:
        with db.transaction():
            before = grants.lock(db, "sim")
            grants.put(db, "sim", Grant(weight=before.weight + 1))

    assert at_once(*(partial(heavier, connect()) for _ in range(4))) == [None] * 4
    assert grants.read(scene.db)["sim"].grant.weight == 5.0


def test_the_planner_is_told_weights_and_use_of_late_of_who_waits(scene: Scene) -> None:
    at(scene, 0)
    scene.run(scene.worker(cpus=8), scene.jobs(cpus=4, tenant="sim"))
    age(scene, 0)
    age(scene, HALF_LIFE)
    grants.lock(scene.db, "bob")
    grants.put(scene.db, "bob", Grant(weight=2))
    for tenant in ("sim", "bob", "cyd"):
        scene.jobs(tenant=tenant)
    seen = snapshot.look(scene.db, Steering(), max_starts=10)
    assert seen.recent["sim"] == Resources(2000, 32, 0)
    assert seen.weights == {"sim": 1.0, "bob": 2.0}
    assert snapshot.look(scene.db, Steering(fair_half_life=0), max_starts=10).recent == {}
