"""How attempts start and end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentd.journal import boottime
from clusterctl.model.states import Outcome
from tests.agent.rig import SHORT_GRACE_S, TOKEN, Rig, is_alive, order, shell
from tests.until import until

FOREVER = "sleep 1000"
DEAF = "trap '' TERM; echo ready; while :; do sleep 1000; done"


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_the_exit_code_of_a_job_is_told(rig: Rig, code: int) -> None:
    end = rig.run(shell(1, f"exit {code}"))
    assert (end.outcome, end.exit_code, end.signal) == (Outcome.EXITED, code, None)


@pytest.mark.parametrize("signal", [9, 11, 15])
def test_the_signal_that_ended_a_job_is_told(rig: Rig, signal: int) -> None:
    end = rig.run(shell(1, f"kill -{signal} $$"))
    assert (end.outcome, end.exit_code, end.signal) == (Outcome.EXITED, None, signal)


def test_an_end_carries_the_token_and_the_time_since(rig: Rig) -> None:
    before = boottime()
    end = rig.run(order(1, "/bin/true"))
    assert end.start_token == TOKEN
    assert 0 <= end.ago_s <= boottime() - before


def test_the_processor_time_of_the_whole_tree_is_told(rig: Rig) -> None:
    burn = "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"
    alone, ten = rig.run(shell(1, burn)), rig.run(shell(2, f"({burn}) & " * 9 + f"{burn}; wait"))
    assert alone.cpu_s > 0
    assert ten.cpu_s > 3 * alone.cpu_s  # not 10: a core that shares its circuits is charged up to twice as much


def test_a_supervisor_is_used_again(rig: Rig) -> None:
    for number in range(1, 6):
        rig.run(order(number, "/bin/true"))
        rig.processes.acknowledge([number])
    assert len(list(rig.spool.glob("supervisors/*.journal"))) == 1


def test_many_attempts_run_at_the_same_time(rig: Rig, gate: Path) -> None:
    rig.start(*(shell(number, f"read line < {gate}") for number in range(1, 11)))
    supervisors = {rig.running(number).supervisor_pid for number in range(1, 11)}
    assert len(supervisors) == 10


def test_a_job_that_runs_too_long_is_stopped(rig: Rig) -> None:
    end = rig.run(shell(1, FOREVER, time_limit_s=1))
    assert (end.outcome, end.signal) == (Outcome.TIME_LIMIT, 15)
    assert end.detail == "ran longer than 1 s"


def test_a_job_that_ignores_term_is_killed_after_the_grace(rig: Rig) -> None:
    rig.start_until_ready(shell(1, DEAF))
    asked = boottime()
    end = rig.stop(1)
    assert (end.outcome, end.signal) == (Outcome.CANCELLED, 9)
    assert boottime() - asked >= SHORT_GRACE_S


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.WORKER_STOPPED, Outcome.OUT_OF_MEMORY])
def test_an_attempt_that_exits_by_itself_during_a_stop_reports_the_stop(rig: Rig, outcome: Outcome) -> None:
    rig.start_until_ready(shell(1, "trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done"))
    end = rig.stop(1, outcome, grace_s=10)
    assert (end.outcome, end.exit_code) == (outcome, 7)


@pytest.mark.parametrize("first", [Outcome.REQUEUED, Outcome.WORKER_STOPPED])
def test_what_was_to_run_again_and_is_cancelled_while_it_ends_is_cancelled(rig: Rig, first: Outcome) -> None:
    rig.start_until_ready(shell(1, DEAF))
    rig.processes.stop(1, first, 60)
    assert rig.stop(1, Outcome.CANCELLED).outcome == Outcome.CANCELLED


def test_a_cancelled_attempt_stays_so_whatever_is_asked_while_it_ends(rig: Rig) -> None:
    rig.start_until_ready(shell(1, DEAF))
    rig.processes.stop(1, Outcome.CANCELLED, 60)
    assert rig.stop(1, Outcome.REQUEUED).outcome == Outcome.CANCELLED


def test_a_shell_with_a_trap_hears_term_although_its_child_is_running(rig: Rig) -> None:
    rig.start_until_ready(shell(1, f"trap 'exit 7' TERM; echo ready; {FOREVER}"))
    assert rig.stop(1, grace_s=10).exit_code == 7


def test_a_stopped_process_is_stopped_for_good(rig: Rig) -> None:
    rig.start_until_ready(shell(1, "echo ready; kill -STOP $$"))
    assert rig.stop(1, grace_s=10).signal == 15


def test_a_second_stop_hurries_and_keeps_the_first_name(rig: Rig) -> None:
    rig.start_until_ready(shell(1, DEAF))
    rig.processes.stop(1, Outcome.CANCELLED, 1000)
    assert rig.stop(1, Outcome.WORKER_STOPPED, 0).outcome == Outcome.CANCELLED


def test_daemons_do_not_outlive_their_job(rig: Rig, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    daemon = f"setsid setsid sh -c 'trap \"\" TERM HUP; echo $$ >> {pids}; exec 0<&- 1>&- 2>&-; {FOREVER} & wait; wait'"
    end = rig.run(shell(1, f"({daemon} &) ; (env -i {daemon} &); until [ $(wc -l < {pids}) = 2 ]; do :; done; exit 3"))
    assert (end.outcome, end.exit_code) == (Outcome.EXITED, 3)
    assert len(pids.read_text().split()) == 2
    assert not [pid for pid in pids.read_text().split() if is_alive(int(pid))]


def test_a_job_is_started_once_in_the_history_of_its_worker(rig: Rig, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    again = shell(1, f"echo once >> {runs}")
    rig.run(again)
    rig.start(again)
    rig.run(order(2, "/bin/true"))
    assert rig.processes.knows(1, TOKEN)
    assert runs.read_text() == "once\n"


def test_an_acknowledged_end_is_forgotten(rig: Rig) -> None:
    rig.run(order(1, "/bin/true"))
    rig.processes.acknowledge([1])
    rig.processes.trim()
    assert not rig.processes.knows(1, TOKEN)
    until(lambda: not (rig.spool / "supervisors" / "1.journal").read_bytes())


def test_stopping_what_does_not_run_changes_nothing(rig: Rig) -> None:
    rig.processes.stop(99, Outcome.CANCELLED, 0)
    assert rig.run(order(1, "/bin/true")).outcome == Outcome.EXITED


def test_a_missing_working_directory_is_told(rig: Rig) -> None:
    end = rig.run(order(1, "/bin/true", cwd="/no/such/place"))
    assert (end.outcome, end.exit_code, end.signal) == (Outcome.START_FAILED, None, None)
    assert end.detail == "working directory /no/such/place does not exist"


@pytest.mark.parametrize(
    "command,code,detail",
    [
        ("no-such-command", 127, "command not found: no-such-command"),
        ("/no/such/command", 127, "command not found: /no/such/command"),
        ("/etc/passwd", 126, "command /etc/passwd may not be used: permission denied"),
        ("/etc", 126, "command /etc may not be used: permission denied"),
        ("./interpreted", 127, "the interpreter of ./interpreted does not exist"),
    ],
)
def test_a_command_that_cannot_run_exits_as_in_a_shell(
    rig: Rig, tmp_path: Path, command: str, code: int, detail: str
) -> None:
    (tmp_path / "interpreted").write_text("#!/no/such/interpreter\n")
    (tmp_path / "interpreted").chmod(0o755)
    end = rig.run(order(1, command, cwd=str(tmp_path)))
    assert (end.outcome, end.exit_code, end.detail) == (Outcome.START_FAILED, code, detail)


def test_a_command_is_sought_on_the_path_of_the_job(rig: Rig, tmp_path: Path) -> None:
    command = tmp_path / "just-here"
    command.write_text("echo found $0\n")  # and without a shebang: /bin/sh runs it
    command.chmod(0o755)
    assert rig.run(order(1, "just-here", env={"PATH": str(tmp_path)})).exit_code == 0
    assert rig.output(1) == f"found {command}\n"


def test_a_script_runs_with_its_arguments_and_is_removed(rig: Rig) -> None:
    text = '#!/usr/bin/env python3\nimport sys\nprint("Grüße", *sys.argv[1:])\n'
    assert rig.run(order(1, "eins", "zwei drei", script=text)).exit_code == 0
    assert rig.output(1) == "Grüße eins zwei drei\n"
    rig.processes.acknowledge([1])
    assert not list((rig.spool / "scripts").iterdir())


def test_a_script_without_a_shebang_is_for_the_shell(rig: Rig) -> None:
    assert rig.run(order(1, script="echo plain; exit 4\n")).exit_code == 4
    assert rig.output(1) == "plain\n"


def test_an_order_larger_than_a_socket_buffer_arrives(rig: Rig) -> None:
    size = 100_000
    env = {f"LARGE_{n}": "x" * size for n in range(8)}
    assert rig.run(shell(1, "echo ${#LARGE_7}", env=env)).exit_code == 0
    assert rig.output(1) == f"{size}\n"
    assert not list((rig.spool / "orders").iterdir())


def test_arguments_beyond_the_kernels_limit_are_told(rig: Rig) -> None:
    end = rig.run(order(1, "/bin/echo", *["x" * 100_000] * 40))
    assert (end.outcome, end.exit_code) == (Outcome.START_FAILED, 126)
    assert "more arguments and environment than Linux allows" in end.detail


def test_a_job_inherits_default_signals(rig: Rig) -> None:
    rig.run(order(1, "grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"))
    blocked, ignored = (int(line.split()[1], 16) for line in rig.output(1).splitlines())
    glibcs_own = 0b11 << 31  # 32 and 33: its posix_spawn ignores them, and nobody else may use them
    assert (blocked, ignored & ~glibcs_own) == (0, 0)


def test_a_job_has_no_input_and_no_descriptors_of_ours(rig: Rig) -> None:
    rig.run(shell(1, "cat; ls /proc/self/fd"))
    assert rig.output(1).split() == ["0", "1", "2", "3"]  # 3: the directory that ls itself reads


def test_an_idle_supervisor_keeps_no_directory_busy(rig: Rig, tmp_path: Path) -> None:
    rig.start(shell(1, FOREVER, cwd=str(tmp_path)))
    supervisor = rig.running(1).supervisor_pid
    rig.stop(1)
    assert os.readlink(f"/proc/{supervisor}/cwd") == "/"
