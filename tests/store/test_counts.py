"""What is counted without a look at each job is what a look would count."""

from __future__ import annotations

import pytest

from clusterctl.model.resources import Resources
from clusterctl.model.selection import Selection
from clusterctl.model.spec import After, Spec, Submission
from clusterctl.store import choice, jobs, submissions, totals
from clusterctl.store.connection import Database
from tests.store.scene import Scene

EVERYTHING = (
    "SELECT state, count(*) FROM jobs WHERE live OR finished_at > cluster_time() - interval '1 h' GROUP BY state"
)


def one_by_one(db: Database) -> dict[str, int]:
    return dict(db.rows(EVERYTHING))


@pytest.fixture
def crowd(scene: Scene) -> Scene:
    """Jobs in every state that a job comes to by itself."""
    worker = scene.worker(cpus=100)
    scene.finish(worker, scene.jobs(1)[0])
    scene.run(worker, scene.jobs(2))
    scene.reserve(worker, scene.jobs(2))
    scene.jobs(4, hold=True)
    (parent,) = scene.jobs()
    scene.jobs(2, after=(After(parent),))
    jobs.cancel(scene.db, scene.jobs(1))
    scene.jobs(5)
    return scene


def test_states_are_counted_as_they_are(crowd: Scene) -> None:
    found = jobs.counts(crowd.db)
    assert found == one_by_one(crowd.db)
    assert found == {"held": 4, "pending": 8, "scheduled": 2, "running": 2, "completed": 1, "cancelled": 1}
    assert jobs.ready(crowd.db) == 6


def test_a_state_that_no_job_is_in_is_not_counted(scene: Scene) -> None:
    assert jobs.counts(scene.db) == {}
    scene.jobs(2, hold=True)
    assert jobs.counts(scene.db) == {"held": 2}
    scene.jobs(1)
    assert jobs.counts(scene.db) == {"held": 2, "pending": 1}


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(everything=True),
        Selection(states=("pending", "completed")),
        Selection(states=("held",)),
        Selection(states=("cancelled",)),
        Selection(ranges=((1, 4), (3, 9))),
        Selection(tenant="nobody"),
    ],
)
def test_as_many_are_chosen_as_are_named(crowd: Scene, selection: Selection) -> None:
    assert choice.count(crowd.db, selection) == len(choice.ids(crowd.db, selection, 1000))


def test_the_oldest_wait_is_that_of_the_oldest_that_waits_for_a_worker_only(scene: Scene) -> None:
    assert totals.read(scene.db).oldest_wait_s is None
    scene.db.run("SELECT set_config('clusterctl.now', '2026-01-01T00:00:00Z', false)")
    scene.jobs(1, hold=True)
    for minute in (1, 2):
        scene.db.run("SELECT set_config('clusterctl.now', %s, false)", f"2026-01-01T00:0{minute}:00Z")
        submissions.submit(scene.db, Submission(spec=Spec(command=("true",)), request=Resources(1000)))
    scene.db.run("SELECT set_config('clusterctl.now', '2026-01-01T00:05:00Z', false)")
    assert totals.read(scene.db).oldest_wait_s == 240
