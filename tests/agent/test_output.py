"""Where a job's output goes."""

from __future__ import annotations

import os
from pathlib import Path

from clusterctl.model.output import default_output
from clusterctl.model.states import Outcome
from tests.agent.rig import Rig, order, shell

BOTH = "echo out; echo err >&2"


def test_both_streams_share_a_file_of_the_attempt(rig: Rig) -> None:
    rig.run(shell(1, BOTH))
    assert rig.output(1) == "out\nerr\n"
    assert (rig.spool / default_output(1, 1)).stat().st_mode & 0o777 == 0o600


def test_each_attempt_of_a_job_has_a_file_of_its_own_and_a_thousand_jobs_a_directory() -> None:
    assert default_output(42137, 1) == "output/42/42137-1.out"
    assert default_output(42137, 2) == "output/42/42137-2.out"


def test_a_separate_stderr_goes_where_it_was_asked_for(rig: Rig, tmp_path: Path) -> None:
    rig.run(shell(1, BOTH, cwd=str(tmp_path), stdout="out.txt", stderr="err.txt"))
    assert (tmp_path / "out.txt").read_text() == "out\n"
    assert (tmp_path / "err.txt").read_text() == "err\n"


def test_stderr_alone_can_be_sent_elsewhere(rig: Rig, tmp_path: Path) -> None:
    rig.run(shell(1, BOTH, stderr=str(tmp_path / "err.txt")))
    assert rig.output(1) == "out\n"
    assert (tmp_path / "err.txt").read_text() == "err\n"


def test_patterns_are_filled_in(rig: Rig, tmp_path: Path) -> None:
    rig.run(shell(7, BOTH, name="a/b", array=(5, 2), cwd=str(tmp_path), stdout="%x-%A_%a-%j-100%%.out"))
    assert (tmp_path / "a_b-5_2-7-100%.out").read_text() == "out\nerr\n"


def test_a_retry_never_truncates(rig: Rig, tmp_path: Path) -> None:
    for number in (1, 2):
        rig.run(shell(number, f"echo attempt {number}", cwd=str(tmp_path), stdout="same.txt", attempt=number))
    assert (tmp_path / "same.txt").read_text() == "attempt 1\nattempt 2\n"


def test_a_missing_directory_is_told_and_not_made(rig: Rig, tmp_path: Path) -> None:
    end = rig.run(order(1, "/bin/true", cwd=str(tmp_path), stdout="logs/out.txt"))
    assert (end.outcome, end.exit_code) == (Outcome.START_FAILED, None)
    assert end.detail == "output logs/out.txt cannot be made: its directory does not exist"
    assert not (tmp_path / "logs").exists()


def test_a_directory_is_no_place_for_output(rig: Rig, tmp_path: Path) -> None:
    assert rig.run(order(1, "/bin/true", stdout=str(tmp_path))).detail == f"output {tmp_path} is a directory"


def test_a_pipe_that_nobody_reads_does_not_hold_the_worker(rig: Rig, gate: Path) -> None:
    end = rig.run(order(1, "/bin/true", stdout=str(gate)))
    assert end.detail == f"output {gate} is a pipe that nobody reads"


def test_a_pipe_that_somebody_reads_is_written_as_any_file(rig: Rig, gate: Path) -> None:
    reader = os.open(gate, os.O_RDONLY | os.O_NONBLOCK)
    with open(reader, "rb") as pipe:
        rig.run(shell(1, "echo through; grep flags /proc/self/fdinfo/1 >&2", stdout=str(gate), stderr="/dev/stdout"))
        rig.run(shell(2, "grep flags /proc/self/fdinfo/1", stdout=str(gate)))
        assert pipe.readline() == b"through\n"


def test_output_is_kept_byte_for_byte_and_without_a_line_end(rig: Rig) -> None:
    rig.run(order(1, "printf", r"\000\377\033[31m\r\tend"))
    assert (rig.spool / default_output(1, 1)).read_bytes() == b"\0\xff\x1b[31m\r\tend"


def test_a_job_that_closes_its_output_ends_as_it_says(rig: Rig) -> None:
    end = rig.run(shell(1, "echo before; exec >&- 2>&-; echo after; exit 5"))
    assert (end.outcome, end.exit_code, end.detail) == (Outcome.EXITED, 5, "")
    assert rig.output(1) == "before\n"


def test_a_retried_start_adds_to_the_same_file(rig: Rig) -> None:
    path = rig.spool / default_output(1, 1)
    path.parent.mkdir()
    path.write_text("of an earlier start\n")
    rig.run(shell(1, BOTH))
    assert path.read_text() == "of an earlier start\nout\nerr\n"


def test_a_pipe_that_another_job_puts_where_output_will_be_holds_nobody(rig: Rig) -> None:
    path = rig.spool / default_output(1, 1)
    path.parent.mkdir()
    os.mkfifo(path)
    end = rig.run(order(1, "/bin/true"))
    assert (end.outcome, end.detail) == (Outcome.START_FAILED, f"output {path} is a pipe that nobody reads")
    assert rig.run(order(2, "/bin/true")).exit_code == 0


def test_a_link_that_another_job_puts_where_output_will_be_is_not_followed(rig: Rig, tmp_path: Path) -> None:
    path = rig.spool / default_output(1, 1)
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    end = rig.run(order(1, "/bin/true"))
    assert (end.outcome, end.detail) == (
        Outcome.START_FAILED,
        f"output {path} is a symbolic link that cannot be followed",
    )
    assert not (tmp_path / "elsewhere").exists()
