"""What is stuck in the kernel cannot be killed: agentd must go on, and see to it when it comes out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agentd.supervisor.tree import read_process
from clusterctl.model.states import Outcome
from tests.agent.rig import TOKEN, Rig, RigMaker, is_alive, order, shell
from tests.held_up import HeldUp
from tests.until import until

FREEZER = Path("/sys/fs/cgroup/freezer")
FOREVER = "sleep 1000"


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """*pid* in state D, deaf even to KILL, as on a disk that does not answer. The first freezer of cgroups does it."""
    group = FREEZER / f"clusterctl-{pid}"
    group.mkdir()
    (group / "cgroup.procs").write_text(str(pid))
    try:
        (group / "freezer.state").write_text("FROZEN")
        until(lambda: (group / "freezer.state").read_text() == "FROZEN\n")
        yield
    finally:
        (group / "freezer.state").write_text("THAWED")
        with suppress(ProcessLookupError):  # killed meanwhile
            (FREEZER / "cgroup.procs").write_text(str(pid))
        until(lambda: remove(group), what="the group to be empty")


def remove(group: Path) -> bool:
    """Whether *group* is gone: it can go when the last process in it has."""
    try:
        group.rmdir()
    except OSError:
        return False
    return True


def longest_call(rig: Rig, seconds: float) -> float:
    """How long the longest of many looks has taken, in that time; of what this process did, not what others did."""
    longest, until_then = 0.0, time.monotonic() + seconds
    while time.monotonic() < until_then:
        lost, began = HeldUp(), time.monotonic()
        rig.processes.collect()
        longest = max(longest, time.monotonic() - began - lost.seconds)
    return longest


def test_a_lost_tree_that_cannot_be_killed_holds_nobody_up_and_is_told_when_it_has_gone(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.start_until_ready(shell(2201, f"echo ready; exec {FOREVER}"))
    stuck = rig.running(2201)
    with frozen(stuck.pid):
        os.kill(stuck.supervisor_pid, signal.SIGKILL)
        assert longest_call(rig, 1.0) < 0.5
        assert rig.run(order(2202, "/bin/true")).exit_code == 0
        assert 2201 in rig.processes.running()
        assert 0 < rig.processes.due() < 5
        until(lambda: rig.listen() and "does not die" in caplog.text, what="a word about it")
        assert is_alive(stuck.pid)
    assert rig.end_of(2201).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(stuck.pid)


def test_a_supervisor_that_cannot_be_killed_is_adopted_as_it_is_and_its_job_told_when_it_has_gone(
    make_rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentd.roster.ADOPTED_HELLO_S", 0.1)
    monkeypatch.setattr("agentd.roster.GONE_S", 0.1)
    first = make_rig()
    first.start_until_ready(shell(2211, f"echo ready; exec {FOREVER}"))
    stuck = first.running(2211)
    first.close(stop_jobs=False)
    (first.spool / "supervisors" / "1.sock").unlink()  # nobody can talk to it any more
    with frozen(stuck.supervisor_pid):
        rig = make_rig()
        assert rig.processes.knows(2211, TOKEN)
        assert rig.run(order(2212, "/bin/true")).exit_code == 0
        assert is_alive(stuck.pid)
        assert 2211 in rig.processes.running()
    assert rig.end_of(2211).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(stuck.pid)


def test_a_job_that_cannot_be_killed_ends_as_it_was_asked_to_when_it_comes_out(rig: Rig) -> None:
    rig.start_until_ready(shell(2221, f"echo ready; exec {FOREVER}"))
    stuck = rig.running(2221)
    with frozen(stuck.pid):
        rig.processes.stop(2221, Outcome.CANCELLED, 0.1)
        assert longest_call(rig, 0.5) < 0.5
        assert 2221 in rig.processes.running()
    assert rig.end_of(2221).outcome == Outcome.CANCELLED


def test_a_supervisor_that_was_stopped_is_woken_after_a_while(rig: Rig) -> None:
    rig.start_until_ready(shell(2231, f"echo ready; exec {FOREVER}"))
    os.kill(supervisor := rig.running(2231).supervisor_pid, signal.SIGSTOP)
    until(lambda: (process := read_process(supervisor)) and process.state == b"T")
    rig.processes.trim()
    rig.processes.stop(2231, Outcome.CANCELLED, 0.1)
    assert longest_call(rig, 0.3) < 0.2
    assert 2231 in rig.processes.running()
    rig.processes.trim()
    assert rig.end_of(2231).outcome == Outcome.CANCELLED


def test_what_is_said_to_a_deaf_supervisor_holds_nobody_up(rig: Rig) -> None:
    rig.start_until_ready(shell(2241, f"echo ready; exec {FOREVER}"))
    deaf = rig.running(2241).supervisor_pid
    os.kill(deaf, signal.SIGSTOP)
    for _ in range(5_000):  # far more than its socket holds
        rig.processes.stop(2241, Outcome.CANCELLED, 0.1)
    os.kill(deaf, signal.SIGCONT)
    assert rig.end_of(2241).outcome == Outcome.CANCELLED
