"""Jobs that are like others: by name, else by command, else by size; the newest, and enough of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec
from clusterctl.model.states import Outcome
from clusterctl.store import similar
from clusterctl.store.connection import Database
from tests.store.crowd import past, rows_read
from tests.store.scene import Scene, submission


def ran(scene: Scene, seconds: list[float], *, outcome: str = "completed", **wishes: Any) -> list[int]:
    """Jobs that have ended, after so many seconds each; each waited 5 s."""
    worker = scene.worker("w1")
    jobs = [scene.jobs(**wishes)[0] for _ in seconds]
    for job, span in zip(jobs, seconds, strict=True):
        scene.finish(worker, job, *((Outcome.EXITED, 0) if outcome == "completed" else (Outcome.CANCELLED, None)))
        scene.db.run(
            "UPDATE jobs SET started_at = finished_at - %s, submitted_at = finished_at - %s WHERE id = %s",
            timedelta(seconds=span),
            timedelta(seconds=span + 5),
            job,
        )
    return jobs


def test_of_its_name_it_is_told_how_long_they_ran_and_waited(scene: Scene) -> None:
    ran(scene, [10, 20, 30, 40, 400], name="train")
    (job,) = scene.jobs(name="train")
    found = similar.read(scene.db, [job])[job]
    assert (found.count, found.alike) == (5, "name")
    assert (found.run_s.p10, found.run_s.p50, found.run_s.p90) == (10, 30, 400)
    assert found.wait_s.p50 == 5


def test_two_are_too_few(scene: Scene) -> None:
    ran(scene, [10, 20], name="train")
    (job,) = scene.jobs(name="train")
    assert similar.read(scene.db, [job]) == {}


def test_without_a_namesake_the_command_counts_and_then_the_size(scene: Scene) -> None:
    ran(scene, [10, 20, 30], name="a", spec=Spec(command=("fit", "x")), cpus=3)
    ran(scene, [1, 2, 3], name="b", spec=Spec(command=("other",)), cpus=2)
    (by_command,) = scene.jobs(name="c", spec=Spec(command=("fit", "x")), cpus=2)
    (by_size,) = scene.jobs(name="d", spec=Spec(command=("new",)), cpus=2)
    (by_nothing,) = scene.jobs(name="e", spec=Spec(command=("newer",)), cpus=7)
    found = similar.read(scene.db, [by_command, by_size, by_nothing])
    assert {id: (each.alike, each.run_s.p50) for id, each in found.items()} == {
        by_command: ("command", 20),
        by_size: ("request", 2),
    }


def test_another_tenants_or_users_namesakes_are_others(scene: Scene) -> None:
    ran(scene, [10, 20, 30], name="train", tenant="ann")
    (job,) = scene.jobs(name="train", tenant="bob")
    assert similar.read(scene.db, [job])[job].alike == "command"


def test_what_was_cancelled_tells_nothing(scene: Scene) -> None:
    ran(scene, [10, 20, 30], outcome="cancelled", name="train")
    (job,) = scene.jobs(name="train")
    assert similar.read(scene.db, [job]) == {}


def test_only_the_newest_hundred_count(scene: Scene) -> None:
    ran(scene, [900, 900], name="train")
    ran(scene, [7] * 101, name="train")
    (job,) = scene.jobs(name="train")
    found = similar.read(scene.db, [job])[job]
    assert (found.count, found.run_s.p90) == (100, 7)


def test_a_submission_without_a_job_is_compared_too(scene: Scene) -> None:
    ran(scene, [10, 20, 30], name="train")
    again = submission(name="train")
    assert similar.read(scene.db, [], again)[0].alike == "name"
    renamed = submission(name="other")
    assert similar.read(scene.db, [], renamed)[0].alike == "command"
    resized = submission(name="other", spec=Spec(command=("new",)))
    assert similar.read(scene.db, [], resized)[0].alike == "request"
    strange = submission(name="other", spec=Spec(command=("new",)), request=Resources(5000, 1))
    assert similar.read(scene.db, [], strange) == {}


def test_a_long_past_is_not_read(db: Database) -> None:
    db.script(past(100_000))
    db.script("ANALYZE jobs")
    assert rows_read(db, lambda: similar.read_alike(db, [1, 2, 3], "name", None)) < 1.1 * similar.RECENT
