"""``cancel``, ``hold``, ``release``, ``requeue``: what they do, what they say, and with what they end."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Registered
from clusterctl.model.states import Outcome
from clusterctl.store import jobs, workers
from tests.console.conftest import Run
from tests.console.terminal import at_a_terminal
from tests.console.test_bad_input import assert_told
from tests.house.tree import ROOT
from tests.store.scene import Scene

VERBS = ("cancel", "hold", "release", "requeue")


@pytest.fixture
def some(scene: Scene, worker: Registered) -> Scene:
    """Jobs 1 to 5: held, pending, scheduled, running, failed."""
    held, pending, scheduled, running, failed = (scene.jobs(name=f"job{n}")[0] for n in range(1, 6))
    scene.db.run("UPDATE jobs SET state = 'held' WHERE id = %s", held)
    scene.finish(worker, failed, code=3)
    scene.run(worker, [running])
    scene.reserve(worker, [scheduled])
    assert scene.states([held, pending, scheduled, running, failed]) == STATES
    return scene


STATES = ["held", "pending", "scheduled", "running", "failed"]
AFTER = {
    "cancel": ["cancelled", "cancelled", "cancelled", "running", "failed"],
    "hold": ["held", "held", "held", "running", "failed"],
    "release": ["pending", "pending", "scheduled", "running", "failed"],
    "requeue": ["held", "pending", "pending", "running", "failed"],
}
TOLD: dict[str, list[str | None]] = {
    "cancel": ["cancelled", "cancelled", "cancelled", "told to stop", "had ended already, as failed"],
    "hold": ["held already", "held", "held", "not held: running; ", "not held: had ended already, as failed"],
    "release": ["released", *["not held, nothing to release"] * 3, "not released: had ended already, as failed"],
    "requeue": [
        "not begun, and held: ",
        "not begun: waiting already",
        "taken back from its worker, waits again",
        "told to stop, to run again",
        None,
    ],
}
CODES = {"cancel": ExitCode.PARTLY, "hold": ExitCode.PARTLY, "release": ExitCode.PARTLY, "requeue": ExitCode.DONE}


def type_in(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """What another program will say on stdin."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_does_what_it_can_and_says_of_each_what_became_of_it(run: Run, some: Scene, verb: str) -> None:
    said = run(verb, "1-5", "--reason", "because")
    assert said.code == CODES[verb]
    for line, job, told in zip(said.err.splitlines(), range(1, 6), (each for each in TOLD[verb] if each), strict=False):
        assert line.startswith(f"job {job} {told}")
    assert said.out == ("Submitted job 6 (again: 5)\n" if verb == "requeue" else "")
    assert some.states(range(1, 6)) == AFTER[verb]
    some.check()


@pytest.mark.parametrize("verb", VERBS)
def test_who_did_it_and_why_stands_in_the_audit_for_each_job_that_was_changed(run: Run, some: Scene, verb: str) -> None:
    run(verb, "1-5", "--reason", "because")
    changed = {
        "cancel": [1, 2, 3, 4], "hold": [2, 3], "release": [1], "requeue": [3, 4, 5],
    }[verb]  # fmt: skip
    rows = some.db.rows("SELECT verb, subject, reason FROM audit ORDER BY subject")
    new = [("submit again", "job:6", "because")] if verb == "requeue" else []
    assert rows == [*((verb, f"job:{job}", "because") for job in changed), *new]


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_says_what_would_be_done_ends_alike_and_does_nothing(run: Run, some: Scene, verb: str) -> None:
    before = some.db.row("SELECT array_agg(j ORDER BY id)::text FROM jobs j")
    dry = run(verb, "1-5", "--dry-run")
    assert some.db.row("SELECT array_agg(j ORDER BY id)::text FROM jobs j") == before
    assert some.db.value("SELECT count(*) FROM audit") == 0
    real = run(verb, "1-5")
    assert (dry.code, dry.out) == (real.code, "")
    would = [line.partition("would be ")[0].split()[1] for line in dry.err.splitlines() if "would be" in line]
    done = some.db.rows("SELECT substr(subject, 5) FROM audit WHERE verb = %s ORDER BY 1", verb)
    assert [(each,) for each in would] == done


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_without_jobs_is_bad_input_and_never_means_all(run: Run, some: Scene, verb: str) -> None:
    for argv in ([], ["--dry-run"], ["--yes"]):
        said = run(verb, *argv)
        assert said.code == ExitCode.USAGE
        assert_told(said, "no jobs are named")
    for argv in (["--filter", ""], ["--filter", "colour:red"], ["all", "--filter", "state>failed"]):
        said = run(verb, *argv)
        assert said.code == ExitCode.USAGE
        assert_told(said, "filter")
    assert some.states(range(1, 6)) == STATES


@pytest.mark.parametrize("verb", ["cancel", "hold", "release"])
def test_what_has_ended_is_refused(run: Run, some: Scene, verb: str) -> None:
    said = run(verb, "5")
    assert said.code == ExitCode.REFUSED
    assert said.err.splitlines()[1] == f"clusterctl: error: nothing was left to {verb}"


def test_a_held_job_says_who_holds_it_and_why_wherever_one_looks(
    run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.jobs()
    assert run("hold", "1", "--reason", "until \x1b[31mMonday").code == 0
    assert "\theld\theld\t" in run("jobs").out
    card = run("job", "1").out
    assert "waits       held by " in card
    assert r": until \e[31mMonday" in card
    assert run("release", "1").err == "job 1 released\n"
    assert "held" not in run("job", "1").out


def test_all_means_what_has_not_ended_and_may_mean_nothing(run: Run, scene: Scene) -> None:
    ids = scene.jobs(30)
    said = run("cancel", "all")
    assert (said.code, said.err) == (0, "30 jobs cancelled: 1-30\n")
    assert set(scene.states(ids)) == {"cancelled"}
    said = run("cancel", "all")
    assert (said.code, said.err) == (0, "nothing to cancel: all jobs have ended\n")
    assert run("requeue", "all").code == 0
    assert scene.db.value("SELECT count(*) FROM jobs") == 30


def test_a_filter_alone_means_what_lives_but_for_requeue_what_has_ended(run: Run, some: Scene) -> None:
    some.db.run("UPDATE jobs SET finished_at = finished_at - interval '9 days' WHERE id = 5")
    assert run("hold", "--filter", "name:job* state:pending").err == "job 2 held\n"
    assert run("release", "--filter", "name:job2").err == "job 2 released\n"
    assert run("requeue", "--filter", "name:job*", "--dry-run").err == "job 5 would be submitted again\n"
    said = run("cancel", "--filter", "name:zzz")
    assert (said.code, said.err) == (0, "nothing to cancel: no job matches\n")


def test_a_filter_beside_numbers_means_those_of_them_that_match(run: Run, some: Scene) -> None:
    assert run("cancel", "1-5", "--filter", "state:pending,held").err == "job 1 cancelled\njob 2 cancelled\n"
    assert run("cancel", "3", "--filter", "state:held").err == "nothing to cancel: no job matches\n"
    assert run("cancel", "3,99", "--filter", "state:scheduled").code == ExitCode.NOT_FOUND
    assert some.states([3]) == ["scheduled"]


def test_numbers_are_read_from_stdin(run: Run, some: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, b"2\n 1-2,3\t\n")
    assert run("cancel", "-").err.splitlines() == [f"job {n} cancelled" for n in (1, 2, 3)]
    type_in(monkeypatch, b"4 5")
    assert run("jobs", "-", "-o", "ids").out == "4\n5\n"
    type_in(monkeypatch, b"5")
    assert run("job", "-").out.startswith("job 5")
    type_in(monkeypatch, b"5")
    assert run("wait", "-").code == 3


@pytest.mark.parametrize("data", [b"", b" \n\t"])
def test_no_numbers_on_stdin_mean_nothing_and_never_all(
    run: Run, some: Scene, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    for verb in VERBS:
        type_in(monkeypatch, data)
        said = run(verb, "-")
        assert (said.code, said.out, said.err) == (0, "", f"nothing to {verb}: no jobs are named on stdin\n")
    type_in(monkeypatch, data)
    assert run("jobs", "-").err == "no jobs\n"
    type_in(monkeypatch, data)
    assert run("wait", "-").code == 0
    assert some.states(range(1, 6)) == STATES


@pytest.mark.parametrize(
    "data, word",
    [
        (b"1 2 three 4", "word 3 on stdin names no job: 'three'"),
        (b"id\tname\n1\tx", "word 1 on stdin names no job: 'id'"),
        (b"1 -2", "'-2'"),
        (b"\xff\x00", r"'\\xff\x00'"),
        (b"1-200000", "more than 100,000 jobs"),
        (b"1 99 98", "no job 98, 99"),
        (b"1,98,99", "no job 98, 99"),
        (b"9" * 3_000_000, "word 1 on stdin names no job"),
        (b"1 " * 1_100_000, "more than 100,000 jobs"),
    ],
)
def test_junk_on_stdin_is_named_and_nothing_is_done(
    run: Run, some: Scene, monkeypatch: pytest.MonkeyPatch, data: bytes, word: str
) -> None:
    type_in(monkeypatch, data)
    said = run("cancel", "-")
    assert said.code in (ExitCode.USAGE, ExitCode.NOT_FOUND)
    assert_told(said, word)
    assert some.states(range(1, 6)) == STATES


@pytest.mark.parametrize("argv", [["-", "7"], ["all", "-"], ["last", "-"]])
def test_a_dash_stands_alone(run: Run, argv: list[str]) -> None:
    said = run("cancel", *argv)
    assert said.code == ExitCode.USAGE
    assert_told(said, "stands alone")


def test_ten_thousand_numbers_on_stdin_are_one_command(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = scene.jobs(10_000)
    type_in(monkeypatch, "\n".join(map(str, reversed(ids))).encode())
    said = run("hold", "-")
    assert (said.code, said.err) == (0, "10,000 jobs held: 1-10000\n")
    type_in(monkeypatch, " ".join(map(str, ids[::2])).encode())
    said = run("release", "-")
    assert said.err.startswith("5,000 jobs released: 1,3,5,")
    assert said.err.endswith(",…\n")
    assert scene.db.value("SELECT count(*) FROM jobs WHERE state = 'held'") == 5_000


def test_jobs_that_run_again_are_told_on_stdout_and_alone_for_programs(
    run: Run, some: Scene, worker: Registered
) -> None:
    said = run("requeue", "4,5", "--parsable")
    assert (said.code, said.out, said.err) == (0, "4\n6\n", "")
    assert some.db.row("SELECT name, state FROM jobs WHERE id = 6") == ("job5", "pending")
    assert run("requeue", "4").err == "job 4 being stopped already\n"
    (holding, *_) = [
        each for each in workers.sync(some.db, worker.worker_id, worker.incarnation, None).holdings if each.job_id == 4
    ]
    assert holding.stop is Outcome.REQUEUED
    assert "stopping" in run("jobs", "4", "-o", "table").out
    run("cancel", "4")
    said = run("requeue", "4")
    assert (said.code, said.err.splitlines()[0]) == (ExitCode.REFUSED, "job 4 not requeued: being cancelled")


def test_many_failed_members_of_an_array_are_one_array_again(run: Run, scene: Scene, worker: Registered) -> None:
    ids = scene.jobs(30, name="a")
    jobs.cancel(scene.db, ids[:25])
    said = run("requeue", "--filter", "state:cancelled name:a")
    assert (said.code, said.out) == (0, "Submitted 25 jobs (again): 31-55\n")
    assert scene.db.row("SELECT count(*), min(array_index) FROM jobs WHERE array_id = 31") == (25, 0)


def test_a_person_is_asked_before_many_jobs_that_were_not_named(scene: Scene) -> None:
    ids = scene.jobs(11)
    code, shown = at_a_terminal(b"n\n", "cancel", "all")
    assert (code, set(scene.states(ids))) == (ExitCode.REFUSED, {"pending"})
    assert "Cancel 11 jobs? [y/N]" in shown
    code, shown = at_a_terminal(b"", "cancel", "1-11", "--dry-run")
    assert "[y/N]" not in shown
    code, shown = at_a_terminal(b"y\n", "hold", "--filter", "state:pending")
    assert (code, set(scene.states(ids))) == (0, {"held"})
    code, shown = at_a_terminal(b"", "cancel", "all", "--yes")
    assert (code, set(scene.states(ids))) == (0, {"cancelled"})
    assert "[y/N]" not in shown


def test_the_numbers_of_failed_jobs_go_through_a_pipe_into_requeue(some: Scene) -> None:
    jobs.cancel(some.db, some.jobs(2))
    program = f"{sys.executable} -m clusterctl"
    done = subprocess.run(
        ["sh", "-c", f"{program} jobs --state failed,cancelled -o ids | {program} requeue - --parsable"],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["8", "9", "10"], "")
    assert some.states([8, 9, 10]) == ["pending"] * 3
