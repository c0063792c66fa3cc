"""What goes with a submission: a reason, a look ahead for programs, words that mean jobs, and slips that are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.model.exits import ExitCode
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings
from clusterctl.store.connection import Database
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene


def audit(scene: Scene) -> list[tuple[object, ...]]:
    """Verb, subject and reason of each row."""
    return list(scene.db.rows("SELECT verb, subject, reason FROM audit ORDER BY id"))


def test_a_reason_is_kept_in_the_audit_and_without_one_nothing_is(run: Run, scene: Scene) -> None:
    assert run("submit", "true").code == 0
    assert audit(scene) == []
    assert run("submit", "--reason", "a test", "--array", "0-1", "true").code == 0
    assert audit(scene) == [("submit", "job:2", "a test"), ("submit", "job:3", "a test")]
    assert "a test" in run("audit", "--job", "2").out


def test_what_was_submitted_before_is_not_noted_again(run: Run, scene: Scene) -> None:
    for _ in range(2):
        assert run("submit", "--reason", "once", "--key", "k", "true").code == 0
    assert audit(scene) == [("submit", "job:1", "once")]


def test_the_reason_of_a_list_is_noted_for_each_of_its_jobs(run: Run, scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("true\nfalse\n")
    assert run("submit", "--reason", "all", "--from", "list").code == 0
    assert audit(scene) == [("submit", "job:1", "all"), ("submit", "job:2", "all")]


def test_a_reason_is_kept_or_the_jobs_are_not_made(scene: Scene, database: str) -> None:
    one = Submission(spec=Spec(command=("true",)), request=Resources(1000))
    scene.db.run("ALTER TABLE audit ADD CHECK (reason <> 'broken')")
    with Cluster(Settings(database_url=database, redis_url="none")) as cluster, pytest.raises(Exception, match="check"):
        operations.submit(cluster, one, reason="broken")
    assert scene.db.value("SELECT count(*) FROM jobs") == 0


def test_a_migration_keeps_its_reason_once_there_is_a_table_for_it(
    run: Run, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERCTL_DATABASE_URL", database)
    with Database(database, name="test") as db:
        db.run("DROP SCHEMA public CASCADE")
        db.run("CREATE SCHEMA public")
    for _ in range(2):
        assert run("db", "migrate", "--reason", "new here").code == 0
    rows = json.loads(run("audit", "--verb", "migrate", "--filter", "reason:new*", "-o", "json").out)
    assert len({row["subject"] for row in rows}) == len(rows) > 0
    assert rows[0]["subject"] == "schema:0001_tables"


def test_a_look_ahead_is_for_programs_too(run: Run, scene: Scene, tmp_path: Path) -> None:
    scene.worker("w1")
    said = run("submit", "--dry-run", "-o", "json", "--cpus", "999", "true")
    assert (said.code, said.err) == (0, "would submit 1 job: 'true'\n")
    told = json.loads(said.out)
    assert run("submit", "--hold", "true").code == 0
    assert told.keys() == json.loads(run("explain", "1", "-o", "json").out).keys()
    (tmp_path / "list").write_text("true\nfalse\n")
    assert len(json.loads(run("submit", "--dry-run", "-o", "json", "--from", "list").out)) == 1
    assert scene.db.value("SELECT count(*) FROM jobs") == 1


def test_the_form_is_of_a_look_ahead_and_no_file(run: Run) -> None:
    assert_told(run("submit", "-o", "json", "true"), "-o goes with --dry-run")
    assert_told(run("submit", "-o", "out.txt", "true"), "a file for what it prints is --stdout PATH")


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_line_for_a_shell_in_one_word_is_warned_of(run: Run, scene: Scene, more: list[str]) -> None:
    scene.worker("w1")
    assert "warning: no program is called 'echo a; sleep 1': for a shell, `submit --wrap` it" in (
        run("submit", *more, "echo a; sleep 1").err
    )
    assert "--wrap" not in run("submit", *more, "echo", "a; b").err
    assert "--wrap" not in run("submit", *more, "--wrap", "echo a; b").err
    Path("my program.sh").write_text("#!/bin/sh\n")
    assert "--wrap" not in run("submit", *more, "my program.sh").err


def test_a_file_that_does_not_say_what_runs_it_is_refused(run: Run, scene: Scene) -> None:
    said = run("submit", "/etc/passwd")
    assert_told(said, "'/etc/passwd' is no script: it does not say what runs it")
    assert "hint: its first line says what runs it: #!/bin/sh" in said.err
    Path("batch.slurm").write_text("echo hello\n")
    assert run("submit", "batch.slurm").out == "Submitted job 1\n"


def parents(scene: Scene, job: int) -> list[tuple[object, ...]]:
    """Whom it waits for, and for what end."""
    rows = scene.db.rows("SELECT parent_id, condition FROM dependencies WHERE job_id = %s ORDER BY parent_id", job)
    return list(rows)


def test_what_comes_after_may_be_called_last_or_be_a_whole_array(run: Run, scene: Scene, tmp_path: Path) -> None:
    assert run("submit", "--array", "0-2", "true").code == 0
    assert run("submit", "--after", "last", "true").code == 0
    assert run("submit", "--after", "array:1:any", "--after", "last:notok", "true").code == 0
    assert parents(scene, 4) == [(3, "ok")]
    assert parents(scene, 5) == [(1, "any"), (2, "any"), (3, "any"), (4, "notok")]
    Path("list").write_text('{"command": "true", "after": "last"}\n{"command": "true", "after": "array:1"}\n')
    assert run("submit", "--from", "list").code == 0
    assert [len(parents(scene, job)) for job in (6, 7)] == [1, 3]
    Path("job.sh").write_text("#!/bin/sh\n#CC --after last:any\n")
    assert run("submit", "job.sh").code == 0
    assert parents(scene, 8) == [(7, "any")]
    assert "it comes after 3 jobs" in run("submit", "--dry-run", "--after", "array:1", "true").out


def test_what_means_no_jobs_to_come_after_is_told(run: Run, scene: Scene) -> None:
    said = run("submit", "--after", "last", "true")
    assert (said.code, "has submitted no job yet" in said.err) == (ExitCode.NOT_FOUND, True)
    said = run("submit", "--after", "array:7", "true")
    assert said.code == ExitCode.NOT_FOUND
    assert_told(said, "no job is meant by --after array:7")
    assert_told(run("submit", "--after", "array:x", "true"), "'array:x' names no array")
    assert_told(run("submit", "--after", "array:7:maybe", "true"), "'maybe' is no condition")
