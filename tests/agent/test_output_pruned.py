"""Old output in the spool goes, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentd.logs.places import note_name
from agentd.output import LONGEST_REST_S, MOST, Pruner
from agentd.records import read_stories
from agentd.spool import Spool
from clusterctl.model.output import default_output
from tests.agent.rig import Rig, RigMaker, shell
from tests.until import until

NOW = 2_000_000_000.0
WEEK = 7 * 86_400.0
DAY = 86_400.0


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool without an agentd."""
    return Spool(tmp_path / "spool")


def left_by(spool: Spool, job_id: int, *, age: float, attempt: int = 1) -> Path:
    """The output of an attempt that wrote for the last time *age* seconds ago."""
    path = spool.path / default_output(job_id, attempt)
    path.parent.mkdir(exist_ok=True)
    path.write_text("output\n")
    return aged(path, age)


def aged(path: Path, age: float) -> Path:
    """*path*, last changed *age* seconds ago."""
    os.utime(path, (NOW - age, NOW - age), follow_symlinks=False)
    return path


def whole_pass(pruner: Pruner, *, at: float = NOW) -> int:
    """Bite until a whole pass is over; the number of files that are gone."""
    gone = pruner.bite(at)
    while pruner.has_begun:
        gone += pruner.bite(at)
    return gone


def test_what_is_older_than_keep_logs_goes_and_what_is_younger_stays(spool: Spool) -> None:
    old, young = left_by(spool, 1, age=WEEK + 1), left_by(spool, 2, age=WEEK - 1)
    assert whole_pass(Pruner(spool, WEEK)) == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_a_note_of_where_else_an_output_lies_goes_as_the_output_would(spool: Spool) -> None:
    old, young = (spool.path / note_name(job, 1) for job in (1, 2))
    left_by(spool, 3, age=DAY)
    for path, age in ((old, WEEK + 1), (young, WEEK - 1)):
        path.touch()
        aged(path, age)
    assert whole_pass(Pruner(spool, WEEK)) == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_every_attempt_is_judged_by_itself(spool: Spool) -> None:
    first, second = left_by(spool, 7, age=2 * WEEK), left_by(spool, 7, age=DAY, attempt=2)
    whole_pass(Pruner(spool, WEEK))
    assert (first.exists(), second.exists()) == (False, True)


def test_a_bite_is_one_directory_lowest_first(spool: Spool) -> None:
    paths = [left_by(spool, thousand * 1000, age=2 * WEEK) for thousand in (10, 9, 2)]
    pruner = Pruner(spool, WEEK)
    for path in reversed(paths):
        assert pruner.bite(NOW) == 1
        assert not path.exists()
    left_by(spool, 3, age=2 * WEEK)
    assert pruner.bite(NOW + LONGEST_REST_S - 1) == 0
    assert pruner.bite(NOW + LONGEST_REST_S) == 1


def test_a_full_directory_goes_in_several_bites(spool: Spool) -> None:
    for number in range(1, 2 * MOST + 2):
        left_by(spool, number, age=2 * WEEK)
    pruner = Pruner(spool, WEEK)
    assert [pruner.bite(NOW) for _ in range(4)] == [MOST, MOST, 1, 0]
    assert not (spool.output / "0").exists()


def test_the_shorter_output_is_kept_the_sooner_it_is_looked_at_again(spool: Spool) -> None:
    pruner = Pruner(spool, 600.0)
    pruner.bite(NOW)
    left_by(spool, 1, age=2 * WEEK)
    assert [pruner.bite(NOW + later) for later in (59, 60)] == [0, 1]


def test_what_begins_during_a_pass_is_spared_though_the_journals_were_read_before(spool: Spool) -> None:
    left_by(spool, 1, age=2 * WEEK)
    late = left_by(spool, 1001, age=2 * WEEK)
    pruner = Pruner(spool, WEEK)
    assert pruner.bite(NOW) == 1
    aged(late, 0)  # its job writes now
    while pruner.has_begun:
        pruner.bite(NOW + 2 * WEEK)
    assert late.exists()


def test_a_clock_that_is_set_back_does_not_stop_it(spool: Spool) -> None:
    pruner = Pruner(spool, WEEK)
    pruner.bite(NOW + 1000 * DAY)
    left_by(spool, 3, age=2 * WEEK)
    assert pruner.bite(NOW) == 1


def test_what_is_written_after_the_clock_was_set_back_in_the_middle_of_a_pass_is_young(spool: Spool) -> None:
    left_by(spool, 1, age=2 * WEEK)
    late = left_by(spool, 1001, age=2 * WEEK)
    pruner = Pruner(spool, WEEK)
    assert pruner.bite(NOW) == 1
    while pruner.has_begun:  # its job has begun since the journals were read, and writes now
        assert pruner.bite(NOW - 2 * WEEK) == 0
    assert late.exists()
    assert whole_pass(pruner, at=NOW + DAY) == 1


def test_an_emptied_directory_goes_too_and_one_that_is_in_use_stays(spool: Spool) -> None:
    emptied, used = left_by(spool, 1, age=2 * WEEK).parent, left_by(spool, 1001, age=2 * WEEK).parent
    left_by(spool, 1002, age=0)
    empty = spool.output / "3"
    empty.mkdir()
    aged(empty, 2 * WEEK)
    fresh = spool.output / "4"
    fresh.mkdir()
    aged(fresh, 0)
    whole_pass(Pruner(spool, WEEK))
    assert [path.exists() for path in (emptied, used, empty, fresh)] == [False, True, False, True]


def test_what_runs_or_waits_to_be_acknowledged_keeps_its_output_however_old(make_rig: RigMaker) -> None:
    rig = make_rig()
    rig.start(shell(1, "echo running; exec sleep 1000"))
    rig.running(1)
    rig.run(shell(2, "echo ended"))
    rig.run(shell(3, "echo ended as well"))
    paths = [aged(rig.spool / default_output(number, 1), 2 * WEEK) for number in (1, 2, 3)]
    assert standing_after_a_bite(rig, paths) == [True, True, True]
    acknowledged(rig, 2, 3)
    assert standing_after_a_bite(rig, paths) == [True, False, False]


def acknowledged(rig: Rig, *numbers: int) -> None:
    """Acknowledge them, and wait until no journal tells of them."""
    rig.processes.acknowledge(numbers)
    rig.processes.trim()
    journals = rig.spool / "supervisors"
    until(lambda: not any(read_stories(path).keys() & set(numbers) for path in journals.glob("*.journal")))


def standing_after_a_bite(rig: Rig, paths: list[Path]) -> list[bool]:
    """Which of *paths* are left when a new pruner has gone over the rig's spool."""
    pruner = Pruner(rig.processes._spool, WEEK)
    whole_pass(pruner)
    return [path.exists() for path in paths]


def test_names_that_are_not_ours_are_left_alone(spool: Spool) -> None:
    directory = left_by(spool, 1, age=0).parent
    strangers = [directory / name for name in ("notes.txt", "1-1.out.bak", "1-x.out", "-1.out")]
    for path in strangers:
        path.touch()
        aged(path, 2 * WEEK)
    folder = directory / "2-1.out"
    folder.mkdir()
    aged(folder, 2 * WEEK)
    assert whole_pass(Pruner(spool, WEEK)) == 0
    assert all(path.exists() for path in (*strangers, folder))


def test_nothing_is_followed_out_of_the_spool(spool: Spool, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    precious = outside / "5-1.out"
    precious.touch()
    aged(precious, 2 * WEEK)
    (spool.output / "5").symlink_to(outside)
    old, dangling, young = (left_by(spool, number, age=0) for number in (1, 2, 3))
    for link, target, age in ((old, precious, 2 * WEEK), (dangling, tmp_path / "x", 2 * WEEK), (young, precious, 0)):
        link.unlink()
        link.symlink_to(target)
        aged(link, age)
    whole_pass(Pruner(spool, WEEK))
    assert precious.exists()
    # A link in the place of an output is one: its own age counts.
    assert [link.is_symlink() for link in (old, dangling, young)] == [False, False, True]


def test_an_output_directory_that_is_a_link_is_not_entered(spool: Spool, tmp_path: Path) -> None:
    precious = left_by(spool, 1, age=2 * WEEK)
    spool.output.rename(tmp_path / "elsewhere")
    spool.output.symlink_to(tmp_path / "elsewhere")
    assert whole_pass(Pruner(spool, WEEK)) == 0
    assert (tmp_path / "elsewhere" / precious.relative_to(spool.output)).exists()


def test_a_supervisor_makes_the_directory_of_a_job_again(rig: Rig) -> None:
    rig.run(shell(1, "echo one"))
    acknowledged(rig, 1)
    aged(rig.spool / default_output(1, 1), 2 * WEEK)
    Pruner(rig.processes._spool, WEEK).bite(NOW)
    assert not (rig.spool / "output" / "0").exists()
    rig.run(shell(2, "echo two"))
    assert rig.output(2) == "two\n"


def test_agentd_prunes_as_it_trims(make_rig: RigMaker) -> None:
    first = make_rig()
    first.run(shell(1, "echo one"))
    first.processes.acknowledge([1])
    first.close()
    path = first.spool / default_output(1, 1)
    os.utime(path, (0, 0))
    make_rig(keep_logs_s=WEEK).processes.trim()
    assert not path.exists()
