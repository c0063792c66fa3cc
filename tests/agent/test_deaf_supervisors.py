"""A supervisor that is stopped hears nobody; an agentd that comes back must not wait for it."""

from __future__ import annotations

import os
import signal

import pytest

from clusterctl.model.states import Outcome
from tests.agent.rig import RigMaker, is_alive, shell

FOREVER = "sleep 1000"


def test_a_stopped_idle_supervisor_is_ended_by_the_next_agentd(
    make_rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_rig()
    first.start(shell(1, FOREVER))
    supervisor = first.running(1).supervisor_pid
    first.stop(1)
    first.processes.acknowledge([1])
    os.kill(supervisor, signal.SIGSTOP)
    first.close(stop_jobs=False)
    monkeypatch.setattr("agentd.roster.ADOPTED_HELLO_S", 0.2)
    second = make_rig()
    assert not is_alive(supervisor)
    assert not second.processes.running()


def test_a_stopped_supervisor_at_work_is_left_alone_however_often_agentd_is_restarted(
    make_rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentd.roster.ADOPTED_HELLO_S", 0.05)
    rig = make_rig()
    rig.start(shell(1, FOREVER))
    running = rig.running(1)
    os.kill(running.supervisor_pid, signal.SIGSTOP)
    for _ in range(4):
        rig.close(stop_jobs=False)
        rig = make_rig()
    assert is_alive(running.pid)
    os.kill(running.supervisor_pid, signal.SIGCONT)
    assert rig.stop(1).outcome == Outcome.CANCELLED
