"""A spool on a disk that is full: what runs is seen to its end, nothing begins, and all is well once there is room."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterctl.model.states import Outcome
from tests.agent.mounts import fill, mounted
from tests.agent.rig import Rig, RigMaker, is_alive, order, shell, waiting_for

FOREVER = "sleep 1000"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """One of 1 MB."""
    with mounted(tmp_path / "disk", "tmpfs", "size=1m") as disk:
        yield disk


def test_the_next_agentd_takes_up_what_runs_on_a_full_disk_and_tells_its_true_exit(
    disk: Path, make_rig: RigMaker, gate: Path
) -> None:
    first = make_rig(disk / "spool")
    first.start(shell(2401, waiting_for(gate, "exit 7")), shell(2402, FOREVER), shell(2403, FOREVER))
    pids = [first.running(number) for number in (2401, 2402, 2403)]
    first.close(stop_jobs=False)
    os.kill(pids[2].supervisor_pid, signal.SIGKILL)
    fill(disk / "ballast")
    rig = make_rig(disk / "spool")
    os.close(os.open(gate, os.O_WRONLY))
    assert rig.end_of(2401).exit_code == 7
    assert rig.stop(2402).outcome == Outcome.CANCELLED
    assert rig.end_of(2403).outcome == Outcome.SUPERVISOR_LOST
    assert not any(is_alive(running.pid) for running in pids)
    nothing_begins_until_there_is_room(rig, disk)


def test_an_agentd_whose_warm_process_dies_on_a_full_disk_makes_another(disk: Path, make_rig: RigMaker) -> None:
    rig = make_rig(disk / "spool")
    assert rig.run(order(2451, "/bin/true")).exit_code == 0
    fill(disk / "ballast")
    os.kill(int((disk / "spool" / "warm").read_text()), signal.SIGKILL)
    nothing_begins_until_there_is_room(rig, disk)


def nothing_begins_until_there_is_room(rig: Rig, disk: Path) -> None:
    """Of more jobs than there are idle supervisors, scripts among them, few find room; the others are told why not."""
    orders = [shell(2410 + n, "exit 5", script=None if n % 2 else "exit 5\n" * 1000) for n in range(8)]
    rig.start(*orders)
    ends = [rig.end_of(each.allocation_id) for each in orders]
    refused = [end for end in ends if end.exit_code != 5]
    assert len(refused) > 4
    assert {end.outcome for end in refused} == {Outcome.NEVER_STARTED}
    assert all("No space left on device" in end.detail for end in refused)
    rig.processes.acknowledge([end.allocation_id for end in ends])
    (disk / "ballast").unlink()
    rig.processes.trim()
    assert rig.run(shell(2420, "exit 5")).exit_code == 5
