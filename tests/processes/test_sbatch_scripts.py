"""Scripts that were written for sbatch run unchanged: a dozen kinds of them, on a cluster of `up`."""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.console import PROGRAM, Console
from tests.until import until

SCRIPTS = Path(__file__).parent / "sbatch"
FUNCTION = {"BASH_FUNC_answer%%": "() { echo 42; }"}

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("sbatch")]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A cluster for all of them: one worker of two CPUs, of the partition `short`."""
    found = Console(tmp_path_factory.mktemp("sbatch") / "home", SITE_NAME="the lab", **FUNCTION)
    up = found.run("up", "--detach", "--workers", "1", "--cpus", "2", "--memory", "512M")
    assert up.returncode == 0, up.stderr
    assert found.run("label", "w1", "partition=short").returncode == 0
    yield found
    found.run("down")


class Directory:
    """Where somebody works: a directory with the scripts in it."""

    def __init__(self, path: Path, console: Console) -> None:
        self.path = path
        self._env = console.env
        for script in SCRIPTS.iterdir():
            shutil.copy(script, path)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours here."""
        return subprocess.run(
            [*PROGRAM, *words],
            env=self._env,
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def submit(self, *words: str, warnings: int = 0) -> str:
        """Submit, and wait until it has ended well; the selector of what was submitted."""
        said = self.run("submit", "--parsable", *words)
        assert said.returncode == 0, said.stderr
        assert said.stderr.count("warning: ") == warnings, said.stderr
        selector = said.stdout.strip()
        ended = self.run("wait", selector, "--timeout", "80s")
        assert ended.returncode == 0, (ended.stderr, self.run("logs", selector).stdout)
        return selector

    def job(self, selector: str) -> dict[str, Any]:
        """What is known of it."""
        found: dict[str, Any] = json.loads(self.run("job", selector, "-o", "json").stdout)
        return found

    def text(self, name: str) -> str:
        """What is in that file."""
        return (self.path / name).read_text()


@pytest.fixture
def here(tmp_path: Path, console: Console) -> Directory:
    """A directory of the test's own."""
    return Directory(tmp_path, console)


def test_an_array_writes_a_file_for_each_task_and_another_reduces_them(here: Directory) -> None:
    parts = here.submit("sweep.sh", warnings=2)
    first = parts.split("-")[0]
    for index in range(1, 6):
        assert here.text(f"out_{first}_{index}.log") == f"task {index} of 5 (1-5)\n"
        assert here.text(f"err_{first}_{index:03}.log") == "warning from sweep\n"
    reduce = here.submit("--after", parts, "reduce.sh")
    assert here.text(f"reduce-{reduce}.out") == f"total=55 job={reduce}\n"


def test_the_environment_goes_along_functions_of_bash_too(here: Directory) -> None:
    here.submit("export.sh")
    assert here.text("export.out") == "hello from the lab, 42\n"


def test_a_script_may_ask_how_often_it_was_started(here: Directory) -> None:
    here.submit("requeue.sh", warnings=1)
    assert here.text("requeue.out") == "from the start\n"


def test_limits_partition_and_account_are_what_they_were(here: Directory) -> None:
    job = here.job(here.submit("limits.sh"))
    assert (job["memory_mb"], job["time_limit_s"], job["tenant"], job["worker"]) == (200, 5400, "physics", "w1")
    assert here.run("logs", str(job["id"])).stdout == "memory=200 cpus=1 nodes=1\n"


def test_what_asks_for_a_gpu_waits_and_says_why(here: Directory) -> None:
    said = here.run("submit", "--parsable", "gpu.sh")
    assert said.returncode == 0
    assert "#SBATCH --qos is not understood" in said.stderr
    assert "1 GPU" in said.stderr
    job = said.stdout.strip()
    until(lambda: here.job(job)["reason"] == "unsatisfiable", timeout=30, what="schedd to say why")
    assert here.job(job)["gpus"] == 1
    assert here.run("cancel", job).returncode == 0


def test_of_an_array_no_more_run_at_once_than_it_allows(here: Directory) -> None:
    here.submit("throttled.sh")
    assert [here.text(f"throttled-{index}.out") for index in range(6)] == ["alone\n"] * 6


def test_a_script_finds_the_directory_that_it_was_submitted_from(here: Directory) -> None:
    (here.path / "elsewhere").mkdir()
    (here.path / "input.txt").write_text("data\n")
    here.submit("submitdir.sh")
    name = here.path.name
    assert here.text("elsewhere/here.out") == f"started in elsewhere\nsubmitted from {name}\ndata\n"


def test_a_script_of_python_has_directives_too(here: Directory) -> None:
    job = here.submit("estimate.sbatch", "1000")
    assert here.text(f"estimate pi.{job}.out") == f"3.1416 in job {job} on 1 cpu\n"
    assert here.job(job)["memory_mb"] == 0


def test_directives_beyond_the_first_command_are_text(here: Directory) -> None:
    here.submit("heredoc.sh")
    assert here.text("heredoc.out") == "generated by heredoc.sh\n"


def test_a_script_that_is_cancelled_may_save_what_it_has(here: Directory) -> None:
    job = here.run("submit", "--parsable", "trap.sh").stdout.strip()
    output = here.path / "trap.out"
    until(lambda: output.exists() and output.read_text() == "ready\n", timeout=60, what="the script to be ready")
    assert here.run("cancel", job).returncode == 0
    here.run("wait", job, "--timeout", "60s")
    assert output.read_text() == "ready\nsaved\n"
    assert here.job(job)["state"] == "cancelled"


def test_tasks_are_told_how_many_they_are(here: Directory) -> None:
    job = here.job(here.submit("tasks.sh"))
    assert (job["cpus"], job["memory_mb"]) == (2, 100)
    lines = here.text(f"tasks-w1-{getpass.getuser()}.out").splitlines()
    assert sorted(lines) == ["task 1 with 1 thread, 50 MiB", "task 2 with 1 thread, 50 MiB"]


def test_a_pipeline_needs_no_script(here: Directory) -> None:
    job = here.submit("--wrap", "printf '3\\n1\\n2\\n' | sort | tr '\\n' ' '")
    assert here.run("logs", job).stdout == "1 2 3 "
