"""``submit``: what stands on the command line is what the worker will be asked to do."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from clusterctl.model.exits import ExitCode
from clusterctl.model.spec import Spec
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.store.scene import Scene


@contextmanager
def typed(tmp_path: Path, content: bytes) -> Iterator[None]:
    """Something comes in: standard input is a file of *content*."""
    path = tmp_path / "typed"
    path.write_bytes(content)
    with path.open("rb") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", file)
        yield


def spec_of(scene: Scene, job: int = 1) -> Spec:
    """What was kept of the job's command and surroundings."""
    row = scene.db.row(
        "SELECT s.spec::text, s.script FROM submissions s JOIN jobs j ON j.submission_id = s.id WHERE j.id = %s", job
    )
    assert row is not None
    spec = msgspec.json.decode(row[0], type=Spec)
    return msgspec.structs.replace(spec, script=row[1]) if row[1] else spec


def test_a_command_becomes_a_job_of_mine_here(run: Run, scene: Scene, tmp_path: Path) -> None:
    scene.worker()
    said = run("submit", "echo", "hello")
    assert (said.code, said.out, said.err) == (0, "Submitted job 1\n", "")
    assert spec_of(scene) == Spec(command=("echo", "hello"), cwd=str(tmp_path))
    row = scene.db.row('SELECT name, "user", cpu_milli, memory_mb, priority, retries, lease_s, state FROM jobs')
    assert row == ("echo", pwd.getpwuid(os.getuid()).pw_name, 1000, 0, 50, 0, 900, "pending")


def test_every_wish_is_kept(run: Run, scene: Scene) -> None:
    first = "submit --hold sleep 1"
    line = (
        "submit --name n --cpus 0.5 --memory 1.5G --gpus 2 --time-limit 2:30 --priority high --tenant t --retries 3"
        " --label disk=ssd --label a=b --worker w9 --hold --on-worker-loss wait --lease 1h --after 1:any"
        " --env A=1 --env B=x=y --cwd sub --stdout %j.out --stderr e.out -- make --cpus 9 -j4"
    )
    assert run(*first.split()).code == 0
    assert run(*line.split()).code == 0
    row = scene.db.row(
        "SELECT name, cpu_milli, memory_mb, gpus, time_limit_s, priority, tenant, retries, labels, requested_worker,"
        " state, on_worker_loss, lease_s, unmet FROM jobs WHERE id = 2"
    )
    labels = {"disk": "ssd", "a": "b"}
    assert row == ("n", 500, 1536, 2, 150, 75, "t", 3, labels, "w9", "held", "wait", 3600, 1)
    spec = spec_of(scene, 2)
    assert spec.command == ("make", "--cpus", "9", "-j4")
    assert spec.env == {"A": "1", "B": "x=y"}
    assert (Path(spec.cwd).name, spec.stdout, spec.stderr) == ("sub", "%j.out", "e.out")


def test_an_empty_name_is_none(run: Run, scene: Scene) -> None:
    assert run("submit", "--name", "", "sleep", "1").code == 0
    assert scene.db.value("SELECT name FROM jobs") == "sleep"


def test_a_lease_that_no_sync_could_keep_alive_is_refused(run: Run, scene: Scene) -> None:
    said = run("submit", "--lease", "2s", "true")
    assert said.code == ExitCode.USAGE
    assert_told(said, "lease (2s) must be at least")
    assert scene.db.value("SELECT count(*) FROM jobs") == 0


def test_memory_defaults_to_the_setting(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERCTL_DEFAULT_MEMORY", "2G")
    run("submit", "true")
    run("submit", "--memory", "0", "true")
    assert scene.db.rows("SELECT memory_mb FROM jobs ORDER BY id") == [(2048,), (0,)]


def test_an_array_is_told_by_its_range(run: Run, scene: Scene) -> None:
    assert run("submit", "--array", "0-99%8", "true").out == "Submitted 100 jobs 1-100 (array 1)\n"
    assert run("submit", "--array", "3", "true").out == "Submitted 1 job 101 (array 101)\n"
    assert scene.db.row("SELECT max(array_index), max(array_limit) FROM jobs") == (99, 8)


def test_parsable_prints_what_other_commands_take(run: Run, scene: Scene) -> None:
    assert run("submit", "--parsable", "true").out == "1\n"
    numbers = run("submit", "--parsable", "--array", "0-3", "true").out
    assert numbers == "2-5\n"
    assert run("jobs", numbers.strip(), "-o", "ids").out.split() == ["2", "3", "4", "5"]
    assert run("submit", "--after", numbers.strip(), "true").code == 0
    assert scene.db.value("SELECT unmet FROM jobs WHERE id = 6") == 4


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_script_is_sent_along_with_its_arguments(run: Run, scene: Scene, tmp_path: Path, mode: int) -> None:
    script = tmp_path / "train.sh"
    script.write_text("#!/bin/sh\necho $1\n")
    script.chmod(mode)
    assert run("submit", "train.sh", "--epochs", "3").code == 0
    script.write_text("changed afterwards")
    spec = spec_of(scene)
    assert (spec.script, spec.command) == ("#!/bin/sh\necho $1\n", ("--epochs", "3"))
    assert scene.db.value("SELECT name FROM jobs") == "train.sh"


def test_a_script_without_a_first_line_is_the_shells(run: Run, scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "plain.sh").write_text("echo hello\n")
    assert run("submit", "plain.sh").code == 0
    assert spec_of(scene).script == "#!/bin/sh\necho hello\n"


def test_programs_are_not_sent_along(run: Run, scene: Scene, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF\0")
    program.chmod(0o755)
    (tmp_path / "ls").write_text("a file that is called like a command\n")
    for word in ("./program", "ls", "/opt/only/on/the/worker"):
        assert run("submit", word).code == 0
    assert [spec_of(scene, job).command for job in (1, 2, 3)] == [("./program",), ("ls",), ("/opt/only/on/the/worker",)]
    assert [spec_of(scene, job).script for job in (1, 2, 3)] == [None, None, None]


def test_only_what_is_exported_goes_along(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "yes")
    monkeypatch.setenv("CLUSTERCTL_LOG_LEVEL", "debug")
    monkeypatch.setenv("BROKEN", "\udcff")
    for export in ("NONE", "ALL", "MINE,ABSENT", "CLUSTERCTL_LOG_LEVEL"):
        assert run("submit", "--export", export, "--env", "GIVEN=1", "true").code == 0
    none, every, named, ours = (spec_of(scene, job).env for job in (1, 2, 3, 4))
    assert none == {"GIVEN": "1"}
    assert every["MINE"] == "yes"
    assert "BROKEN" not in every
    assert not [name for name in every if name.startswith("CLUSTERCTL_")]
    assert named == {"MINE": "yes", "GIVEN": "1"}
    assert ours == {"CLUSTERCTL_LOG_LEVEL": "debug", "GIVEN": "1"}
    assert "ABSENT" in run("submit", "--export", "ABSENT", "true").err


def test_what_an_outer_job_was_told_of_itself_does_not_go_along(
    run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "7")
    monkeypatch.setenv("BASH_FUNC_module%%", "() {  eval `modulecmd bash $*`\n}")
    assert run("submit", "--export", "ALL", "true").code == 0
    env = spec_of(scene).env
    assert "SLURM_ARRAY_TASK_ID" not in env
    assert env["BASH_FUNC_module%%"].startswith("() {")


def test_a_script_comes_from_standard_input(run: Run, scene: Scene, tmp_path: Path) -> None:
    with typed(tmp_path, b"#!/bin/sh\n#CC --cpus 3\necho $1\n"):
        assert run("submit", "-", "hello").code == 0
    spec = spec_of(scene)
    assert (spec.script, spec.command) == ("#!/bin/sh\n#CC --cpus 3\necho $1\n", ("hello",))
    assert scene.db.row("SELECT name, cpu_milli FROM jobs") == ("stdin", 3000)


@pytest.mark.parametrize("content, word", [(b"", "empty"), (b"x" * (1 << 20) + b"x", "1 MiB"), (b"a\0", "binary")])
def test_a_script_of_standard_input_that_is_none_is_refused(
    run: Run, tmp_path: Path, content: bytes, word: str
) -> None:
    with typed(tmp_path, content):
        said = run("submit", "-")
    assert said.code == ExitCode.USAGE
    assert_told(said, word, "standard input" if word != "1 MiB" else "script")


def test_what_is_wrapped_is_the_shells(run: Run, scene: Scene) -> None:
    assert run("submit", "--wrap", "sort in | uniq > out").code == 0
    assert spec_of(scene).command == ("/bin/sh", "-c", "sort in | uniq > out")
    assert scene.db.value("SELECT name FROM jobs") == "wrap"


@pytest.mark.parametrize(
    "argv, word",
    [
        (["--wrap", "x", "true"], "COMMAND and --wrap do not go together"),
        (["--from", "x", "--wrap", "y"], "--wrap and --from do not go together"),
        (["--wrap", " "], "the command is empty"),
        (["--wrap="], "the command is empty"),
    ],
)
def test_there_is_one_thing_to_run(run: Run, argv: list[str], word: str) -> None:
    said = run("submit", *argv)
    assert said.code == ExitCode.USAGE
    assert_told(said, word)


def test_an_array_has_a_job_for_each_line_of_a_file(run: Run, scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "inputs").write_bytes(b"a b.txt\n\n$HOME %j {line}\r\nlast")
    assert run("submit", "--array", "@inputs%2", "--", "gzip").out == "Submitted 4 jobs 1-4 (array 1)\n"
    rows = scene.db.rows("SELECT array_index, array_line, array_limit FROM jobs ORDER BY id")
    assert rows == [(0, "a b.txt", 2), (1, "", 2), (2, "$HOME %j {line}", 2), (3, "last", 2)]
    with typed(tmp_path, b"x\ny\n"):
        assert run("submit", "--parsable", "--array", "@-", "gzip").out == "5-6\n"


@pytest.mark.parametrize(
    "content, array, word",
    [
        (None, "@missing", "cannot read missing: No such file"),
        (None, "@", "the name of a file"),
        (None, "@.", "Is a directory"),
        (b"", "@lines", "lines is empty"),
        (b"\n\n", "@lines", "lines is empty"),
        (b"a\n\xff\n", "@lines", "lines, line 2 is not valid UTF-8"),
        (b"a\nb\0\n", "@lines", "lines, line 2 holds a NUL byte"),
        (b"a\n", "@lines%0", "how many may run at once"),
        (b"x\n" * 100_001, "@lines", "100,000 jobs"),
        (b"x" * (16 << 20), "@lines", "15 MiB"),
        (b"x" * 131_072, "@lines", "128 KiB"),
    ],
)
def test_a_file_that_no_array_can_be_made_of_is_refused(
    run: Run, tmp_path: Path, content: bytes | None, array: str, word: str
) -> None:
    if content is not None:
        (tmp_path / "lines").write_bytes(content)
    said = run("submit", "--array", array, "true")
    assert said.code == ExitCode.USAGE
    assert_told(said, word)


def test_the_same_key_is_the_same_job(run: Run, scene: Scene) -> None:
    first = run("submit", "--key", "k", "true")
    again = run("submit", "--key", "k", "true")
    assert first.out == again.out == "Submitted job 1\n"
    assert "before" in again.err
    other = run("submit", "--key", "k", "false")
    assert other.code == ExitCode.REFUSED
    assert_told(other, "k")


def test_an_unknown_dependency_is_not_found(run: Run, scene: Scene) -> None:
    said = run("submit", "--after", "99", "true")
    assert said.code == ExitCode.NOT_FOUND
    assert_told(said, "99")


def test_what_no_worker_could_hold_is_taken_with_a_warning(run: Run, scene: Scene) -> None:
    scene.worker(cpus=4)
    said = run("submit", "--cpus", "100", "true")
    assert (said.code, said.out) == (0, "Submitted job 1\n")
    assert said.err.startswith("warning: ")
    assert run("submit", "true").err == ""


def test_a_dry_run_submits_nothing(run: Run, scene: Scene) -> None:
    said = run("submit", "--dry-run", "--array", "0-9", "true")
    assert said.code == 0
    assert "would submit an array of 10 jobs" in said.err
    assert run("submit", "--dry-run", "--after", "1", "true").code == ExitCode.NOT_FOUND
    assert scene.db.value("SELECT count(*) FROM jobs") == 0


def test_a_name_with_escapes_is_kept_as_it_is_and_shown_harmless(run: Run, scene: Scene) -> None:
    name = "\x1b]0;owned\x07[bold]x[/bold]"
    assert run("submit", "--name", name, "true").code == 0
    for argv in (["jobs", "-o", "table"], ["jobs", "-o", "wide"], ["jobs", "-o", "tsv"], ["job", "1"]):
        out = run(*argv).out
        assert "\x1b" not in out
        assert "\x07" not in out
        assert "\\e]0;" in out
    (job,) = msgspec.json.decode(run("jobs", "-o", "json").out)
    assert job["name"] == name
