"""``cancel``, ``wait``, ``logs``: what they do, and with what they end."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.output import default_output
from clusterctl.model.registration import Registered, Registration
from clusterctl.model.resources import Resources
from clusterctl.model.states import Outcome
from clusterctl.store import workers
from clusterctl.store.connection import Database
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene, registration
from tests.until import until


@pytest.fixture
def worker(scene: Scene, tmp_path: Path) -> Registered:
    """A worker on this very machine, with a spool."""
    told = registration("here", 8)
    fields = {name: getattr(told, name) for name in told.__struct_fields__}
    fields |= {"hostname": socket.gethostname(), "spool": str(tmp_path), "capacity": Resources(8000, 64_000, 0)}
    return workers.register(scene.db, Registration(**fields))


def write_output(tmp_path: Path, job: int, content: bytes, attempt: int = 1) -> Path:
    """What the job wrote, where its worker keeps it."""
    path = tmp_path / default_output(job, attempt)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(content)
    return path


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


def test_cancel_ends_what_waits_and_asks_what_runs(run: Run, scene: Scene, worker: Registered) -> None:
    waiting, running, ended = scene.jobs(3)
    scene.finish(worker, ended)
    scene.run(worker, [running])
    said = run("cancel", f"{waiting}-{ended}", "--reason", "wrong input")
    assert (said.code, said.out) == (ExitCode.PARTLY, "")
    assert said.err.splitlines() == [
        f"job {waiting} cancelled",
        f"job {running} stopping: its worker has been told",
        f"job {ended} had ended already as completed",
    ]
    assert scene.states([waiting, running, ended]) == ["cancelled", "running", "completed"]
    noted = scene.db.rows("SELECT verb, subject, reason FROM audit ORDER BY subject")
    assert noted == [("cancel", f"job:{job}", "wrong input") for job in (waiting, running)]


def test_cancelling_what_has_ended_is_refused(run: Run, scene: Scene, worker: Registered) -> None:
    (job,) = scene.jobs()
    scene.finish(worker, job)
    assert run("cancel", str(job)).code == ExitCode.REFUSED


def test_cancel_all_spares_nothing_and_may_find_nothing(run: Run, scene: Scene) -> None:
    jobs = scene.jobs(30)
    said = run("cancel", "all")
    assert (said.code, said.err) == (0, "30 jobs cancelled\n")
    assert set(scene.states(jobs)) == {"cancelled"}
    assert run("cancel", "all").code == 0


def test_a_dry_cancel_tells_what_a_real_one_would_do_and_cancels_nothing(
    run: Run, scene: Scene, worker: Registered
) -> None:
    jobs = scene.jobs(3)
    scene.finish(worker, jobs[0])
    said = run("cancel", f"{jobs[0]}-{jobs[-1]}", "--dry-run")
    assert (said.code, said.err) == (0, f"would cancel 2 jobs: {jobs[1]}, {jobs[2]}\n1 job had ended already\n")
    assert scene.states(jobs) == ["completed", "pending", "pending"]


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


def test_logs_are_the_bytes_that_the_job_wrote(
    scene: Scene, worker: Registered, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from clusterctl.cli.door import main

    (job,) = scene.jobs()
    scene.finish(worker, job)
    content = b"one\n\x1b[31m\xff\0two\nthree"
    write_output(tmp_path, job, content)
    tails = {None: content, 2: b"\x1b[31m\xff\0two\nthree", 1: b"three", 0: b"", 99: content}
    for tail, expected in tails.items():
        argv = ["logs", str(job)] + ([] if tail is None else ["--tail", str(tail)])
        assert main(argv) == 0
        sys.stdout.flush()
        assert capfdbinary.readouterr().out == expected, tail


def test_the_tail_of_a_large_log_is_found_across_blocks(
    run: Run, scene: Scene, worker: Registered, tmp_path: Path
) -> None:
    (job,) = scene.jobs()
    scene.finish(worker, job)
    lines = [f"{number} {'x' * 100}" for number in range(5000)]
    write_output(tmp_path, job, "".join(f"{line}\n" for line in lines).encode())
    assert run("logs", str(job), "--tail", "1500").out.splitlines() == lines[-1500:]


def test_logs_tell_what_was_dropped_and_wait_for_no_pipe(
    run: Run, scene: Scene, worker: Registered, tmp_path: Path
) -> None:
    (job,) = scene.jobs()
    scene.finish(worker, job)
    path = write_output(tmp_path, job, b"first\n")
    os.truncate(path, 10_000_000)
    write_output(tmp_path, job, b"\nlast\n")
    assert "[… 10 MB dropped …]\n" in run("logs", str(job)).out
    assert run("logs", str(job), "--tail", "1").out == "last\n"
    path.unlink()
    os.mkfifo(path)
    for flags in ([], ["-f"]):
        said = run("logs", str(job), *flags)
        assert said.code == ExitCode.REFUSED
        assert_told(said, "is not a plain file")


def test_logs_follow_a_job_to_its_end(
    run: Run, scene: Scene, worker: Registered, tmp_path: Path, database: str
) -> None:
    (job,) = scene.jobs()
    (order,), token = scene.run(worker, [job])
    write_output(tmp_path, job, b"first\n")

    def live() -> None:
        with aside(scene, database) as other:
            write_output(tmp_path, job, b"second\n")
            other.end(order, token)
            write_output(tmp_path, job, b"third\n")

    thread = meanwhile(live)
    said = run("logs", str(job), "-f")
    thread.join()
    assert said.out in ("first\nsecond\nthird\n", "first\nsecond\n")
    assert said.code == 0


def test_each_attempt_has_its_own_log(run: Run, scene: Scene, worker: Registered, tmp_path: Path) -> None:
    (job,) = scene.jobs(retries=1)
    scene.finish(worker, job, code=1)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    scene.finish(worker, job, code=1)
    write_output(tmp_path, job, b"one\n", attempt=1)
    write_output(tmp_path, job, b"two\n", attempt=2)
    assert run("logs", str(job)).out == "two\n"
    assert run("logs", str(job), "--attempt", "1").out == "one\n"
    assert run("logs", str(job), "-f").out == "two\n"
    assert run("logs", str(job), "--attempt", "3").code == ExitCode.NOT_FOUND


def test_logs_that_cannot_be_shown_say_why(run: Run, scene: Scene, worker: Registered) -> None:
    elsewhere = scene.worker("elsewhere")
    gone, far, never = (scene.jobs()[0] for _ in range(3))
    scene.finish(worker, gone)
    scene.finish(elsewhere, far)
    for job, code, word in (
        (gone, ExitCode.NOT_FOUND, "gone"),
        (far, ExitCode.REFUSED, "elsewhere"),
        (never, ExitCode.REFUSED, "not started"),
    ):
        said = run("logs", str(job))
        assert said.code == code
        assert_told(said, word)


def test_a_script_may_name_its_output_itself(run: Run, scene: Scene, worker: Registered, tmp_path: Path) -> None:
    assert run("submit", "--stdout", "out-%j.txt", "--stderr", "err-%j.txt", "true").code == 0
    scene.finish(worker, 1)
    (tmp_path / "out-1.txt").write_text("to stdout\n")
    (tmp_path / "err-1.txt").write_text("to stderr\n")
    assert run("logs", "1").out == "to stdout\n"
    assert run("logs", "1", "--stderr").out == "to stderr\n"


def test_logs_of_a_job_that_could_not_be_started_say_so(
    run: Run, scene: Scene, worker: Registered, tmp_path: Path
) -> None:
    (job,) = scene.jobs()
    scene.finish(worker, job, Outcome.START_FAILED, 127)
    scene.db.run("UPDATE jobs SET detail = 'command not found: x' WHERE id = %s", job)
    write_output(tmp_path, job, b"")
    for flags in ([], ["-f"]):
        said = run("logs", str(job), *flags)
        told = f"job {job} wrote nothing: it could not be started: command not found: x\n"
        assert (said.code, said.out, said.err) == (0, "", told)
