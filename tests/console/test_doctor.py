"""``doctor``: what it finds, how it tells, what it asks, and how it ends."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any, LiteralString

import pytest

from clusterctl import live
from clusterctl.cli.completion import complete_targets
from clusterctl.doctor.registry import CHECKS
from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run
from tests.console.terminal import at_a_terminal
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene


@pytest.fixture
def late(scene: Scene) -> Scene:
    """Job 1 is reserved on w1, and nobody has started it in time."""
    scene.reserve(scene.worker(), scene.jobs())
    by_hand(scene, "UPDATE allocations SET start_by = cluster_time() - interval '1 min'")
    return scene


def by_hand(scene: Scene, statement: LiteralString) -> None:
    """With the laws switched off."""
    with scene.db.transaction():
        scene.db.run("SET LOCAL session_replication_role = replica")
        assert scene.db.run(statement)


@pytest.mark.usefixtures("scene")
def test_a_healthy_cluster_ends_with_zero(run: Run) -> None:
    said = run("doctor")
    assert (said.code, said.out) == (
        ExitCode.DONE,
        "severity\tcode\tsubject\tsince\tsentence\tstuck\tfix.available\tfix.command\n",
    )
    assert "no findings" in said.err


@pytest.mark.usefixtures("late")
def test_a_finding_is_a_line_for_programs(run: Run) -> None:
    said = run("doctor")
    assert said.code == ExitCode.FAILED
    _, line = said.out.splitlines()
    severity, code, subject, since, sentence, *rest = line.split("\t")
    assert (severity, code, subject) == ("warning", "reserved_expired", "allocation:1")
    assert since.endswith("Z")
    assert "1 CPU of w1 held for job 1" in sentence
    assert rest == ["true", "true", "clusterctl doctor --fix-stuck reserved_expired allocation:1"]
    assert "`clusterctl doctor --fix-stuck` mends all of it" in said.err


@pytest.mark.usefixtures("late")
def test_json_has_the_fields_that_are_promised(run: Run) -> None:
    (finding,) = json.loads(run("doctor", "-o", "json").out)
    assert {"code", "severity", "subject", "since", "evidence", "fix"} <= finding.keys()
    assert finding["evidence"]["worker"] == "w1"
    assert finding["fix"]["available"] is True
    assert finding["fix"]["command"] == "clusterctl doctor --fix-stuck reserved_expired allocation:1"
    assert finding["stuck"] is True


@pytest.mark.usefixtures("late")
def test_people_read_a_paragraph_that_fits_and_is_not_cut(run: Run) -> None:
    said = run("doctor", "-o", "table")
    head, *lines = said.out.splitlines()
    assert head == "warning  reserved_expired  allocation:1"
    assert max(map(len, lines)) <= 80
    words = " ".join(" ".join(lines).split())
    assert "1 CPU of w1 held for job 1, which w1 (up) did not start in time" in words
    assert "clusterctl doctor --fix-stuck reserved_expired allocation:1" in words


@pytest.mark.usefixtures("late")
def test_the_wide_table_has_a_line_for_each(run: Run) -> None:
    titles, line = run("doctor", "-o", "wide").out.splitlines()
    assert titles.split() == ["SEVERITY", "CODE", "SUBJECT", "SINCE", "WHAT", "FIX"]
    assert "clusterctl doctor --fix-stuck reserved_expired allocation:1" in line


def test_the_plan_is_shown_and_nothing_done(run: Run, late: Scene) -> None:
    said = run("doctor", "--fix-stuck", "--dry-run", "-o", "table")
    assert said.code == ExitCode.FAILED
    for words in ("reserved_expired", "why", "change", "risk", "command", "job 1 waits again", "nobody has started"):
        assert words in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert late.state(1) == "scheduled"


def test_what_is_mended_is_said_and_audited(run: Run, late: Scene) -> None:
    said = run("doctor", "--fix-stuck", "--yes", "--reason", "it was time", "-o", "table")
    assert said.code == ExitCode.DONE
    assert "reserved_expired allocation:1: done: allocation 1 is released, job 1 waits again" in said.err
    assert late.state(1) == "pending"
    assert late.db.rows("SELECT verb, subject, reason FROM audit") == [
        ("mend reserved_expired", "allocation:1", "it was time")
    ]
    assert run("doctor", "--fix-stuck").code == ExitCode.DONE


def test_data_on_stdout_the_plan_on_stderr(run: Run, late: Scene) -> None:
    said = run("doctor", "--fix", "--yes", "-o", "json")
    (finding,) = json.loads(said.out)
    assert finding["outcome"] == {"fate": "done", "sentence": finding["fix"]["change"]}
    assert "risk" in said.err
    assert late.state(1) == "pending"


@pytest.mark.usefixtures("late")
def test_a_dry_run_as_data_has_no_outcome(run: Run) -> None:
    (finding,) = json.loads(run("doctor", "--fix", "--dry-run", "-o", "json").out)
    assert finding["outcome"] is None


def test_nobody_to_be_asked_means_no(run: Run, late: Scene) -> None:
    said = run("doctor", "--fix-stuck")
    assert said.code == ExitCode.REFUSED
    assert "--yes" in said.err
    assert late.state(1) == "scheduled"


@pytest.mark.parametrize("answer, state", [(b"y\n", "pending"), (b"n\n", "scheduled"), (b"\n", "scheduled")])
def test_somebody_at_a_terminal_is_shown_the_plan_and_asked(late: Scene, answer: bytes, state: str) -> None:
    code, shown = at_a_terminal(answer, "doctor", "--fix-stuck", "allocation:1")
    assert shown.index("risk") < shown.index("Mend this? [y/N]")
    assert late.state(1) == state
    assert code == (ExitCode.DONE if state == "pending" else ExitCode.REFUSED)


@pytest.mark.usefixtures("late")
def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[33mwarning\x1b[0m" in at_a_terminal(b"", "doctor")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in at_a_terminal(b"", "doctor")[1]


@pytest.mark.parametrize("target", ["job:1", "job:01", "allocation:1", "worker:w1", "reserved_expired"])
def test_a_target_is_what_a_finding_is_about(run: Run, late: Scene, target: str) -> None:
    other = late.worker("w2")
    late.reserve(other, late.jobs())
    by_hand(late, "UPDATE allocations SET start_by = cluster_time() - interval '1 min'")
    subjects = run("doctor", target, "-o", "ids").out.split()
    assert subjects == (["allocation:1", "allocation:2"] if target == "reserved_expired" else ["allocation:1"])


def test_only_what_is_meant_is_mended(run: Run, late: Scene) -> None:
    late.reserve(late.worker("w2"), late.jobs())
    by_hand(late, "UPDATE allocations SET start_by = cluster_time() - interval '1 min'")
    assert run("doctor", "--fix-stuck", "worker:w2", "--yes").code == ExitCode.DONE
    assert late.states([1, 2]) == ["scheduled", "pending"]


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("target", ["job:99", "allocation:99", "worker:nobody", "worker:\x1b[31m"])
def test_a_target_that_nobody_knows_is_not_found(run: Run, target: str) -> None:
    said = run("doctor", "--fix-stuck", target, "--yes")
    assert said.code == ExitCode.NOT_FOUND
    assert_told(said, f"no {target.partition(':')[0]}")
    assert "\x1b" not in said.err


def test_a_target_without_a_finding_is_well_and_not_to_be_mended(run: Run, late: Scene) -> None:
    late.worker("w2")
    assert run("doctor", "worker:w2").code == ExitCode.DONE
    said = run("doctor", "--fix-stuck", "worker:w2")
    assert said.code == ExitCode.REFUSED
    assert "error: nothing is to be mended for worker:w2" in said.err


@pytest.mark.parametrize(
    "words", [["nonsense"], ["job:"], ["job:x"], ["worker:"], [""], ["--dry-run"], ["reserved_expird"]]
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(run: Run, words: list[str]) -> None:
    said = run("doctor", *words)
    assert said.code == ExitCode.USAGE
    assert said.out == ""


def test_a_misspelt_code_is_guessed(run: Run) -> None:
    assert "did you mean reserved_expired?" in run("doctor", "reserved_expird").err


def test_what_only_a_person_can_mend_is_left_and_said(run: Run, scene: Scene) -> None:
    scene.run(scene.worker(), scene.jobs())
    scene.silence(20)
    said = run("doctor", "--fix-stuck", "--yes", "-o", "table")
    assert said.code == ExitCode.FAILED
    assert "by hand" in said.out
    assert "clusterctl worker w1 --confirm-dead" in said.out


def test_some_mended_and_some_left_is_partly(run: Run, late: Scene) -> None:
    late.run(late.worker("w2"), late.jobs())
    late.silence(20)
    said = run("doctor", "--fix-stuck", "--yes", "-o", "table")
    assert said.code == ExitCode.PARTLY
    assert late.states([1, 2]) == ["pending", "running"]


def test_what_another_mend_has_put_right_is_not_left(run: Run, scene: Scene) -> None:
    scene.run(scene.worker(cpus=8), scene.jobs(8))
    by_hand(scene, "UPDATE workers SET cpu_milli = 4000, allocated_milli = 4000")
    codes = [line.split("\t")[1] for line in run("doctor").out.splitlines()[1:]]
    assert codes == ["worker_oversubscribed", "counters_drift"]
    assert run("doctor", "--fix-stuck", "--yes").code == ExitCode.DONE
    assert run("doctor").code == ExitCode.DONE


@pytest.mark.usefixtures("scene")
def test_fix_stuck_leaves_what_holds_nothing_and_fix_does_not(
    run: Run, redis_url: str, redis_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERCTL_REDIS_URL", redis_url)
    monkeypatch.setenv("CLUSTERCTL_REDIS_PREFIX", redis_prefix)
    with closing(live.Connection(redis_url, redis_prefix)) as connection:
        assert live.heartbeats.write(connection, live.WorkerBeat(name="ghost", incarnation=1, at=1.0), 600)
    assert run("doctor", "--fix-stuck", "--yes").code == ExitCode.DONE
    assert run("doctor", "-o", "ids").out == "worker:ghost\n"
    assert run("doctor", "--fix", "--yes").code == ExitCode.DONE
    assert run("doctor").code == ExitCode.DONE


def test_without_postgres_nothing_is_known_and_all_of_it_named(run: Run) -> None:
    said = run("doctor")
    assert said.code == ExitCode.UNREACHABLE
    (line,) = [line for line in said.err.splitlines() if line.startswith("not checked: ")]
    assert "postgres unreachable" in line
    assert said.err.endswith("no findings among what could be checked\n")
    redis_only = {"cache_drift", "ghost_redis_worker", "redis_evicts"}  # of which there is none here
    assert all(check.code in line for check in CHECKS if check.code not in redis_only)


@pytest.mark.usefixtures("late")
def test_without_redis_the_rest_is_known(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERCTL_REDIS_URL", "redis://127.0.0.1:1/0")
    said = run("doctor", "-o", "ids")
    assert (said.code, said.out) == (ExitCode.UNREACHABLE, "allocation:1\n")
    assert "not checked: redis unreachable" in said.err
    assert "cache_drift, ghost_redis_worker, redis_evicts" in said.err
    assert run("doctor", "--fix-stuck", "--yes").code == ExitCode.UNREACHABLE


def test_status_counts_the_findings(run: Run, late: Scene) -> None:
    found = json.loads(run("status", "-o", "json").out)["findings"]
    assert found == {"critical": 0, "warning": 1, "info": 0}
    assert "1 warning: `clusterctl doctor` tells" in run("status").out
    assert run("doctor", "--fix-stuck", "--yes").code == ExitCode.DONE
    assert "findings" not in run("status").out
    late.check()


def test_status_without_postgres_counts_nothing(run: Run) -> None:
    assert json.loads(run("status", "-o", "json").out)["findings"] is None


def test_a_hostile_command_name_is_only_shown(run: Run, scene: Scene) -> None:
    scene.worker()
    by_hand(scene, "UPDATE workers SET allocated_milli = 1000")
    said = run("doctor", "--fix", "--dry-run", "-o", "table")
    assert "\x1b" not in said.out + said.err


def test_every_code_can_be_completed() -> None:
    from clusterctl.cli import root
    from clusterctl.cli.invocation import Invocation

    command = root.console()
    ctx: Any = command.context_class(command, info_name="clusterctl", obj=Invocation())
    offered = {word for word, _ in complete_targets(ctx, "")}
    assert {check.code for check in CHECKS} <= offered
    assert [word for word, _ in complete_targets(ctx, "ghost")] == ["ghost_redis_worker"]


def test_help_begins_with_examples(run: Run) -> None:
    said = run("doctor", "--help")
    assert said.out.index("clusterctl doctor --fix-stuck job:42") < said.out.index("--dry-run  ")
