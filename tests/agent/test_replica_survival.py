"""Replicas whose agentd, or whose supervisor, dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from agentd.journal import read_lines
from clusterctl.model.states import Outcome
from tests.agent.rig import BRISK, RigMaker, another_agentd, is_alive, replica
from tests.until import until

HOURS = BRISK._replace(first_rest=3600.0, longest_rest=3600.0)


def lines(path: Path) -> list[str]:
    """What stands in *path*, if it is there."""
    return path.read_text().split() if path.exists() else []


def test_a_replica_outlives_agentd_and_the_next_one_knows_how_it_stands(make_rig: RigMaker, tmp_path: Path) -> None:
    with another_agentd(tmp_path / "spool", "[replica(1, 'exec sleep 1000', generation=4)]") as agentd:
        agentd.kill()
        agentd.wait()
    rig = make_rig()
    now = rig.replica(1)
    assert now is not None
    assert now.ready_ago_s is not None
    assert (now.restarts, now.generation, rig.running(1).kind) == (0, 4, "service")
    pid = rig.running(1).pid
    assert is_alive(pid)
    assert rig.stop(1).outcome == Outcome.CANCELLED


def test_a_replica_is_started_again_while_there_is_no_agentd(make_rig: RigMaker, tmp_path: Path, gate: Path) -> None:
    pids = tmp_path / "pids"
    orders = f"[replica(1, 'echo $$ >> {pids}; read line < {gate}; exit 3')]"
    with another_agentd(tmp_path / "spool", orders) as agentd:
        agentd.kill()
        agentd.wait()
    gate.write_text("go\n")
    until(lambda: len(lines(pids)) == 2, what="the second process")
    rig = make_rig()
    now = rig.replica_until(1, lambda now: now.restarts == 1, "what happened meanwhile")
    assert (now.last_exit, rig.running(1).pid) == ("exit code 3", int(lines(pids)[1]))


def test_the_next_agentd_knows_of_a_rest(make_rig: RigMaker, tmp_path: Path) -> None:
    with another_agentd(tmp_path / "spool", "[replica(1, 'exit 3')]", care=HOURS) as agentd:
        journals = tmp_path / "spool" / "supervisors"
        until(lambda: [line for path in journals.glob("*.journal") for line in read_lines(path)], what="the begin")
        agentd.kill()
        agentd.wait()
    rig = make_rig(care=HOURS)
    now = rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    assert now.last_exit == "exit code 3"
    rig.processes.restart(1, 1, 0)
    rig.replica_until(1, lambda now: now.generation == 1, "the restart")
    assert rig.stop(1).outcome == Outcome.CANCELLED


def test_a_killed_supervisor_costs_the_attempt_and_leaves_nothing(make_rig: RigMaker) -> None:
    rig = make_rig()
    running = rig.start_until_ready(replica(1, "setsid sleep 1000 & echo ready; exec sleep 1000"))
    os.kill(running.supervisor_pid, signal.SIGKILL)
    assert rig.end_of(1).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(running.pid)


def test_after_a_restart_the_tree_of_a_killed_supervisor_is_still_found(make_rig: RigMaker) -> None:
    rig = make_rig()
    rig.start_until_ready(replica(1, "echo ready; exec env -i sleep 1000"))  # without the mark: only the journal tells
    rig.processes.restart(1, 1, 0)
    rig.replica_until(1, lambda now: now.generation == 1 and now.ready_ago_s is not None, "the second process")
    running = rig.running(1)
    until(lambda: b"sleep" in Path(f"/proc/{running.pid}/cmdline").read_bytes(), what="the shell to become it")
    os.kill(running.supervisor_pid, signal.SIGKILL)
    assert rig.end_of(1).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(running.pid)


def test_a_supervisor_that_dies_in_a_rest_is_lost_and_nothing_starts_again(make_rig: RigMaker, tmp_path: Path) -> None:
    rig = make_rig(care=HOURS)
    rig.start(replica(1, "exit 3"))
    rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    os.kill(rig.running(1).supervisor_pid, signal.SIGKILL)
    assert rig.end_of(1).outcome == Outcome.SUPERVISOR_LOST


def test_a_supervisor_that_dies_in_a_rest_without_a_journal_is_not_said_never_to_have_begun(make_rig: RigMaker) -> None:
    rig = make_rig(care=HOURS)
    rig.start(replica(1, "true", cwd="/nowhere"))  # no process, so no pid tells of it
    rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    (journal,) = (rig.spool / "supervisors").glob("*.journal")
    journal.unlink()
    os.kill(rig.processes.running()[1].supervisor_pid, signal.SIGKILL)
    assert rig.end_of(1).outcome == Outcome.SUPERVISOR_LOST
