"""A replica is kept running where it is: its process is started again, with or without an agentd."""

from __future__ import annotations

import os
import signal
import struct
from pathlib import Path

from agentd.journal import boottime, read_lines
from agentd.sampler import Sampler
from clusterctl.model.states import Outcome
from tests.agent.rig import BRISK, Rig, RigMaker, is_alive, order, replica, shell
from tests.until import until

HOURS = BRISK._replace(first_rest=3600.0, longest_rest=3600.0)  # who rests, rests
UP = "echo ready; exec sleep 1000"
DEAF = "trap '' TERM; echo ready; while :; do sleep 1000; done"
LEASE = 200


def kill_process(rig: Rig, number: int) -> int:
    """Have the process of replica *number* ended by somebody; its pid."""
    pid = rig.running(number).pid
    os.kill(pid, signal.SIGKILL)
    return pid


def until_restarts(rig: Rig, number: int, times: int) -> None:
    """Wait until replica *number* has been started again so often, and runs."""
    rig.replica_until(number, lambda now: now.restarts >= times and now.rests_s is None, f"restart {times}")


def test_what_exits_is_started_again_within_the_same_attempt(rig: Rig, gate: Path) -> None:
    rig.start(replica(1, f"read code < {gate}; echo run; exit $code"))
    for times, code in enumerate((3, 0, 4), start=1):
        gate.write_text(f"{code}\n")  # opens when it reads
        until_restarts(rig, 1, times)
        assert rig.processes.replica(1).last_exit == f"exit code {code}"
    assert rig.output(1) == "run\n" * 3  # in one file, and nothing of ours stands in it
    end = rig.stop(1)
    assert (end.outcome, end.signal) == (Outcome.CANCELLED, signal.SIGTERM)


def test_what_is_killed_is_started_again(rig: Rig) -> None:
    rig.start(replica(1, UP))
    former = kill_process(rig, 1)
    until_restarts(rig, 1, 1)
    assert rig.processes.replica(1).last_exit == "signal 9"
    assert rig.running(1).pid != former


def test_who_rests_says_for_how_long_and_is_not_ready(make_rig: RigMaker) -> None:
    rig = make_rig(care=HOURS)
    rig.start(replica(1, "exit 5"))
    now = rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    assert (now.ready_ago_s, now.last_exit, now.restarts) == (None, "exit code 5", 0)
    assert now.rests_s is not None
    assert 3000 < now.rests_s <= 3600


def test_who_is_stopped_in_a_rest_ends_at_once(make_rig: RigMaker) -> None:
    rig = make_rig(care=HOURS)
    rig.start(replica(1, "exit 5", grace_s=1000.0))
    rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    end = rig.stop(1, grace_s=1000)
    assert (end.outcome, end.exit_code, end.signal) == (Outcome.CANCELLED, 5, None)


def test_a_wake_for_nothing_does_not_end_a_rest(make_rig: RigMaker) -> None:
    rig = make_rig(care=HOURS)
    rig.start(replica(1, "exit 5"))
    rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    os.kill(rig.processes.running()[1].supervisor_pid, signal.SIGCHLD)
    assert rig.stop(1).outcome == Outcome.CANCELLED


def test_a_command_that_is_not_there_is_looked_for_again(rig: Rig, tmp_path: Path) -> None:
    command = tmp_path / "server"
    rig.start(order(1, str(command), kind="service"))
    now = rig.replica_until(1, lambda now: now.restarts > 1, "several tries")
    assert now.last_exit == f"exit code 127: command not found: {command}"
    command.write_text("#!/bin/sh\nexec sleep 1000\n")
    command.chmod(0o700)
    rig.replica_until(1, lambda now: now.ready_ago_s is not None, "it to run")


def test_five_quick_ends_give_the_attempt_up(make_rig: RigMaker) -> None:
    rig = make_rig(care=BRISK._replace(most_quick=5))
    rig.start(replica(1, "echo run; exit 6"))
    end = rig.end_of(1)
    assert (end.outcome, end.exit_code) == (Outcome.CRASH_LOOP, 6)
    assert end.detail == "ended 5 times in a row before it had settled"
    assert rig.output(1) == "run\n" * 5
    assert 1 not in rig.processes.replicas()


def test_who_settles_between_its_ends_is_not_given_up(make_rig: RigMaker) -> None:
    rig = make_rig(care=BRISK._replace(most_quick=2, quick=0.0))
    rig.start(replica(1, "exit 6"))
    until_restarts(rig, 1, 4)
    assert rig.stop(1).outcome == Outcome.CANCELLED


def test_what_cannot_even_start_is_given_up_as_well_with_the_reason(make_rig: RigMaker) -> None:
    rig = make_rig(care=BRISK._replace(most_quick=2))
    rig.start(replica(1, "true", cwd="/nowhere"))
    end = rig.end_of(1)
    assert (end.outcome, end.exit_code) == (Outcome.CRASH_LOOP, None)
    assert end.detail.endswith("; the last: working directory /nowhere does not exist")


def test_nothing_of_the_former_process_is_left_when_the_next_begins(rig: Rig, gate: Path, tmp_path: Path) -> None:
    pids, alive = tmp_path / "pids", tmp_path / "alive"
    look = f"for pid in $(cat {pids}); do kill -0 $pid && echo $pid >> {alive}; done"
    child = f"trap '' TERM; echo $$ >> {pids}; echo up >> {gate}; sleep 1000"
    rig.start(replica(1, f'touch {pids}; {look}; setsid sh -c "{child}" & read line < {gate}; exit 1', grace_s=0.1))
    until_restarts(rig, 1, 3)
    assert len(pids.read_text().split()) >= 3
    assert not alive.exists()


def test_what_used_too_much_memory_is_started_again(rig: Rig) -> None:
    rig.start(replica(1, DEAF))
    former = rig.running(1).pid
    rig.processes.stop(1, Outcome.OUT_OF_MEMORY, 0, "used 300 MiB of 256 MiB")
    until_restarts(rig, 1, 1)
    assert rig.processes.replica(1).last_exit == "signal 9: used 300 MiB of 256 MiB"
    assert not is_alive(former)


def test_a_restart_that_is_asked_for_is_at_once_and_once(make_rig: RigMaker) -> None:
    rig = make_rig(care=HOURS)
    former = rig.start_until_ready(replica(1, UP, generation=3)).pid
    rig.processes.restart(1, 3, 10)  # it follows that already
    rig.processes.restart(1, 5, 10)
    rig.processes.restart(1, 5, 10)
    rig.processes.restart(1, 4, 10)
    now = rig.replica_until(1, lambda now: now.generation == 5 and now.ready_ago_s is not None, "generation 5")
    assert (now.restarts, now.last_exit) == (0, ""), "it did not end by itself"
    assert rig.running(1).pid != former
    assert not is_alive(former)


def test_after_a_restart_it_is_as_ready_as_any_other(make_rig: RigMaker) -> None:
    rig = make_rig(care=BRISK._replace(most_quick=1, quick=0.0))  # who was not ready is given up
    rig.start_until_ready(replica(1, UP))
    before = rig.replica_until(1, lambda now: now.ready_ago_s is not None, "it to be ready")
    rig.processes.restart(1, 1, 10)
    after = rig.replica_until(1, lambda now: now.generation == 1 and now.ready_ago_s is not None, "generation 1")
    assert before.ready_ago_s is not None
    assert after.ready_ago_s is not None
    kill_process(rig, 1)
    until_restarts(rig, 1, 1)


def test_who_is_being_restarted_is_not_ready(rig: Rig) -> None:
    rig.start_until_ready(replica(1, DEAF, ready_cmd="true"))
    rig.replica_until(1, lambda now: now.ready_ago_s is not None, "it to be ready")
    rig.processes.restart(1, 1, 1000)
    now = rig.replica_until(1, lambda now: now.ready_ago_s is None, "it not to be")
    assert (now.restarts, now.generation) == (0, 0)


def test_a_restart_kills_what_does_not_heed_its_grace(rig: Rig) -> None:
    former = rig.start_until_ready(replica(1, DEAF)).pid
    rig.processes.restart(1, 1, 0.05)
    rig.replica_until(1, lambda now: now.generation == 1, "generation 1")
    assert not is_alive(former)


def test_a_restart_ends_a_rest_and_what_was_before_counts_no_more(make_rig: RigMaker) -> None:
    rig = make_rig(care=HOURS._replace(most_quick=2))
    rig.start(replica(1, "exit 5"))
    rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    rig.processes.restart(1, 1, 0)
    now = rig.replica_until(1, lambda now: now.generation == 1 and now.rests_s is not None, "the next rest")
    assert now.restarts == 1


def test_who_is_stopped_while_it_is_restarted_does_not_come_back(rig: Rig) -> None:
    rig.start_until_ready(replica(1, DEAF))
    rig.processes.restart(1, 1, 1000)
    rig.processes.stop(1, Outcome.CANCELLED, 1000)
    rig.processes.restart(1, 2, 0)  # not any more
    assert rig.stop(1, Outcome.REQUEUED, 0).outcome == Outcome.CANCELLED


def test_who_is_stopped_while_its_leftovers_are_cleared_does_not_come_back(rig: Rig, tmp_path: Path) -> None:
    child = tmp_path / "child"
    leave = f"trap '' TERM; echo $$ > {child}; while :; do sleep 1000; done"
    rig.start(replica(1, f'setsid sh -c "{leave}" & until [ -s {child} ]; do :; done; exit 3', grace_s=1000.0))
    pid = rig.running(1).pid
    until(lambda: child.exists() and not is_alive(pid), what="only the child to be left")
    assert rig.stop(1, Outcome.HELD, 0).outcome == Outcome.HELD


def test_a_lease_that_is_out_ends_a_rest(make_rig: RigMaker) -> None:
    rig = make_rig(care=HOURS)
    rig.start(replica(1, "exit 5", lease_s=LEASE))
    rig.replica_until(1, lambda now: now.rests_s is not None, "the rest")
    with (rig.spool / "synced").open("r+b") as file:
        file.write(struct.pack("d", boottime() - LEASE - 1))
    os.kill(rig.processes.running()[1].supervisor_pid, signal.SIGCHLD)
    end = rig.end_of(1)
    assert (end.outcome, end.exit_code) == (Outcome.LEASE_EXPIRED, 5)


def test_nothing_is_started_again_under_a_lease_that_is_out(rig: Rig, gate: Path) -> None:
    rig.start(replica(1, f"read line < {gate}; echo run", lease_s=LEASE, grace_s=1000.0))
    rig.running(1)
    with (rig.spool / "synced").open("r+b") as file:
        file.write(struct.pack("d", boottime() - LEASE - 1))
    gate.write_text("go\n")
    end = rig.end_of(1)
    assert end.outcome == Outcome.LEASE_EXPIRED
    assert rig.output(1).count("run\n") <= 1


def test_a_restart_under_a_lease_that_is_out_starts_nothing(rig: Rig) -> None:
    rig.start_until_ready(replica(1, UP, lease_s=LEASE, grace_s=1000.0))
    with (rig.spool / "synced").open("r+b") as file:
        file.write(struct.pack("d", boottime() - LEASE - 1))
    rig.processes.restart(1, 1, 1000)
    assert rig.end_of(1).outcome == Outcome.LEASE_EXPIRED
    assert rig.output(1) == "ready\n"


def test_a_journal_does_not_grow_however_often_it_restarts(make_rig: RigMaker) -> None:
    rig = make_rig(care=BRISK._replace(first_rest=0.0))
    rig.start(replica(1, "exit 1"))
    until_restarts(rig, 1, 50)
    (journal,) = (rig.spool / "supervisors").glob("*.journal")
    assert len(list(read_lines(journal))) <= 2


def test_cpu_time_counts_all_processes_of_an_attempt(rig: Rig, gate: Path) -> None:
    busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
    rig.start(replica(1, f"{busy}; read line < {gate}"))
    rig.running(1)
    gate.write_text("go\n")
    until_restarts(rig, 1, 1)
    first = rig.running(1).reaped_s
    gate.write_text("go\n")
    until_restarts(rig, 1, 2)
    assert rig.running(1).reaped_s == first  # what the sampler counts from is still the beginning
    assert rig.stop(1).cpu_s > 0.02


def test_what_is_sampled_never_falls_from_one_process_to_the_next(rig: Rig, gate: Path) -> None:
    busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
    rig.start(replica(1, f"{busy}; read line < {gate}"))
    sampler, seen = Sampler(), []
    for times in (1, 2):
        rig.running(1)
        gate.write_text("go\n")  # it is asleep by now: all that it will use, it has used
        seen.append(sampler.sample(rig.processes.running()).usages[1].cpu_s)
        until_restarts(rig, 1, times)
    seen.append(sampler.sample(rig.processes.running()).usages[1].cpu_s)
    assert 0 < seen[0] < seen[1] <= seen[2]


def test_what_the_supervisor_did_before_is_not_counted(rig: Rig) -> None:
    rig.run(shell(1, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"))
    rig.processes.acknowledge([1])
    rig.start(replica(2, UP))
    assert rig.running(2).reaped_s > 0


def test_outputs_are_capped_over_all_processes_of_an_attempt(make_rig: RigMaker, gate: Path) -> None:
    rig = make_rig(output_cap_mb=1)
    rig.start(replica(1, f"head -c 900000 /dev/urandom; read line < {gate}"))
    for times in range(1, 5):
        gate.write_text("go\n")
        until_restarts(rig, 1, times)
    gate.write_text("go\n")
    rig.stop(1)
    (file,) = (rig.spool / "output").rglob("*.out")
    assert file.stat().st_size >= 4 * 900_000
    assert file.stat().st_blocks * 512 <= (1 << 20) + (1 << 17)
