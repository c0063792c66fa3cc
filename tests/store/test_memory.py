"""The leader remembers what has not changed, and never what has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.registration import Registered
from clusterctl.model.snapshot import Snapshot
from clusterctl.model.states import AdminState
from clusterctl.model.steering import Steering
from clusterctl.model.tenants import Grant
from clusterctl.model.timers import Timers
from clusterctl.store import administration, allocations, grants, job_steps, jobs, releases, snapshot, submissions
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory
from tests.store.conftest import Connect
from tests.store.recollection import differences
from tests.store.scene import Scene, end, new_token, starts, submission

STEPS = 120  # of one walk
LIMITS = "UPDATE allocations SET ends_by = ends_by + %s * interval '1 s' WHERE live AND job_id = %s"


class Walk:
    """Several who write, each in a transaction that ends when chance says so, and one who looks and remembers."""

    def __init__(self, scene: Scene, writers: list[Database], chance: Random) -> None:
        self.scene, self.chance, self.writers = scene, chance, writers
        self.workers = [scene.worker(name, cpus=2) for name in ("w1", "w2", "w3")]
        self.open: set[Database] = set()
        self.token = new_token()
        self.memory = Memory()

    def step(self) -> None:
        """Somebody does something, begins a transaction first, or ends one."""
        writer = self.chance.choice(self.writers)
        with suppress(Moved):  # somebody else holds the lock: what this one had done is undone
            if writer in self.open:
                self.act(writer)
                if self.chance.random() < 0.5:
                    writer.script(self.chance.choice(["COMMIT", "COMMIT", "ROLLBACK"]))
                    self.open.remove(writer)
                return
            if self.chance.random() < 0.6:
                writer.script("BEGIN")
                self.open.add(writer)
            self.act(writer)
            return
        if writer in self.open:
            writer.script("ROLLBACK")
            self.open.remove(writer)

    def act(self, db: Database) -> None:
        """One of the things that change what a leader sees."""
        acts: list[Callable[[Database], object]] = [
            self.submit, self.submit, self.reserve, self.reserve, self.start, self.finish, self.finish,
            self.step_aside, self.cancel, self.administer, self.extend, self.grant,
        ]  # fmt: skip
        self.chance.choice(acts)(db)

    def settle(self) -> None:
        """Nobody has anything open any more."""
        for writer in self.open:
            writer.script("COMMIT")
        self.open.clear()

    def submit(self, db: Database) -> object:
        kinds: list[dict[str, Any]] = [
            {},
            {"count": 2},
            {"time_limit_s": 60},
            {"cpus": 9},
            {"tenant": "b"},
            {"count": 3, "array_limit": 2},
            {"labels": {"a": "b|c"}},
            {"kind": "service", "indices": (0, 1)},
        ]
        return submissions.submit(db, submission(**self.chance.choice(kinds)))

    def reserve(self, db: Database) -> object:
        waiting = [id for (id,) in db.rows("SELECT id FROM jobs WHERE ready AND cpu_milli < 6000")]
        worker = self.chance.choice(self.workers)
        return allocations.reserve(db, self.scene.term, 1, starts(worker, self.some(waiting)), Timers())

    def start(self, db: Database) -> object:
        worker = self.chance.choice(self.workers)
        return allocations.start(db, worker.worker_id, worker.incarnation, self.token, self.chance.choice([1, 9]))

    def finish(self, db: Database) -> object:
        running = [id for (id,) in db.rows("SELECT id FROM allocations WHERE live AND NOT reserved")]
        return releases.end(db, "w", [end(id, self.token) for id in self.some(running)])

    def step_aside(self, db: Database) -> object:
        ids = self.some([id for (id,) in db.rows("SELECT id FROM jobs WHERE live")])
        if self.chance.random() < 0.3:
            return job_steps.restart(db, ids, "again")
        return job_steps.hold(db, ids, "x") if self.chance.random() < 0.4 else job_steps.release(db, ids)

    def cancel(self, db: Database) -> object:
        return jobs.cancel(db, self.some([id for (id,) in db.rows("SELECT id FROM jobs WHERE live")])[:1])

    def administer(self, db: Database) -> object:
        worker = self.chance.choice(["w1", "w2", "w3"])
        if self.chance.random() < 0.5:
            return administration.label(db, [worker], {"a": self.chance.choice(["b|c", "d", None])})
        state = self.chance.choice([AdminState.OPEN, AdminState.OPEN, AdminState.DRAINING])
        return administration.administer(db, [worker], state, "x")

    def extend(self, db: Database) -> object:
        placed = [id for (id,) in db.rows("SELECT job_id FROM allocations WHERE live")]
        return [db.run(LIMITS, self.chance.choice([-5, 5]), id) for id in self.some(placed)]

    def grant(self, db: Database) -> None:
        grants.lock(db, "b")
        grants.put(db, "b", Grant(weight=self.chance.choice([1.0, 2.0]), max_running=self.chance.choice([1, 5])))

    def some(self, ids: list[int]) -> list[int]:
        """A few of them."""
        return sorted(self.chance.sample(ids, min(len(ids), self.chance.choice([1, 2, 4]))))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_committed_in_whatever_order_what_is_remembered_is_so(
    scene: Scene, connect: Connect, seed: int
) -> None:
    walk = Walk(scene, [connect(lock_timeout="20ms") for _ in range(3)], Random(seed))
    for _ in range(STEPS):
        walk.step()
        assert differences(scene.db, walk.memory) == {}
    walk.settle()
    assert differences(scene.db, walk.memory) == {}
    scene.check()


def look(scene: Scene, memory: Memory) -> Snapshot:
    """By the rules that hold unless somebody has set others."""
    return snapshot.look(scene.db, Steering(starve_after=0.0), max_starts=10, memory=memory)


def full(scene: Scene) -> Registered:
    """A worker that is full, of jobs that end and of a replica; others of two tenants wait."""
    worker = scene.worker(cpus=4)
    scene.run(worker, scene.jobs(3, time_limit_s=60) + scene.jobs(kind="service", indices=(0,)))
    scene.jobs()
    scene.jobs(tenant="b", cpus=2)
    return worker


def test_what_has_not_changed_is_the_same_object_as_before(scene: Scene) -> None:
    full(scene)
    memory = Memory()
    before, after = look(scene, memory), look(scene, memory)
    assert len(before.queue) == 2
    assert all(one is other for one, other in zip(before.workers, after.workers, strict=True))
    assert len(before.endings) == 3
    assert after.endings is before.endings
    assert all(one is other for one, other in zip(before.queue, after.queue, strict=True))


def test_a_new_job_among_many_groups_leaves_the_others_as_they_were(scene: Scene) -> None:
    full(scene)
    memory = Memory()
    before = look(scene, memory)
    scene.jobs(cpus=3)
    after = look(scene, memory)
    assert len(after.queue) == len(before.queue) + 1
    assert {id(group) for group in before.queue} < {id(group) for group in after.queue}


def test_one_who_commits_late_is_not_overlooked(scene: Scene, connect: Connect) -> None:
    worker, other = scene.worker(cpus=4), scene.worker("w2", cpus=4)
    first, second = scene.jobs(2, time_limit_s=60)
    scene.jobs(tenant="b")
    memory, late = Memory(), connect()
    with late.transaction():
        allocations.reserve(late, scene.term, 1, starts(worker, [first]), Timers())
        look(scene, memory)
        scene.reserve(other, [second])  # begun later, and committed first
        assert [ending.worker_id for ending in look(scene, memory).endings] == [other.worker_id]
    assert {ending.worker_id for ending in look(scene, memory).endings} == {worker.worker_id, other.worker_id}


def test_what_comes_and_goes_between_two_looks_leaves_the_same_digest(scene: Scene) -> None:
    worker = full(scene)
    memory = Memory()
    before = look(scene, memory)
    (order,), token = scene.run(scene.worker("w2"), scene.jobs(time_limit_s=5))
    digests = dict(scene.db.rows("SELECT name, holds_digest FROM workers"))
    scene.end(order, token)
    assert dict(scene.db.rows("SELECT name, holds_digest FROM workers")) == {"w1": digests["w1"], "w2": 0}
    assert 0 not in digests.values()
    assert look(scene, memory).endings == before.endings
    assert worker.worker_id in memory.muster.digests


def test_a_digest_that_was_changed_by_hand_is_refused(scene: Scene) -> None:
    full(scene)
    with pytest.raises(Exception, match="counters of worker w1"):
        scene.db.run("UPDATE workers SET holds_digest = 1")


def test_a_limit_that_changes_changes_the_digest(scene: Scene) -> None:
    full(scene)
    memory = Memory()
    before = look(scene, memory)
    scene.db.run("UPDATE allocations SET ends_by = ends_by + interval '1 h' WHERE live AND kind = 'batch'")
    after = look(scene, memory)
    assert [ending.at for ending in after.endings] == pytest.approx([ending.at + 3600 for ending in before.endings])
    scene.check()


def test_what_the_limit_of_an_array_leaves_is_told_also_where_there_is_no_room(scene: Scene) -> None:
    worker, array, memory = scene.worker(cpus=1), scene.jobs(4, array_limit=3), Memory()
    assert [group.slots for group in look(scene, memory).queue] == [3]
    scene.reserve(worker, array[:1])
    assert [group.slots for group in look(scene, memory).queue] == [2]
    assert differences(scene.db, memory) == {}


def test_one_who_begins_anew_knows_nothing(scene: Scene) -> None:
    full(scene)
    memory = Memory()
    before = look(scene, memory)
    memory.forget()
    after = look(scene, memory)
    assert after.workers == before.workers
    assert after.workers[0] is not before.workers[0]
