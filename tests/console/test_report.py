"""``report``: within a replica into its file, from elsewhere into Postgres."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.registration import Registered
from tests.console.conftest import Run
from tests.store.scene import Scene


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """We are a replica, and this is what its agent reads."""
    path = tmp_path / "reports"
    path.touch()
    monkeypatch.setenv("CLUSTERCTL_REPORT", str(path))
    monkeypatch.setenv("CLUSTERCTL_JOB_ID", "42")
    return path


def replica(scene: Scene, worker: Registered) -> int:
    """One that runs."""
    (job,) = scene.jobs(1, kind="service", indices=(0,))
    scene.run(worker, [job])
    return job


def kept(scene: Scene) -> tuple[object, ...]:
    """What stands in the one allocation."""
    (row,) = scene.db.rows(
        "SELECT p99_ms, requests, violations, all_requests, all_violations, reported_at IS NOT NULL FROM allocations"
    )
    return row


def test_a_replica_appends_a_line_and_needs_no_postgres(run: Run, file: Path) -> None:
    said = run("report", "--p99-ms", "85.5", "--requests", "1200", "--violations", "3")
    assert (said.code, said.out, said.err) == (ExitCode.DONE, "", "")
    run("report", "--requests", "10")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines == [
        {"p99_ms": 85.5, "requests": 1200, "violations": 3},
        {"p99_ms": None, "requests": 10, "violations": 0},
    ]


def test_where_the_file_cannot_be_written_that_is_said(run: Run, file: Path) -> None:
    target = file.with_name("elsewhere")
    target.touch()
    file.unlink()
    said = run("report", "--p99-ms", "1")
    assert (said.code, "CLUSTERCTL_REPORT cannot be written" in said.err) == (ExitCode.REFUSED, True)
    file.symlink_to(target)
    assert run("report", "--p99-ms", "1").code == ExitCode.REFUSED
    assert target.read_text() == ""
    file.unlink()
    os.mkfifo(file)
    assert run("report", "--p99-ms", "1").code == ExitCode.REFUSED, "nobody reads it, and we do not wait for one"


def test_from_elsewhere_it_is_kept_of_a_replica_that_runs(run: Run, scene: Scene, worker: Registered) -> None:
    job = replica(scene, worker)
    assert run("report", "--job", str(job), "--p99-ms", "85", "--requests", "100", "--violations", "3").code == 0
    assert kept(scene) == (85.0, 100, 3, 100, 3, True)
    assert run("report", "--job", str(job), "--requests", "50", "--violations", "1").code == 0
    assert kept(scene) == (None, 50, 1, 150, 4, True), "a latency holds until the next report"


def test_a_replica_may_report_of_another_by_its_number(run: Run, scene: Scene, worker: Registered, file: Path) -> None:
    job = replica(scene, worker)
    assert run("report", "--job", str(job), "--p99-ms", "1").code == ExitCode.DONE
    assert (kept(scene)[0], file.read_text()) == (1.0, "")


def test_from_elsewhere_it_is_said_what_is_kept_and_a_rehearsal_keeps_nothing(
    run: Run, scene: Scene, worker: Registered
) -> None:
    job = replica(scene, worker)
    words = ["--job", str(job), "--p99-ms", "85", "--requests", "1200", "--violations", "3", "--reason", "by hand"]
    said = run("report", *words, "--dry-run")
    assert said.err == f"would be kept of job {job}: p99 85ms, 3 of 1,200 requests violated\n"
    assert (kept(scene)[0], scene.db.value("SELECT count(*) FROM audit")) == (None, 0)
    assert run("report", "--job", "999", "--p99-ms", "1", "--dry-run").code == ExitCode.NOT_FOUND
    assert run("report", *words).err == f"kept of job {job}: p99 85ms, 3 of 1,200 requests violated\n"
    assert run("report", "--job", str(job), "--p99-ms", "90").err == f"kept of job {job}: p99 90ms\n"
    assert scene.db.rows("SELECT verb, subject, reason, detail FROM audit") == [
        ("report", f"job:{job}", "by hand", {"p99_ms": 85.0, "requests": 1200, "violations": 3})
    ], "one that gives no reason is of a program, and comes every few seconds"


def test_within_a_replica_a_rehearsal_writes_nothing_and_reasons_are_for_others(run: Run, file: Path) -> None:
    said = run("report", "--p99-ms", "85", "--dry-run")
    assert said.err == f'{file} would get the line {{"p99_ms":85.0,"requests":0,"violations":0}}\n'
    said = run("report", "--p99-ms", "85", "--reason", "why")
    assert (said.code, "a reason goes with --job" in said.err) == (ExitCode.USAGE, True)
    assert file.read_text() == ""
    file.unlink()
    assert run("report", "--p99-ms", "85", "--dry-run").code == ExitCode.REFUSED


def test_only_replicas_that_run_report(run: Run, scene: Scene, worker: Registered) -> None:
    (batch,) = scene.jobs()
    scene.run(worker, [batch])
    (waiting,) = scene.jobs(1, kind="service", indices=(0,))
    said = run("report", "--job", str(batch), "--p99-ms", "1")
    assert (said.code, "is a batch job" in said.err) == (ExitCode.REFUSED, True)
    said = run("report", "--job", str(waiting), "--p99-ms", "1")
    assert (said.code, f"job {waiting} is pending" in said.err) == (ExitCode.REFUSED, True)
    scene.reserve(worker, [waiting])
    assert f"job {waiting} is scheduled" in run("report", "--job", str(waiting), "--p99-ms", "1").err
    assert run("report", "--job", "999", "--p99-ms", "1").code == ExitCode.NOT_FOUND
    assert scene.db.value("SELECT count(*) FROM allocations WHERE reported_at IS NOT NULL") == 0


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--p99-ms nan",
        "--p99-ms inf",
        "--p99-ms -1",
        "--requests -5",
        "--violations 1",
        "--requests 1 --violations 2",
        "--p99-ms fast",
        "--requests 99999999999999999999",
    ],
)
def test_nonsense_is_refused_before_anything_is_written(run: Run, file: Path, words: str) -> None:
    said = run("report", *words.split())
    assert said.code == ExitCode.USAGE
    assert said.err.startswith("clusterctl: error: ")
    assert file.read_text() == ""


def test_who_is_no_replica_must_say_which(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLUSTERCTL_REPORT", raising=False)
    monkeypatch.delenv("CLUSTERCTL_JOB_ID", raising=False)
    said = run("report", "--p99-ms", "1")
    assert (said.code, "which replica? --job ID" in said.err) == (ExitCode.USAGE, True)
    assert "hint: `clusterctl service NAME` has IDs" in said.err
    monkeypatch.setenv("CLUSTERCTL_JOB_ID", "7")
    assert "only replicas of services report" in run("report", "--p99-ms", "1").err
