"""Deadlines: who is given up, and how they were kept."""

from __future__ import annotations

import pytest

from clusterctl.model.errors import Moved
from clusterctl.model.selection import Selection
from clusterctl.model.spec import After
from clusterctl.store import deadlines, jobs
from clusterctl.store.deadlines import Kept
from tests.store.conftest import Connect
from tests.store.scene import Scene

NOON = 1_893_499_200.0  # 2030-01-01T12:00Z, in seconds since the epoch


@pytest.fixture(autouse=True)
def noon(scene: Scene) -> None:
    """It is noon, and stays so until ``at``."""
    at(scene, 0)


def at(scene: Scene, seconds: float) -> None:
    """It is so many seconds after noon."""
    scene.db.run("SELECT set_config('clusterctl.now', to_timestamp(%s)::text, false)", NOON + seconds)


def test_a_deadline_is_counted_from_the_submit_or_is_a_moment(scene: Scene) -> None:
    (after,) = scene.jobs(deadline_s=90.0, time_limit_s=60)
    (moment,) = scene.jobs(deadline_at=NOON + 3600)
    (none,) = scene.jobs(time_limit_s=60)
    rows = scene.db.rows(
        "SELECT id, extract(epoch FROM deadline)::float8, extract(epoch FROM start_before)::float8 FROM jobs"
    )
    assert rows == [(after, NOON + 90, NOON + 30), (moment, NOON + 3600, NOON + 3600), (none, None, None)]


def test_who_can_no_longer_end_in_time_is_cancelled_with_the_reason_in_words(scene: Scene) -> None:
    (limited,) = scene.jobs(deadline_s=90.0, time_limit_s=60)
    (endless,) = scene.jobs(deadline_s=90.0)
    at(scene, 30)
    assert deadlines.give_up(scene.db, scene.term) == 0, "it can still end at the very moment"
    at(scene, 31)
    assert deadlines.give_up(scene.db, scene.term) == 1
    (job,) = jobs.read(scene.db, selection(limited), 1)
    assert (job.state, job.reason) == ("cancelled", "deadline")
    assert job.detail == (
        "it had to start by 2030-01-01 12:00:30 UTC, to be able to end by its deadline, 2030-01-01 12:01:30 UTC"
    )
    at(scene, 91)
    assert deadlines.give_up(scene.db, scene.term) == 1
    (job,) = jobs.read(scene.db, selection(endless), 1)
    assert job.detail == "it waited beyond its deadline, 2030-01-01 12:01:30 UTC"
    scene.check()


def selection(job: int) -> Selection:
    """That one."""
    return Selection(ranges=((job, job),))


def test_held_and_resting_ones_are_given_up_too_and_placed_ones_go_on(scene: Scene) -> None:
    worker = scene.worker()
    (held,) = scene.jobs(deadline_s=10.0, hold=True)
    (resting,) = scene.jobs(deadline_s=10.0, retries=3)
    scene.finish(worker, resting, code=1)
    (reserved,) = scene.jobs(deadline_s=10.0)
    scene.reserve(worker, [reserved])
    (running,) = scene.jobs(deadline_s=10.0)
    scene.run(worker, [running])
    at(scene, 11)
    assert deadlines.give_up(scene.db, scene.term) == 2
    assert scene.states([held, resting, reserved, running])[:2] == ["cancelled", "cancelled"]
    assert "cancelled" not in scene.states([reserved, running])
    scene.check()


def test_who_comes_after_it_is_told(scene: Scene) -> None:
    (late,) = scene.jobs(deadline_s=10.0)
    (ok,) = scene.jobs(after=(After(late),))
    (whatever,) = scene.jobs(after=(After(late, "any"),))
    at(scene, 11)
    deadlines.give_up(scene.db, scene.term)
    assert scene.states([late, ok, whatever]) == ["cancelled", "cancelled", "pending"]
    scene.check()


def test_it_takes_a_bite_at_a_time_and_waits_for_nobody(scene: Scene, connect: Connect) -> None:
    first, *others = scene.jobs(5, deadline_s=10.0)
    at(scene, 11)
    other = connect()
    with other.transaction():
        jobs.cancel(other, [first])
        assert deadlines.give_up(scene.db, scene.term, most=3) == 3
        assert deadlines.give_up(scene.db, scene.term, most=3) == 1
    assert deadlines.give_up(scene.db, scene.term) == 0
    assert scene.states(others) == ["cancelled"] * 4


def test_who_leads_no_more_gives_nobody_up(scene: Scene) -> None:
    (job,) = scene.jobs(deadline_s=10.0)
    at(scene, 11)
    with pytest.raises(Moved):
        deadlines.give_up(scene.db, scene.term - 1)
    assert scene.state(job) == "pending"


def test_missed_is_what_ended_too_late_or_was_given_up(scene: Scene) -> None:
    worker = scene.worker()
    early, late, given_up, withdrawn, free = (
        scene.jobs(tenant="sim", deadline_s=10.0)[0],
        scene.jobs(tenant="sim", deadline_s=10.0)[0],
        scene.jobs(tenant="sim", deadline_s=30.0, time_limit_s=25)[0],
        scene.jobs(tenant="sim", deadline_s=10.0)[0],
        scene.jobs(tenant="sim")[0],
    )
    (order,), token = scene.run(worker, [late])
    scene.finish(worker, early)
    scene.finish(worker, free)
    jobs.cancel(scene.db, [withdrawn])
    at(scene, 11)
    deadlines.give_up(scene.db, scene.term)
    scene.end(order, token)
    assert scene.state(given_up) == "cancelled"
    assert deadlines.kept(scene.db) == {"sim": Kept(deadlines=4, missed=2)}
    at(scene, 3700)
    assert deadlines.kept(scene.db) == {}, "of the last hour only"
