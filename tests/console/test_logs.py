"""``logs``: what a job wrote, as it wrote it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clusterctl.cli.display.writing import LONGEST, Labelled
from clusterctl.model.exits import ExitCode
from clusterctl.model.output import default_output
from clusterctl.model.registration import Registered
from clusterctl.model.states import Outcome
from clusterctl.output.pieces import Piece
from tests.console.conftest import Run
from tests.console.terminal import at_a_terminal
from tests.console.test_acting import aside, meanwhile
from tests.console.test_bad_input import assert_told
from tests.house.tree import ROOT
from tests.store.scene import Scene

# Every byte there is; colours, a title, a bell, half a character; no newline at the end.
BINARY = bytes(range(256)) + b"\n\x1b[31mred\x1b]0;title\x07\xc3\r\n" + bytes(range(255, -1, -1)) * 300 + b"\x1b[2J"


def write_output(tmp_path: Path, job: int, content: bytes, attempt: int = 1) -> Path:
    """What the job wrote, where its worker keeps it."""
    path = tmp_path / default_output(job, attempt)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(content)
    return path


@pytest.fixture
def binary(scene: Scene, worker: Registered, tmp_path: Path) -> str:
    """The number of a job that wrote BINARY."""
    (job,) = scene.jobs()
    scene.finish(worker, job)
    write_output(tmp_path, job, BINARY)
    return str(job)


@pytest.mark.parametrize("flags", [(), ("-f",)], ids=["logs", "logs -f"])
def test_binary_output_with_escape_sequences_comes_byte_for_byte_through_a_pipe(
    binary: str, flags: tuple[str, ...]
) -> None:
    argv = [sys.executable, "-m", "clusterctl", "logs", binary, *flags]
    done = subprocess.run(argv, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == BINARY


def test_a_terminal_gets_the_same_bytes(binary: str) -> None:
    """Escape sequences too, as the help says; the terminal itself makes a line's end of each newline."""
    code, shown = at_a_terminal(b"", "logs", binary)
    assert code == 0
    assert shown.encode(errors="surrogateescape") == BINARY.replace(b"\n", b"\r\n")


def test_the_tail_of_a_log_is_counted_in_bytes_and_lines(
    scene: Scene, worker: Registered, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from clusterctl.cli.main import main

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


def test_of_a_worker_that_is_lost_nothing_is_waited_for(run: Run, scene: Scene) -> None:
    far = scene.worker("elsewhere")
    (job,) = scene.jobs()
    scene.finish(far, job)
    url = f"http://{socket.gethostname()}:1"  # nothing is ever there
    scene.db.run("UPDATE workers SET live_state = 'lost', logs_url = %s, logs_token = 'token-of-it'", url)
    for flags in ([], ["-f"]):
        said = run("logs", str(job), *flags)
        assert said.code == ExitCode.UNREACHABLE
        assert_told(said, "the log server of worker elsewhere unreachable")
        assert f"on elsewhere it is /spool/{default_output(job, 1)}" in said.err
        assert "token-of-it" not in said.err


def test_an_attempt_out_of_reach_is_told_and_the_next_one_followed(
    run: Run, scene: Scene, worker: Registered, tmp_path: Path, database: str
) -> None:
    far = scene.worker("elsewhere")
    (job,) = scene.jobs(retries=1)
    scene.finish(far, job, code=1)
    url = f"http://{socket.gethostname()}:1"  # nothing is ever there
    scene.db.run("UPDATE workers SET live_state = 'lost', logs_url = %s WHERE name = 'elsewhere'", url)
    scene.db.run("UPDATE jobs SET not_before = NULL")
    write_output(tmp_path, job, b"two\n", attempt=2)

    def try_again() -> None:
        with aside(scene, database) as other:
            other.finish(worker, job)

    thread = meanwhile(try_again)
    said = run("logs", str(job), "-f", "--attempt", "all")
    thread.join()
    assert (said.code, said.out) == (0, "two\n")
    trouble, change = said.err.splitlines()
    assert trouble.startswith("the log server of worker elsewhere unreachable: ")
    assert change == "attempt 1 on elsewhere ended: exit 1; attempt 2 on here"


def test_lines_of_several_jobs_stand_behind_their_numbers(
    run: Run, scene: Scene, worker: Registered, tmp_path: Path
) -> None:
    first, second, never = (scene.jobs()[0] for _ in range(3))
    for job in (first, second):
        scene.finish(worker, job)
        write_output(tmp_path, job, b"a line\n\nno end")
    for flags in ([], ["-f"]):
        said = run("logs", f"{first}-{second}", *flags)
        expected = [f"{job}: {line}" for job in (first, second) for line in ("a line", "", "no end")]
        assert (said.code, sorted(said.out.splitlines())) == (0, sorted(expected))
    said = run("logs", f"{first}-{never}")
    assert said.code == ExitCode.PARTLY
    assert said.err == f"clusterctl: error: job {never} has not started yet, it is pending\n"
    said = run("logs", f"{never}", f"{scene.jobs()[0]}")
    assert said.code == ExitCode.REFUSED
    assert "of 2 jobs there is nothing to show" in said.err


def test_a_line_without_an_end_is_shown_in_parts(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sink = Labelled("7", threading.Lock())
    for begin in range(0, 4 * LONGEST, LONGEST):
        sink.write(Piece(begin, b"x" * LONGEST, None, None))
    shown = capfdbinary.readouterr().out
    assert len(shown) > 2 * LONGEST
    sink.close()
    shown += capfdbinary.readouterr().out
    assert shown.replace(b"\n", b"").replace(b"7: ", b"") == b"x" * 4 * LONGEST


def test_more_jobs_than_can_be_followed_are_refused(run: Run, scene: Scene) -> None:
    jobs = scene.jobs(51)
    said = run("logs", f"{jobs[0]}-{jobs[-1]}", "-f")
    assert said.code == ExitCode.USAGE
    assert_told(said, "51 jobs cannot be followed at once")


@pytest.mark.parametrize("attempt", ["0", "-1", "x", "1.5", "99999999999", "\u0667", "ALL", ""])
def test_an_attempt_that_is_none_is_refused(run: Run, scene: Scene, attempt: str) -> None:
    said = run("logs", "1", f"--attempt={attempt}")
    assert said.code == ExitCode.USAGE
    assert_told(said, "is no try at a job")


def test_of_a_job_that_never_started_there_is_nothing(run: Run, scene: Scene) -> None:
    (job,) = scene.jobs()
    assert run("cancel", str(job)).code == 0
    said = run("logs", str(job))
    assert said.code == ExitCode.NOT_FOUND
    assert_told(said, "it never started")
    said = run("logs", str(job), "-f")
    assert (said.code, said.out) == (0, "")
    assert said.err == f"job {job} is cancelled: it never started, or was pruned\n"


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
