"""``worker``, ``drain``, ``resume`` and ``--confirm-dead``: what they change, and what they refuse."""

from __future__ import annotations

import json

import pytest

from clusterctl.cli.display.worker_card import show_card
from clusterctl.model.exits import ExitCode
from clusterctl.model.pictures import WorkerStory
from clusterctl.store import worker_rows, workers
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene


def admin_state(scene: Scene, name: str = "w1") -> tuple[str, str]:
    row = scene.db.row("SELECT admin_state, admin_reason FROM workers WHERE name = %s", name)
    assert row
    return row[0], row[1]


def test_a_drained_worker_gets_nothing_new_until_it_is_resumed(run: Run, scene: Scene) -> None:
    worker = scene.worker()
    said = run("drain", "w1", "--reason", "new kernel")
    assert (said.code, said.err) == (ExitCode.DONE, "worker w1 is draining\n")
    assert admin_state(scene) == ("draining", "new kernel")
    assert scene.reserve(worker, scene.jobs()) == []
    assert run("drain", "w1").err == "worker w1 was draining already\n"
    assert run("resume", "w1", "--dry-run").err == "worker w1 would be open\n"
    assert admin_state(scene) == ("draining", "new kernel")
    assert run("resume", "w1").err == "worker w1 is open\n"
    assert len(scene.reserve(worker, scene.jobs())) == 1
    assert [row[0] for row in scene.db.rows("SELECT verb FROM audit ORDER BY id")] == ["drain", "resume"]


def test_a_dry_run_tells_by_the_same_laws_and_leaves_no_trace(run: Run, scene: Scene) -> None:
    running = scene.jobs()
    scene.run(scene.worker(labels={"zone": "a"}), running)
    assert run("drain", "w1", "--dry-run").err == "worker w1 would be draining\n"
    assert run("resume", "w1", "--dry-run").err == "worker w1 was open already\n"
    assert run("label", "w1", "zone=a", "none-", "--dry-run").err == "worker w1 is labelled like that already\n"
    assert "worker w1 is up" in run("worker", "w1", "--confirm-dead", "--dry-run").err
    scene.silence(60)
    assert "still holds 1 of its jobs" in run("worker", "w1", "--forget", "--dry-run").err
    assert f"job {running[0]} would be pending\n" in run("worker", "w1", "--confirm-dead", "--dry-run").err
    assert (scene.states(running), admin_state(scene), labels(scene)) == (["running"], ("open", ""), {"zone": "a"})
    assert scene.db.rows("SELECT verb FROM audit") == []
    scene.check()


def test_an_unknown_worker_is_said_and_nothing_is_changed(run: Run, scene: Scene) -> None:
    scene.worker()
    for words in (["drain", "w1", "w9"], ["resume", "w9"], ["worker", "w9"], ["worker", "w9", "--confirm-dead"]):
        said = run(*words)
        assert said.code == ExitCode.NOT_FOUND
        assert_told(said, "no worker 'w9'")
    assert admin_state(scene) == ("open", "")


def test_a_worker_is_shown_with_what_it_holds(run: Run, scene: Scene) -> None:
    worker = scene.worker()
    (job,) = scene.jobs(name="\x1b[2Jevil")
    scene.run(worker, [job])
    workers.sync(scene.db, worker.worker_id, worker.incarnation, None, "disk almost full")
    said = run("worker", "w1", "-o", "json")
    shown = json.loads(said.out)
    assert (said.code, shown["name"], shown["trouble"]) == (0, "w1", "disk almost full")
    (held,) = shown["holds"]
    assert (held["job_id"], held["status"], held["cpus"]) == (job, "allocated", 1.0)
    assert "\x1b" not in said.out


def test_the_page_of_a_worker_says_when_what_it_holds_will_be_lost(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.run(scene.worker(), [*scene.jobs(name="\x1b[2Jevil"), *scene.jobs(on_worker_loss="wait")])
    scene.silence(60)
    (worker,), holds = worker_rows.read(scene.db, "w1"), tuple(worker_rows.holdings(scene.db, "w1"))
    show_card(WorkerStory(worker=worker, holds=holds))
    page = capsys.readouterr().out
    assert "silent      no heartbeat" in page
    assert "in 16m" in page
    assert "never by itself" in page
    assert "\x1b[2J" not in page


def test_a_silent_worker_can_be_confirmed_dead_and_its_jobs_wait_again(run: Run, scene: Scene) -> None:
    worker = scene.worker()
    running = scene.jobs()
    scene.run(worker, running)
    scene.silence(60)
    said = run("worker", "w1", "--confirm-dead")  # nobody is there to be asked
    assert (said.code, said.out) == (ExitCode.REFUSED, "")
    assert "--yes" in said.err
    assert run("worker", "w1", "--confirm-dead", "--dry-run").code == ExitCode.DONE
    assert scene.states(running) == ["running"]
    said = run("worker", "w1", "--confirm-dead", "--yes", "--reason", "it burned")
    assert (said.code, said.out) == (ExitCode.DONE, "")
    assert f"job {running[0]} is pending\nworker w1 is lost\n" in said.err
    assert scene.db.rows("SELECT verb, subject, reason FROM audit ORDER BY id") == [
        ("confirm_dead", "worker:w1", "it burned"),
        ("confirm_dead", f"job:{running[0]}", "it burned"),
    ]
    scene.check()


def test_a_worker_that_lives_cannot_be_confirmed_dead(run: Run, scene: Scene) -> None:
    worker = scene.worker()
    scene.run(worker, scene.jobs())
    said = run("worker", "w1", "--confirm-dead", "--yes")
    assert said.code == ExitCode.REFUSED
    assert_told(said, "worker w1 is up")
    scene.check()


def test_a_drain_with_a_deadline_says_when_and_resume_forgets_it(run: Run, scene: Scene) -> None:
    scene.worker()
    said = run("drain", "w1", "--deadline", "1h")
    assert (said.code, said.err) == (0, "worker w1 is draining, what still runs in 1h is stopped\n")
    assert json.loads(run("worker", "w1", "-o", "json").out)["drain_by"]
    assert "then what runs is stopped" in run("worker", "w1").out
    run("resume", "w1")
    assert json.loads(run("worker", "w1", "-o", "json").out)["drain_by"] is None


def test_a_drain_can_be_waited_for(run: Run, scene: Scene) -> None:
    scene.worker()
    assert run("drain", "w1", "--wait").err == "worker w1 is draining\nall of them hold nothing\n"


def labels(scene: Scene, name: str = "w1") -> dict[str, str]:
    found: dict[str, str] = scene.db.value("SELECT labels FROM workers WHERE name = %s", name)
    return found


def test_labels_are_set_and_taken_away(run: Run, scene: Scene) -> None:
    scene.worker(labels={"zone": "a", "old": "1"})
    said = run("label", "w1", "gpu=a100", "zone=b", "old-", "--dry-run")
    assert (said.code, said.err) == (0, "worker w1 would be labelled gpu=a100 zone=b old-\n")
    assert labels(scene) == {"zone": "a", "old": "1"}
    said = run("label", "w1", "gpu=a100", "zone=b", "old-", "--reason", "moved")
    assert (said.code, said.err) == (0, "worker w1 labelled gpu=a100 zone=b old-\n")
    assert labels(scene) == {"zone": "b", "gpu": "a100"}
    assert run("label", "w1", "gpu=a100").err == "worker w1 is labelled like that already\n"
    run("label", "w1", "gpu-")
    assert labels(scene) == {"zone": "b"}
    assert scene.db.rows("SELECT verb, subject, reason FROM audit ORDER BY id")[0] == ("label", "worker:w1", "moved")


def test_what_an_operator_says_outlives_the_agent(run: Run, scene: Scene) -> None:
    scene.worker(labels={"zone": "a", "old": "1"})
    run("label", "w1", "zone=b", "old-")
    scene.worker(labels={"zone": "c", "old": "2", "new": "3"})
    assert labels(scene) == {"zone": "b", "new": "3"}


@pytest.mark.parametrize(
    "words, told",
    [
        (["w1"], "no label was named"),
        (["a=b"], "no worker was named"),
        (["w1", "=x"], "a label has a key"),
        (["w1", "-"], "no such option|a label has a key"),
        (["w1", "a=1", "a-"], "named twice"),
        (["w1", "a=" + "x" * 300], "longer than 200"),
        (["w1", "a=\0"], "NUL"),
        (["w1", "a b=c"], "no blanks"),
    ],
    ids=["no label", "no worker", "no key", "a dash", "twice", "long", "nul", "blank"],
)
def test_labels_that_are_none_are_refused(run: Run, scene: Scene, words: list[str], told: str) -> None:
    scene.worker()
    said = run("label", *words)
    assert said.code == ExitCode.USAGE
    assert any(each in said.err for each in told.split("|"))
    assert labels(scene) == {}


def test_a_worker_that_is_gone_is_forgotten_and_returns_as_a_new_one(run: Run, scene: Scene) -> None:
    scene.worker()
    assert "worker w1 is up" in run("worker", "w1", "--forget").err
    run("label", "w1", "zone=b")
    run("drain", "w1", "--deadline", "1h")
    scene.silence(60)
    said = run("worker", "w1", "--forget", "--dry-run")
    assert (said.code, said.err) == (0, "worker w1 would be forgotten\n")
    said = run("worker", "w1", "--forget", "--reason", "sold")
    assert (said.code, said.err) == (0, "worker w1 is forgotten\n")
    assert json.loads(run("workers", "-o", "json").out) == []
    assert run("worker", "w1").code == ExitCode.NOT_FOUND
    assert json.loads(run("status", "-o", "json").out)["workers"]["lost"] == 0
    scene.worker()
    back = json.loads(run("worker", "w1", "-o", "json").out)
    assert (back["live_state"], back["admin_state"], back["incarnation"], back["labels"]) == ("up", "open", 2, {})
    scene.check()


def test_a_worker_that_holds_something_is_not_forgotten(run: Run, scene: Scene) -> None:
    scene.run(scene.worker(), scene.jobs())
    scene.silence(60)
    said = run("worker", "w1", "--forget")
    assert said.code == ExitCode.REFUSED
    assert_told(said, "still holds 1 of its jobs")
    scene.check()


def test_what_was_said_of_a_drain_stands_until_something_else_is_said(run: Run, scene: Scene) -> None:
    scene.worker()
    run("drain", "w1", "--reason", "new kernel", "--deadline", "1h")
    assert run("drain", "w1").err == "worker w1 was draining already\n"
    run("drain", "w1", "--deadline", "2h")
    assert admin_state(scene) == ("draining", "new kernel")
    assert run("drain", "w1", "--reason", "burned").err == "worker w1 is draining\n"
    assert admin_state(scene) == ("draining", "burned")
    assert scene.db.value("SELECT drain_by > now() + interval '100 min' FROM workers")
    assert [row[0] for row in scene.db.rows("SELECT detail FROM audit ORDER BY id")] == [
        {"deadline_s": 3600},
        {"deadline_s": 7200},
        {},
    ]
    run("resume", "w1")
    assert admin_state(scene) == ("open", "")
