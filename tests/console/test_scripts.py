"""``submit script.sh``: what the script says of itself, beneath what the command line says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clusterctl.model.exits import ExitCode
from tests.console.conftest import Run
from tests.console.test_bad_input import assert_told
from tests.console.test_submit import spec_of
from tests.store.scene import Scene


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A script in the current directory."""
    return tmp_path / "job.sh"


def write(script: Path, *lines: str) -> None:
    """Those lines at its top, and then something to do."""
    script.write_text("\n".join(["#!/bin/bash", *lines, "echo done", "#CC --cpus 99", ""]))


def wishes_of(scene: Scene, job: int = 1) -> tuple[object, ...]:
    """CPUs in thousandths, memory, priority, retries, tenant and name of a job."""
    row = scene.db.row("SELECT cpu_milli, memory_mb, priority, retries, tenant, name FROM jobs WHERE id = %s", job)
    assert row
    return row


def test_a_script_says_its_options_itself(run: Run, scene: Scene, script: Path) -> None:
    write(script, "#CC --cpus 2 --memory 1G", "", "#CC --priority high --retries 3 # often", "#CC --name 'my job'")
    assert run("submit", "job.sh").code == 0
    assert wishes_of(scene) == (2000, 1024, 75, 3, "default", "my job")


def test_the_command_line_goes_before_cc_and_that_before_sbatch(run: Run, scene: Scene, script: Path) -> None:
    write(script, "#CC --cpus 2 --tenant cc", "#SBATCH -c 3 --mem=3G -A sbatch -J slurm", "#CC --memory 2G")
    assert run("submit", "--cpus", "1", "job.sh").code == 0
    assert wishes_of(scene) == (1000, 2048, 50, 0, "cc", "slurm")


def test_saying_the_default_on_the_command_line_is_saying_it(run: Run, scene: Scene, script: Path) -> None:
    write(script, "#SBATCH -c 3 --mem=3G --export=NONE", "#CC --priority 70 --retries 2")
    argv = ["--cpus", "1", "--memory", "0", "--priority", "medium", "--retries", "0"]
    assert run("submit", *argv, "job.sh").code == 0
    assert wishes_of(scene)[:4] == (1000, 0, 50, 0)


def test_variables_and_labels_of_all_places_are_taken_together(run: Run, scene: Scene, script: Path) -> None:
    write(script, "#SBATCH -p long --export=A=1,B=1", "#CC --env B=2 --env C=2 --label disk=ssd --after 1")
    run("submit", "true")
    run("submit", "true")
    argv = ["--env", "C=3", "--env", "D=3", "--label", "partition=short", "--after", "2"]
    assert run("submit", *argv, "job.sh").code == 0
    env = spec_of(scene, 3).env
    assert {name: env[name] for name in "ABCD"} == {"A": "1", "B": "2", "C": "3", "D": "3"}
    assert scene.db.value("SELECT labels FROM jobs WHERE id = 3") == {"partition": "short", "disk": "ssd"}
    assert scene.db.rows("SELECT parent_id FROM dependencies") == [(2,)]  # not also what the script said


def test_a_script_may_ask_for_an_array_to_be_held_and_to_be_parsable(run: Run, scene: Scene, script: Path) -> None:
    write(script, "#CC --array 0-4%2 --hold", "#SBATCH --parsable")
    assert run("submit", "job.sh").out == "1-5\n"
    assert scene.db.row("SELECT count(*), max(array_limit) FROM jobs WHERE state = 'held'") == (5, 2)
    assert run("submit", "--array", "7", "job.sh").out == "6\n"


def test_a_script_for_sbatch_takes_the_environment_along(
    run: Run, scene: Scene, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "yes")
    monkeypatch.setenv("BROKEN", "\udcff")
    write(script, "#SBATCH -n 1")
    said = run("submit", "job.sh")
    assert spec_of(scene).env["MINE"] == "yes"
    assert "BROKEN" not in said.err  # nobody has asked for it
    assert run("submit", "--export", "NONE", "job.sh").code == 0
    assert "MINE" not in spec_of(scene, 2).env
    write(script, "#CC --cpus 1")
    assert run("submit", "job.sh").code == 0
    assert (spec_of(scene, 3).env, spec_of(scene, 3).slurm) == ({}, False)


def test_a_script_for_sbatch_knows_where_it_was_submitted(run: Run, scene: Scene, script: Path, tmp_path: Path) -> None:
    write(script, "#SBATCH -D /tmp")
    assert run("submit", "job.sh").code == 0
    spec = spec_of(scene)
    assert (spec.cwd, spec.env["SLURM_SUBMIT_DIR"], spec.slurm) == ("/tmp", str(tmp_path), True)


def test_what_is_not_understood_is_warned_of_and_the_job_is_in(
    run: Run, scene: Scene, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # Slurm may be installed on the machine of the tests
    scene.worker()
    write(script, "#SBATCH --mail-type=END", "#SBATCH -c 1")
    script.write_text(script.read_text() + "srun ./x\n")
    said = run("submit", "job.sh")
    assert (said.code, said.out) == (0, "Submitted job 1\n")
    assert said.err.splitlines() == [
        "warning: job.sh, line 2: #SBATCH --mail-type is not understood",
        "warning: job.sh calls srun, which is part of Slurm and not here",
    ]


@pytest.mark.parametrize(
    "line, word",
    [
        ("#SBATCH --mem=much", "job.sh, line 2: #SBATCH --mem: 'much' is not an amount of memory"),
        ("#SBATCH -J 'a", "job.sh, line 2: a quotation that does not end: 'a"),
        ("#CC --cpus none", "job.sh, line 2: #CC: "),
        ("#CC --replicas many", "job.sh, line 2: #CC: Invalid value for '--replicas'"),
        ("#CC --reason why", "--reason can only be said on the command line"),
        ("#CC --cpus", "--cpus"),
        ("#CC hello", "job.sh, line 2: #CC: 'hello' is no option"),
        ("#CC --cpus 2 -- true", "job.sh, line 2: #CC: 'true' is no option"),
        ("#CC --from x", "job.sh, line 2: #CC: --from can only be said on the command line"),
        ("#CC --wrap x", "--wrap can only be said on the command line"),
        ("#CC --dry-run", "--dry-run can only be said on the command line"),
        ("#CC --database-url x", "--database-url can only be said on the command line"),
        ("#CC --help", "--help can only be said on the command line"),
        ("#CC --tenant a/b", "job.sh, line 2: #CC: "),
        ("#CC --array 0-9 --follow", "--follow"),
        ("#CC --key=", "--key is empty"),
    ],
)
def test_nonsense_in_a_directive_is_named_with_its_line(run: Run, script: Path, line: str, word: str) -> None:
    write(script, line)
    said = run("submit", "job.sh")
    assert said.code == ExitCode.USAGE
    assert_told(said, word)


def test_a_directive_of_a_script_without_a_first_line_has_its_own_number(run: Run, script: Path) -> None:
    script.write_text("#SBATCH -c none\necho\n")
    assert_told(run("submit", "job.sh"), "job.sh, line 1: #SBATCH -c")


@pytest.mark.parametrize(
    "content, word",
    [
        (b"#!/bin/sh\r\n#SBATCH -c 4\r\necho\r\n", "has DOS line ends"),
        (b"\xef\xbb\xbf#!/bin/sh\n#SBATCH -c 4\n", "byte order mark"),
        (b"#!/bin/sh\n#SBATCH -J a\0b\n", "binary"),
        (b"#!/bin/sh\n#SBATCH -J \xed\xa0\x80\n", "binary"),
        (b"#!/bin/sh\n#SBATCH -J " + b"x" * (10 << 20), "larger than 1 MiB"),
    ],
    ids=["dos", "bom", "nul", "surrogate", "a line of ten megabytes"],
)
@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_hostile_script_is_refused(run: Run, script: Path, content: bytes, word: str, mode: int) -> None:
    script.write_bytes(content)
    script.chmod(mode)
    said = run("submit", "job.sh")
    assert said.code == ExitCode.USAGE
    assert_told(said, word)


def test_ten_thousands_of_words_that_mean_nothing_are_a_few_lines(run: Run, script: Path) -> None:
    script.write_text("#!/bin/sh\n#SBATCH " + "a " * 200_000 + " ".join(f"--x{number}" for number in range(50_000)))
    said = run("submit", "job.sh")
    assert said.code == ExitCode.UNREACHABLE
    assert said.err.count("#SBATCH a is not understood") == 1
    assert "warning: job.sh: 49,991 more lines or options that are not understood\n" in said.err
    assert len(said.err.splitlines()) == 13


def test_a_pipe_or_a_directory_for_a_script_is_refused_at_once(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sh")
    (tmp_path / "folder.sh").mkdir()
    assert_told(run("submit", "pipe.sh"), "no regular file")
    assert_told(run("submit", "folder.sh"), "is a directory")


def test_an_option_that_nobody_knows_is_a_warning(run: Run, scene: Scene, script: Path) -> None:
    write(script, "#CC --nonsense 3 --cpus 2", "#CC -x3 --colour=blue --flag --memory 1G --env A=--nonsense")
    said = run("submit", "job.sh")
    assert (said.code, said.out) == (0, "Submitted job 1\n")
    unknown = [(2, "--nonsense"), (3, "-x"), (3, "--colour"), (3, "--flag")]
    expected = [f"warning: job.sh, line {line}: #CC {option} is not understood" for line, option in unknown]
    assert said.err.splitlines()[:4] == expected
    assert wishes_of(scene)[:2] == (2000, 1024)


def test_of_many_options_that_nobody_knows_the_first_are_warned_of(run: Run, scene: Scene, script: Path) -> None:
    write(script, *(f"#CC --what{number}" for number in range(30)))
    lines = run("submit", "job.sh").err.splitlines()
    assert sum(line.endswith("is not understood") for line in lines) == 10
    assert "warning: job.sh: 20 more lines or options that are not understood" in lines
