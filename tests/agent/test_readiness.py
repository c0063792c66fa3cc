"""When a replica is said to be ready, and what becomes of the commands that tell."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from typing import NamedTuple

import pytest

from agentd.supervisor.care import Care
from agentd.supervisor.probe import MARK, MARKED, Probe, is_marked
from agentd.supervisor.tree import Process, children_of, descendants, read_processes
from clusterctl.model.orders import Replica
from clusterctl.model.states import Outcome
from tests.agent.rig import BRISK, Rig, RigMaker, is_alive, replica
from tests.until import until

UP = "echo ready; exec sleep 1000"


class Around(NamedTuple):
    """A supervisor, as its probe sees it."""

    null: int
    pid: int


def is_ready(now: Replica) -> bool:
    """It can serve."""
    return now.ready_ago_s is not None


def is_not(now: Replica) -> bool:
    """It runs and cannot serve."""
    return now.ready_ago_s is None and now.rests_s is None


def probes(rig: Rig, number: int) -> list[Process]:
    """What lives of the probes of replica *number*."""
    below = descendants(rig.processes.running()[number].supervisor_pid, children_of(read_processes()))
    return [each for each in below if not each.is_zombie and is_marked(each.pid)]


def test_without_a_condition_it_is_ready_as_soon_as_it_runs(rig: Rig) -> None:
    rig.start(replica(1, UP))
    rig.replica_until(1, is_ready, "it to be ready")


def test_it_is_ready_once_its_command_succeeds_and_not_before(rig: Rig, tmp_path: Path) -> None:
    flag, asked = tmp_path / "flag", tmp_path / "asked"
    rig.start(replica(1, UP, ready_cmd=f"echo asked >> {asked}; test -e {flag}"))
    until(lambda: asked.exists() and len(asked.read_text().split()) >= 3, what="several looks")
    assert rig.replica_until(1, is_not, "it to run").restarts == 0
    flag.touch()
    rig.replica_until(1, is_ready, "it to be ready")


def test_it_is_looked_at_again_and_may_be_ready_no_more(rig: Rig, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    flag.touch()
    rig.start(replica(1, UP, ready_cmd=f"test -e {flag}"))
    rig.replica_until(1, is_ready, "it to be ready")
    flag.unlink()
    rig.replica_until(1, is_not, "it not to be")
    flag.touch()
    rig.replica_until(1, is_ready, "it to be ready again")


def test_its_command_runs_where_the_job_does_as_the_job_would(rig: Rig, tmp_path: Path) -> None:
    there, word = tmp_path / "there", "with blanks"
    there.mkdir()
    look = '[ "$PWD $WORD" = "' + f"{there} {word}" + '" ] && [ "$CLUSTERCTL_JOB_ID" = 1 ] && ! read line'
    rig.start(replica(1, UP, ready_cmd=look, cwd=str(there), env={"WORD": word}))
    rig.replica_until(1, is_ready, "it to be ready")


def test_what_its_command_says_is_heard_by_nobody(rig: Rig) -> None:
    rig.start(replica(1, UP, ready_cmd="echo noise; echo noise >&2"))
    rig.replica_until(1, is_ready, "it to be ready")
    assert rig.output(1) == "ready\n"


def test_it_is_ready_once_it_has_been_up_for_so_long(rig: Rig, gate: Path) -> None:
    rig.start(replica(1, f"read line < {gate}", ready_after_s=0.2))
    rig.replica_until(1, is_ready, "it to be ready")
    gate.write_text("go\n")
    rig.replica_until(1, lambda now: now.restarts == 1 and not is_ready(now), "it not to be")
    rig.replica_until(1, is_ready, "it to be ready again")


def test_who_is_not_up_for_so_long_is_never_ready(rig: Rig) -> None:
    rig.start(replica(1, "true", ready_after_s=1000.0))
    seen: list[bool] = []

    def often_enough(now: Replica) -> bool:
        seen.append(is_ready(now))
        return now.restarts >= 3

    rig.replica_until(1, often_enough, "some restarts")
    assert not any(seen)


def test_one_that_was_never_ready_has_not_settled_however_long_it_was_up(make_rig: RigMaker, gate: Path) -> None:
    rig = make_rig(care=BRISK._replace(most_quick=1, quick=0.0))
    rig.start(replica(1, f"read line < {gate}", ready_cmd="false"))
    gate.write_text("go\n")
    assert rig.end_of(1).outcome == Outcome.CRASH_LOOP


def test_a_command_that_hangs_is_killed_and_runs_again(rig: Rig, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    rig.start(replica(1, UP, ready_cmd=f"trap '' TERM; echo $$ >> {pids}; sleep 1000 & wait; sleep 1000"))
    until(lambda: pids.exists() and len(pids.read_text().split()) >= 3, what="several looks")
    assert rig.replica_until(1, is_not, "it to run").restarts == 0
    until(lambda: len(probes(rig, 1)) <= 2, what="no more than one to live, with its child")
    former = [int(word) for word in pids.read_text().split()][:-1]
    assert not any(map(is_alive, former))


@pytest.mark.parametrize("way", ["setsid", "env -i", "env -i setsid", "env -i setsid setsid -f"])
def test_what_a_command_leaves_behind_is_killed_wherever_it_went(rig: Rig, tmp_path: Path, way: str) -> None:
    pids = tmp_path / "pids"
    leave = f"{way} sh -c 'echo $$ >> {pids}; exec >&- 2>&-; sleep 1000; :' & until [ -e {pids} ]; do :; done"
    rig.start(replica(1, UP, ready_cmd=leave))
    rig.replica_until(1, is_ready, "it to be ready")
    until(lambda: len(pids.read_text().split()) >= 3, what="several looks")
    until(lambda: not [pid for pid in pids.read_text().split()[:-1] if is_alive(int(pid))], what="them to be gone")
    assert is_alive(rig.running(1).pid)  # and the job is left alone


def test_what_the_job_leaves_running_beside_itself_is_not_taken_for_the_commands(rig: Rig, tmp_path: Path) -> None:
    pid, asked = tmp_path / "pid", tmp_path / "asked"
    rig.start(replica(1, f"setsid sh -c 'echo $$ > {pid}; sleep 1000; :' & {UP}", ready_cmd=f"echo a >> {asked}"))
    until(lambda: asked.exists() and len(asked.read_text().split()) >= 5, what="several looks")
    assert is_alive(int(pid.read_text()))


def test_a_command_that_hangs_does_not_keep_an_ended_attempt_alive(make_rig: RigMaker, tmp_path: Path) -> None:
    rig = make_rig(care=BRISK._replace(probe_timeout=3600.0))
    pid = tmp_path / "pid"
    hang = f"trap '' TERM; echo $$ > {pid}; while :; do sleep 1000; done"
    rig.start(replica(1, UP, ready_cmd=hang, grace_s=1000.0))
    until(lambda: pid.exists() and pid.read_text(), what="a look")
    assert rig.stop(1, grace_s=1000).signal == signal.SIGTERM
    assert not is_alive(int(pid.read_text()))


def test_a_command_that_hangs_does_not_keep_the_next_process_from_starting(make_rig: RigMaker, tmp_path: Path) -> None:
    rig = make_rig(care=BRISK._replace(probe_timeout=3600.0))
    pid = tmp_path / "pid"
    rig.start(replica(1, UP, ready_cmd=f"trap '' TERM; echo $$ > {pid}; while :; do sleep 1000; done"))
    until(lambda: pid.exists() and pid.read_text(), what="a look")
    hung = int(pid.read_text())
    os.kill(rig.running(1).pid, signal.SIGKILL)
    rig.replica_until(1, lambda now: now.restarts == 1, "the next process")
    assert not is_alive(hung)


def test_how_a_command_ends_is_not_how_the_job_ends(rig: Rig, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    rig.start(replica(1, UP, ready_cmd=f"echo a >> {asked}; kill -9 $$"))
    until(lambda: asked.exists() and len(asked.read_text().split()) >= 3, what="several looks")
    now = rig.replica_until(1, is_not, "it to run")
    assert (now.restarts, now.last_exit) == (0, "")


def test_where_nothing_can_be_marked_the_session_still_tells(rig: Rig, tmp_path: Path) -> None:
    pids, flag = tmp_path / "pids", tmp_path / "flag"
    leave = f"test -e {flag} && {{ env -i sh -c 'echo $$ >> {pids}; sleep 1000; :' & }}"
    rig.start(replica(1, UP, ready_cmd=leave))
    resource.prlimit(rig.running(1).supervisor_pid, MARKED, (1000, 1000))
    flag.touch()
    rig.replica_until(1, is_ready, "it to be ready")
    until(lambda: pids.exists() and len(pids.read_text().split()) >= 3, what="several looks")
    until(lambda: not [pid for pid in pids.read_text().split()[:-1] if is_alive(int(pid))], what="them to be gone")


def test_only_the_command_is_marked(rig: Rig) -> None:
    rig.start(replica(1, UP, ready_cmd="sleep 1000"))
    until(lambda: probes(rig, 1), what="a look")
    running = rig.running(1)
    rig.replica(1)
    for pid in (running.pid, running.supervisor_pid):
        assert resource.prlimit(pid, MARKED)[0] != MARK


def test_who_is_ready_is_asked_less_often_than_who_is_not(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    now, waits = 0.0, []
    with open(os.devnull, "r+b") as null:
        start = {"cwd": "/", "env": {}, "ready_cmd": f"test -e {flag}"}
        probe = Probe(start, Around(null.fileno(), os.getpid()), Care())  # type: ignore[arg-type]  # all it needs
        probe.begin(now)
        for works in (False, True, True, False):
            flag.touch() if works else flag.unlink(missing_ok=True)
            now = probe.moment
            probe.look(now)
            probe.note_end(os.waitpid(probe.pid, 0)[1], now)
            waits.append((probe.is_ready, probe.moment - now))
    assert waits == [(False, 2.0), (True, 10.0), (True, 10.0), (False, 2.0)]
