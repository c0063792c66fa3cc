"""Registration, the beat and silence: who is believed to be which worker, and alive."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from clusterctl.model.errors import Moved, NameTaken
from clusterctl.model.registration import Measures
from clusterctl.store import workers
from tests.store.conftest import Connect
from tests.store.scene import Scene, new_token, registration
from tests.store.threads import at_once

NOBODY = "00000000-0000-0000-0000-000000000000"


def live_state(scene: Scene) -> str:
    """What the cluster believes of the one worker."""
    return str(scene.db.value("SELECT live_state FROM workers"))


def test_the_same_agent_is_let_in_at_once_as_a_new_incarnation(scene: Scene) -> None:
    first = scene.worker()
    scene.run(first, scene.jobs())
    second = scene.worker()
    assert (second.worker_id, second.incarnation) == (first.worker_id, first.incarnation + 1)
    with pytest.raises(Moved):
        workers.sync(scene.db, first.worker_id, first.incarnation, None)
    assert len(workers.sync(scene.db, second.worker_id, second.incarnation, None).holdings) == 1


@pytest.mark.parametrize(
    "agent, machine", [(new_token(), ""), ("", "a copy of the disk")], ids=["another agent", "another machine"]
)
def test_another_gets_the_name_only_once_the_first_is_silent_and_holds_nothing(
    scene: Scene, agent: str, machine: str
) -> None:
    worker = scene.worker()
    (order,), token = scene.run(worker, scene.jobs())
    with pytest.raises(NameTaken):
        scene.worker(agent=agent, machine=machine)
    workers.sign_off(scene.db, worker.worker_id, worker.incarnation)
    with pytest.raises(NameTaken):
        scene.worker(agent=agent, machine=machine)
    scene.end(order, token)
    assert scene.worker(agent=agent, machine=machine).incarnation == worker.incarnation + 1
    with pytest.raises(NameTaken):
        scene.worker()


def test_of_strangers_that_come_at_once_one_gets_the_name(scene: Scene, connect: Connect) -> None:
    answers = at_once(
        *(partial(workers.register, connect(), registration("w1", 8, agent=new_token())) for _ in range(8))
    )
    assert sum(isinstance(answer, NameTaken) for answer in answers) == 7


def test_capacity_never_shrinks_below_what_is_held(scene: Scene) -> None:
    worker = scene.worker(cpus=8)
    scene.reserve(worker, scene.jobs(6))
    assert scene.worker(cpus=2).cpu_milli == 6000
    assert scene.worker(cpus=16).cpu_milli == 16_000
    scene.check()


def test_silence_is_declared_only_of_a_beat_that_stands_still(scene: Scene) -> None:
    worker = scene.worker()
    seen = scene.beats()
    workers.sync(scene.db, worker.worker_id, worker.incarnation, None)
    assert workers.silence(scene.db, scene.term, seen) == []
    seen = scene.beats()
    assert workers.silence(scene.db, scene.term, seen) == ["w1"]
    assert live_state(scene) == "silent"
    assert workers.silence(scene.db, scene.term, seen) == []


def test_a_silent_worker_is_up_with_its_next_beat_and_a_lost_one_is_told_to_register(scene: Scene) -> None:
    worker = scene.worker()
    workers.silence(scene.db, scene.term, scene.beats())
    workers.sync(scene.db, worker.worker_id, worker.incarnation, None)
    assert live_state(scene) == "up"
    scene.db.run("UPDATE workers SET live_state = 'lost'")
    with pytest.raises(Moved):
        workers.sync(scene.db, worker.worker_id, worker.incarnation, None)
    assert live_state(scene) == "lost"
    scene.worker()
    assert live_state(scene) == "up"


def test_a_beat_without_measures_keeps_the_last(scene: Scene) -> None:
    worker = scene.worker()
    workers.sync(scene.db, worker.worker_id, worker.incarnation, Measures(used_milli=7, memory_mb=8, load1=0.5))
    workers.sync(scene.db, worker.worker_id, worker.incarnation, None)
    assert scene.db.row("SELECT used_milli, used_memory_mb, load1, beat FROM workers") == (7, 8, 0.5, 2)


def test_a_beat_alone_waits_for_no_disk_and_nothing_else_is_the_less_durable_for_it(scene: Scene) -> None:
    me, db = scene.worker(), scene.db
    db.run("SET synchronous_commit = on")
    beat = partial(workers.sync, db, me.worker_id, me.incarnation, None)
    with db.transaction():
        beat()
        assert db.value("SHOW synchronous_commit") == "on"  # ends and starts may be in it
    with db.transaction():
        beat(alone=True)
        assert db.value("SHOW synchronous_commit") == "off"
    beat(alone=True)
    assert db.value("SHOW synchronous_commit") == "on"
    assert db.value("SELECT beat FROM workers") == 3


def test_a_beat_that_ends_a_silence_waits_for_the_disk(scene: Scene) -> None:
    """Else a crash of Postgres could forget it: the leader would count on, while the agent has renewed its leases."""
    me, db = scene.worker(), scene.db
    db.run("SET synchronous_commit = on")
    scene.silence(600.0)
    for commits in ("on", "off"):
        with db.transaction():
            workers.sync(db, me.worker_id, me.incarnation, None, alone=True)
            assert db.value("SHOW synchronous_commit") == commits
        assert live_state(scene) == "up"


def test_an_old_incarnation_cannot_sign_the_new_one_off(scene: Scene) -> None:
    old = scene.worker()
    scene.worker()
    workers.sign_off(scene.db, old.worker_id, old.incarnation)
    assert live_state(scene) == "up"


@pytest.mark.parametrize("another", [{"boot": "another boot"}, {"agent": NOBODY}, {"machine": "another machine"}])
def test_who_signs_off_without_knowing_its_incarnation_signs_off_nobody_else(
    scene: Scene, another: dict[str, Any]
) -> None:
    scene.worker()
    workers.sign_off_agent(scene.db, registration("w1", 8, **another))
    assert live_state(scene) == "up"
    workers.sign_off_agent(scene.db, registration("w1", 8))
    assert live_state(scene) == "silent"
