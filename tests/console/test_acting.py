"""``wait``, and ``submit`` that waits: what they say, and with what they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from threading import Thread
from typing import Any

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Registered
from clusterctl.model.states import Outcome
from clusterctl.store.connection import Database
from tests.console.conftest import Run
from tests.store.scene import Scene
from tests.until import until


@contextmanager
def aside(scene: Scene, database: str) -> Iterator[Scene]:
    """The same cluster over a connection of one's own, for another thread."""
    with Database(database, name="aside") as db:
        other = copy(scene)
        other.db = db
        yield other


def meanwhile(action: Callable[[], Any]) -> Thread:
    """Do *action* while the command runs."""
    thread = Thread(target=action)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "end, expected",
    [
        ((Outcome.EXITED, 0), 0),
        ((Outcome.EXITED, 7), 7),
        ((Outcome.TIME_LIMIT, None), 1),
        ((Outcome.OUT_OF_MEMORY, None), 1),
    ],
)
def test_wait_ends_as_the_job_did(
    run: Run, scene: Scene, worker: Registered, end: tuple[Outcome, int | None], expected: int
) -> None:
    (job,) = scene.jobs()
    scene.finish(worker, job, *end)
    assert run("wait", str(job)).code == expected


def test_wait_for_several_ends_with_the_highest(run: Run, scene: Scene, worker: Registered) -> None:
    jobs = scene.jobs(3)
    for job, code in zip(jobs, (0, 9, 2), strict=True):
        scene.finish(worker, job, code=code)
    assert run("wait", f"array:{jobs[0]}").code == 9
    assert run("wait", str(jobs[0])).code == 0


def test_wait_for_a_job_that_a_signal_ended(run: Run, scene: Scene, worker: Registered) -> None:
    (job,) = scene.jobs()
    scene.finish(worker, job, code=1)
    scene.db.run("UPDATE jobs SET exit_code = NULL, signal = 9 WHERE id = %s", job)
    assert run("wait", str(job)).code == 128 + 9


def test_wait_stands_by_until_the_end_and_tells_each_step(
    run: Run, scene: Scene, worker: Registered, database: str
) -> None:
    (job,) = scene.jobs()

    def live() -> None:
        with aside(scene, database) as other:
            other.finish(worker, job, code=4)

    thread = meanwhile(live)
    said = run("wait", str(job))
    thread.join()
    assert (said.code, said.out) == (4, "")
    assert said.err.splitlines()[-2:] == ["1 failed", "job 1 failed: exit 4"]


def test_wait_gives_up_after_its_timeout(run: Run, scene: Scene) -> None:
    scene.jobs(2)
    said = run("wait", "1", "--timeout", "50ms")
    assert said.code == ExitCode.TIMED_OUT
    assert "clusterctl: error: job 1 has not ended in time" in said.err
    assert "clusterctl: error: not all of them have ended in time" in run("wait", "1-2", "--timeout", "50ms").err


def test_wait_says_why_a_job_did_not_end_well(run: Run, scene: Scene, worker: Registered) -> None:
    well, late = scene.jobs()[0], scene.jobs()[0]
    scene.finish(worker, well)
    scene.finish(worker, late, Outcome.TIME_LIMIT, None)
    assert run("wait", str(well)).err == "1 completed\n"
    assert run("wait", str(late)).err == f"1 timeout\njob {late} timeout: time_limit\n"


def test_wait_says_that_there_is_nothing_to_wait_for(run: Run, scene: Scene) -> None:
    said = run("wait", "all")
    assert (said.code, said.err) == (0, "nothing to wait for: all jobs have ended\n")


def test_submit_that_waits_ends_as_the_job_did(run: Run, scene: Scene, database: str) -> None:
    worker = scene.worker()

    def live() -> None:
        with aside(scene, database) as other:
            until(lambda: other.db.value("SELECT count(*) FROM jobs"))
            other.finish(worker, 1, code=5)

    thread = meanwhile(live)
    said = run("submit", "--wait", "true")
    thread.join()
    assert (said.code, said.out) == (5, "Submitted job 1\n")
