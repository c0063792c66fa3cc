"""A disk without room, a real one: what a job's end looks like then, and that it is told all the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from clusterctl.model.states import Outcome
from tests.agent.mounts import fill, fill_last_block, mounted
from tests.agent.rig import Rig, RigMaker, held, is_alive, shell, waiting_for
from tests.until import until

FILLER = "filler"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A megabyte of disk."""
    with mounted(tmp_path / "disk", "tmpfs", "size=1m") as place:
        yield place


@pytest.fixture
def make_rig(disk: Path, make_rig: RigMaker) -> Iterator[RigMaker]:
    """Before its rigs are closed there is room again: a supervisor does not leave before its end is written down."""
    yield make_rig
    (disk / FILLER).unlink(missing_ok=True)


def leave_no_room(rig: Rig, disk: Path) -> None:
    """Not even for a line in the first journal."""
    fill_last_block(rig.spool / "supervisors" / "1.journal")
    fill(disk / FILLER)


def test_a_job_that_fills_its_disk_fails_and_says_why(rig: Rig, disk: Path) -> None:
    end = rig.run(shell(1, "cat /dev/zero", stdout=str(disk / "out")))
    assert (end.outcome, end.exit_code, end.detail) == (Outcome.EXITED, 1, "the disk of its output was full")
    assert rig.run(shell(2, "exit 3")).exit_code == 3


def test_a_job_that_fills_the_spool_fails_and_its_end_is_told(disk: Path, make_rig: RigMaker) -> None:
    rig = make_rig(disk / "spool")
    end = rig.run(shell(1, "cat /dev/zero"))
    assert (end.outcome, end.exit_code, end.detail) == (Outcome.EXITED, 1, "the disk of its output was full")


def test_a_cap_keeps_a_job_from_filling_its_disk(make_rig: RigMaker, tmp_path: Path) -> None:
    rig = make_rig(output_cap_mb=1)
    with mounted(tmp_path / "small", "tmpfs", "size=16m") as place:
        # It waits, without an end, if nobody makes room for it.
        wait = "until [ $(stat -c %b out) -lt 20000 ]; do :; done"
        text = f"for n in $(seq 50); do head -c 1M /dev/zero | tr '\\0' x; {wait}; done; echo last"
        assert rig.run(shell(1, text, cwd=str(place), stdout="out")).exit_code == 0
        assert (place / "out").stat().st_size == 50 * (1 << 20) + len("last\n")


def test_an_end_that_finds_no_room_is_told_at_once(disk: Path, make_rig: RigMaker, gate: Path) -> None:
    rig = make_rig(disk / "spool")
    rig.start(shell(1, waiting_for(gate, "exit 8"), stdout="/dev/null"))
    rig.running(1)
    leave_no_room(rig, disk)
    os.close(os.open(gate, os.O_WRONLY))
    assert rig.end_of(1).exit_code == 8
    assert b'"kind":"end"' not in (rig.spool / "supervisors" / "1.journal").read_bytes()


def test_an_end_that_finds_no_room_waits_for_the_next_agentd(disk: Path, make_rig: RigMaker, gate: Path) -> None:
    first = make_rig(disk / "spool")
    first.start(shell(1, waiting_for(gate, "exit 8"), stdout="/dev/null"))
    running = first.running(1)
    leave_no_room(first, disk)
    first.close(stop_jobs=False)
    os.close(os.open(gate, os.O_WRONLY))
    until(lambda: not is_alive(running.pid), what="the job to end")
    assert is_alive(running.supervisor_pid)
    second = make_rig(disk / "spool")
    assert second.end_of(1).exit_code == 8


def test_an_end_is_written_down_once_there_is_room_again(disk: Path, make_rig: RigMaker, gate: Path) -> None:
    first = make_rig(disk / "spool")
    first.start(shell(1, waiting_for(gate, "exit 8"), stdout="/dev/null"))
    running = first.running(1)
    leave_no_room(first, disk)
    first.close(stop_jobs=False)
    os.close(os.open(gate, os.O_WRONLY))
    until(lambda: not is_alive(running.pid), what="the job to end")
    (disk / FILLER).unlink()
    until(lambda: not held(first.spool), what="the supervisor to write, and leave")
    assert make_rig(disk / "spool").end_of(1).exit_code == 8


def test_output_that_the_spool_has_no_room_for_is_not_the_jobs_fault(make_rig: RigMaker, tmp_path: Path) -> None:
    with mounted(tmp_path / "few", "tmpfs", "size=1m,nr_inodes=50") as place:
        rig = make_rig(place / "spool")
        rig.run(shell(1000, "exit 0", stdout="/dev/null"))  # there is a supervisor, and room in its journal
        with suppress(OSError):
            for number in range(50):
                (place / f"empty-{number}").touch()
        assert os.statvfs(place).f_favail == 0
        end = rig.run(shell(1, "exit 0"))
        assert end.outcome == Outcome.NEVER_STARTED
        assert end.detail.endswith("0/1-1.out cannot be made: its disk is full")
        rig.close()
