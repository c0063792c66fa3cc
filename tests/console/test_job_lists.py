"""``submit --from``: many jobs out of one file, all of them or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run
from tests.console.terminal import at_a_terminal
from tests.console.test_bad_input import assert_told
from tests.console.test_submit import spec_of, typed
from tests.store.scene import Scene


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """A file in the current directory."""
    return tmp_path / "jobs"


def count(scene: Scene) -> int:
    """How many jobs there are."""
    return int(scene.db.value("SELECT count(*) FROM jobs"))


def test_each_line_is_a_command_of_the_shell(run: Run, scene: Scene, jobs: Path) -> None:
    jobs.write_text("# a comment\n\n./run --seed 1 > out/1\n   # another\n/usr/bin/sort in | uniq\n{ echo a; echo b; }")
    assert run("submit", "--from", "jobs", "--cpus", "2", "--tenant", "t").out == "Submitted 3 jobs 1-3\n"
    assert spec_of(scene, 1).command == ("/bin/sh", "-c", "./run --seed 1 > out/1")
    assert spec_of(scene, 3).command == ("/bin/sh", "-c", "{ echo a; echo b; }")
    rows = scene.db.rows("SELECT name, cpu_milli, tenant FROM jobs ORDER BY id")
    assert rows == [("run", 2000, "t"), ("sort", 2000, "t"), ("{", 2000, "t")]


def test_a_json_line_says_what_the_command_line_would(run: Run, scene: Scene, jobs: Path) -> None:
    wishes = {
        "command": ["make", "-j4"], "cpus": 0.5, "memory": "1.5G", "gpus": 2, "time-limit": "2:30", "priority": "high",
        "tenant": "t", "retries": 3, "label": {"disk": "ssd", "n": 4}, "worker": "w9", "hold": True,
        "on_worker_loss": "wait", "lease": "1h", "env": {"A": 1, "B": "x=y"}, "cwd": "sub", "stdout": "%j.out",
        "stderr": "e.out", "name": "n", "export": "NONE", "after": ["1:any"], "key": "k", "array": None,
    }  # fmt: skip
    assert run("submit", "--hold", "sleep", "1").code == 0
    jobs.write_text(json.dumps(wishes) + '\n{"command": "echo $A", "env": ["A=2"], "array": [3, 5]}\n')
    assert run("submit", "--from", "jobs", "--parsable").out == "2-4\n"
    row = scene.db.row(
        "SELECT name, cpu_milli, memory_mb, gpus, time_limit_s, priority, tenant, retries, labels, requested_worker,"
        " state, on_worker_loss, lease_s, unmet FROM jobs WHERE id = 2"
    )
    labels = {"disk": "ssd", "n": "4"}
    assert row == ("n", 500, 1536, 2, 150, 75, "t", 3, labels, "w9", "held", "wait", 3600, 1)
    spec = spec_of(scene, 2)
    assert (spec.command, spec.env, Path(spec.cwd).name) == (("make", "-j4"), {"A": "1", "B": "x=y"}, "sub")
    assert (spec_of(scene, 3).command, spec_of(scene, 3).env) == (("/bin/sh", "-c", "echo $A"), {"A": "2"})
    assert scene.db.rows("SELECT array_id, array_index FROM jobs WHERE id > 2 ORDER BY id") == [(3, 3), (3, 5)]


def test_a_line_goes_before_the_command_line_and_that_before_a_script(run: Run, scene: Scene, jobs: Path) -> None:
    jobs.with_name("x.sh").write_text("#!/bin/sh\n#CC --cpus 2 --memory 2G --retries 2 --env A=1\n")
    jobs.write_text(
        '{"command": ["./x.sh", "7"], "cpus": 4, "env": {"A": 4}}\n{"command": ["./x.sh", "8"], "hold": false}\n'
    )
    assert run("submit", "--from", "jobs", "--cpus", "3", "--memory", "3G", "--hold").code == 0
    rows = scene.db.rows("SELECT cpu_milli, memory_mb, retries, state FROM jobs ORDER BY id")
    assert rows == [(4000, 3072, 2, "held"), (3000, 3072, 2, "pending")]
    assert [spec_of(scene, job).command for job in (1, 2)] == [("7",), ("8",)]
    assert [spec_of(scene, job).env for job in (1, 2)] == [{"A": "4"}, {"A": "1"}]


def test_a_list_comes_from_standard_input(run: Run, scene: Scene, tmp_path: Path) -> None:
    with typed(tmp_path, b"echo 1\r\necho 2\r\n"):
        assert run("submit", "--from", "-").code == 0
    assert [spec_of(scene, job).command[-1] for job in (1, 2)] == ["echo 1", "echo 2"]


def test_a_list_under_a_key_may_be_handed_in_again(run: Run, scene: Scene, jobs: Path) -> None:
    jobs.write_text("echo 1\n# no job\necho 2\n")
    first = run("submit", "--from", "jobs", "--key", "night")
    again = run("submit", "--from", "jobs", "--key", "night")
    assert first.out == again.out == "Submitted 2 jobs 1-2\n"
    assert "submitted before, under the same key" in again.err
    assert scene.db.rows("SELECT key FROM submissions ORDER BY id") == [("night/1",), ("night/3",)]
    jobs.write_text("echo 1\n# no job\necho 2\necho 3\n")
    longer = run("submit", "--from", "jobs", "--key", "night", "--parsable")
    assert longer.out == "1-3\n"
    assert "2 of them submitted before, under the same key" in longer.err
    jobs.write_text("echo other\n")
    assert_told(run("submit", "--from", "jobs", "--key", "night"), "night/1")
    assert count(scene) == 3


def test_ten_thousand_jobs_are_one_call(run: Run, scene: Scene, jobs: Path) -> None:
    jobs.write_text(
        "".join(f'{{"command": ["run", "{number}"], "cpus": {number % 7 + 1}}}\n' for number in range(10_000))
    )
    assert run("submit", "--from", "jobs").out == "Submitted 10000 jobs 1-10000\n"
    assert scene.db.row("SELECT count(*), count(DISTINCT submission_id), count(DISTINCT xmin::text) FROM jobs") == (
        10_000,
        10_000,
        1,
    )


def test_many_kinds_of_jobs_are_warned_of_a_few_times(run: Run, scene: Scene, jobs: Path) -> None:
    scene.worker(cpus=4)
    jobs.write_text("".join(f'{{"command": "x", "cpus": {number}}}\n' for number in range(1, 100)))
    said = run("submit", "--from", "jobs")
    assert said.code == 0
    assert 1 <= said.err.count("warning: ") <= 5


@pytest.mark.parametrize(
    "content, word",
    [
        ('{"command": "x"}\n{"command": "x", "cpu": 4}\n', "jobs, line 2: unknown field 'cpu'"),
        ('{"command": "x", "wait": true}', "jobs, line 1: unknown field 'wait'"),
        ('{"command": "x", "from": "y"}', "jobs, line 1: unknown field 'from'"),
        ('{"command": "x"}\n\necho hello\n', "jobs, line 3: not a JSON object"),
        ('{"command": "x"\n', "jobs, line 1: not a JSON object"),
        ('{"command": "x"}\n["x"]\n', "jobs, line 2: not a JSON object"),
        ('{"cpus": 4}', "jobs, line 1: command is a text for a shell, or a list of words"),
        ('{"command": []}', "command is a text"),
        ('{"command": ["sleep", 5]}', "command is a text"),
        ('{"command": ""}', "the command is empty"),
        ('{"command": ["-"]}', "cannot come from standard input"),
        ('{"command": ["no.sh"]}', "jobs, line 1: no script"),
        ('{"command": "x", "cpus": "many"}', "'--cpus': 'many' is not a number of CPUs"),
        ('{"command": "x", "cpus": [1, 2]}', "cpus is one value"),
        ('{"command": "x", "cpus": {"a": 1}}', "cpus is one value"),
        ('{"command": "x", "cpus": true}', "cpus is a text or a number"),
        ('{"command": "x", "hold": "yes"}', "hold is true or false"),
        ('{"command": "x", "env": {"A": {}}}', "env is a text or a number"),
        ('{"command": "x", "env": "A"}', "jobs, line 1: "),
        ('{"command": "x", "tenant": "a/b"}', "jobs, line 1: "),
        ('{"command": "x", "name": "a\\u0000b"}', "jobs, line 1: name holds a NUL byte"),
        ('{"command": "x", "name": "\\ud800"}', "jobs, line 1: "),
        ('{"command": "x", "key": ""}', "--key is empty"),
        ('{"command": "x", "key": "k"}\n{"command": "x", "key": "k"}\n', "a key is used twice"),
        ("{}", "command is a text"),
        ("", "jobs is empty"),
        ("# nothing\n\n", "no jobs in jobs"),
        ('{"command": "x", "array": "0-99999"}\n{"command": "x"}\n', "100,001 jobs: at most 100,000"),
        ("x\n" * 100_001, "at most 100,000"),
        ("x" * 200_000, "jobs, line 1: an argument is longer than 128 KiB"),
        ("x\n" * (8 << 20), "15 MiB"),
        ("x\n" * 95_000, "together it is larger than 15 MiB"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_a_list_with_a_fault_is_refused_and_names_the_line(run: Run, jobs: Path, content: str, word: str) -> None:
    jobs.write_text(content)
    said = run("submit", "--from", "jobs")
    assert said.code == ExitCode.USAGE, said.err
    assert_told(said, word)


def test_one_line_that_is_refused_keeps_all_out(run: Run, scene: Scene, jobs: Path) -> None:
    jobs.write_text('{"command": "x"}\n{"command": "x", "after": 404}\n')
    said = run("submit", "--from", "jobs")
    assert said.code == ExitCode.NOT_FOUND
    assert_told(said, "404")
    assert count(scene) == 0


def test_a_dry_run_of_a_list_submits_nothing(run: Run, scene: Scene, jobs: Path) -> None:
    jobs.write_text("echo 1\necho 2\n")
    said = run("submit", "--from", "jobs", "--dry-run")
    assert said.code == 0
    assert "would submit 2 jobs" in said.err
    assert count(scene) == 0


def test_a_misspelt_field_is_guessed(run: Run, jobs: Path) -> None:
    jobs.write_text('{"command": "x", "memroy": 4}\n')
    assert "hint: did you mean memory?" in run("submit", "--from", "jobs").err


def test_what_cannot_be_exported_is_said_once(run: Run, scene: Scene, jobs: Path) -> None:
    jobs.write_text("echo 1\necho 2\necho 3\n")
    assert run("submit", "--from", "jobs", "--export", "ABSENT").err.count("ABSENT") == 1


def test_on_a_terminal_a_long_list_shows_how_far_it_is_read(run: Run, jobs: Path) -> None:
    jobs.write_text("echo 1\n" * 5000)
    code, shown = at_a_terminal(b"", "submit", "--from", str(jobs))
    assert code == ExitCode.UNREACHABLE
    assert "lines read" in shown
    assert "/5000" in shown
    assert "lines read" not in run("submit", "--from", "jobs").err
