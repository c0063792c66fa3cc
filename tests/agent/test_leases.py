"""When a supervisor stops its job by itself, and how long it leaves it: the leader counts with exactly that."""

from __future__ import annotations

import os
import re
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agentd.__main__ import answer_within
from agentd.journal import boottime
from agentd.supervisor.attempt import Attempt
from clusterctl.model.states import Outcome
from clusterctl.settings import Settings
from tests.agent.rig import Rig, RigMaker, shell
from tests.until import until

DEAF = "trap '' TERM; echo ready; while :; do sleep 1000; done"
LEASE, GRACE = 200, 400  # longer than a test waits for anything
CLOCK_BOOTTIME = 7  # as the kernel's tables say it


def write_synced(rig: Rig, moment: float) -> None:
    """As if the last sync had been sent at *moment*, unheard by any supervisor until something wakes it."""
    with (rig.spool / "synced").open("r+b") as file:
        file.write(struct.pack("d", moment))


def test_the_grace_of_a_supervisors_own_stop_came_with_the_order(rig: Rig) -> None:
    supervisors = [
        rig.start_until_ready(shell(1, DEAF, lease_s=LEASE, grace_s=0.1)).supervisor_pid,
        rig.start_until_ready(shell(2, DEAF, lease_s=LEASE, grace_s=1000.0)).supervisor_pid,
    ]
    write_synced(rig, boottime() - LEASE - 1)
    for supervisor in reversed(supervisors):
        os.kill(supervisor, signal.SIGCHLD)
    end = rig.end_of(1)
    assert (end.outcome, end.signal) == (Outcome.LEASE_EXPIRED, 9)
    assert 2 in rig.processes.running()
    assert rig.stop(2, grace_s=0).signal == 9


def test_the_next_agentd_knows_the_grace_that_came_with_the_order(make_rig: RigMaker) -> None:
    first = make_rig()
    first.start_until_ready(shell(1, DEAF, grace_s=0.7))
    assert first.running(1).grace_s == 0.7
    first.close(stop_jobs=False)
    assert make_rig().running(1).grace_s == 0.7


def look_at_time(rig: Rig, supervisor: int) -> None:
    """Its supervisor wakes."""
    os.kill(supervisor, signal.SIGCHLD)


def cancel(rig: Rig, supervisor: int) -> None:
    """Somebody has cancelled the job, and its supervisor may hear of that before it looks at the time."""
    rig.processes.stop(1, Outcome.CANCELLED, GRACE)


@pytest.mark.parametrize("wake", [look_at_time, cancel])
def test_a_grace_counts_from_the_end_of_the_lease_however_late_that_is_seen(
    rig: Rig, wake: Callable[[Rig, int], None]
) -> None:
    supervisor = rig.start_until_ready(shell(1, DEAF, lease_s=LEASE, grace_s=GRACE)).supervisor_pid
    write_synced(rig, boottime() - LEASE - GRACE - 1)
    wake(rig, supervisor)
    assert rig.end_of(1).signal == 9


def test_a_supervisor_is_woken_by_the_clock_of_leases_which_goes_on_in_a_machine_that_is_suspended(
    make_rig: RigMaker,
) -> None:
    rig = make_rig(output_cap_mb=0)  # which would be looked at before
    rig.start(shell(1, "sleep 1000", lease_s=LEASE))
    supervisor = rig.running(1).supervisor_pid
    alarm = until(lambda: next_alarm(supervisor) or None, what="an alarm for the lease")
    assert alarm is not None
    assert 1 < alarm <= LEASE


def next_alarm(pid: int) -> float:
    """Seconds until a timer of *pid* on CLOCK_BOOTTIME, if that is more than a second away; 0 if there is none."""
    for file in Path(f"/proc/{pid}/fdinfo").iterdir():
        text = file.read_text()
        if f"clockid: {CLOCK_BOOTTIME}\n" in text and (left := re.search(r"it_value: \((\d+), \d+\)", text)):
            return float(left[1]) if int(left[1]) > 1 else 0.0
    return 0.0


@pytest.mark.parametrize("moment", ["os.chdir", "open"])
def test_nothing_starts_if_the_lease_runs_out_while_a_file_system_hangs(
    attempt: Callable[..., Attempt], tmp_path: Path, moment: str
) -> None:
    """In that call time passes: the file that tells of the last sync grows old by more than the lease."""
    passed: list[str] = []

    def pass_time(event: str, arguments: tuple[object, ...]) -> None:
        hangs = str(tmp_path) if moment == "os.chdir" else str(tmp_path / "output")
        if event == moment and arguments[0] == hangs and not passed:
            passed.append(event)
            (tmp_path / "synced").write_bytes(struct.pack("d", boottime() - LEASE - 1))

    sys.addaudithook(pass_time)  # for the rest of this process, but in no other directory
    begun = attempt(argv=["/bin/sh", "-c", "touch ran"], lease_s=LEASE)
    begun.begin()
    assert passed == [moment]
    assert begun.spawned is None
    assert begun.end is not None
    assert b'"never_started"' in begun.end
    assert b"the lease of 200 s was already out" in begun.end
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("margin", [1.0, 4.0, 60.0, 600.0])
def test_waiting_for_postgres_spends_no_more_than_half_of_the_margin(margin: float) -> None:
    assert 0.5 <= answer_within(Settings(lease_margin=margin)) <= min(15, margin / 2)
