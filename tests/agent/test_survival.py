"""What goes on, and what is told, when a part of agentd dies."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from agentd.journal import boottime
from agentd.spool import Spool
from clusterctl.model.errors import Refused
from clusterctl.model.states import Outcome
from tests.agent.rig import TOKEN, Rig, RigMaker, another_agentd, held, is_alive, order, shell, waiting_for
from tests.until import until

FOREVER = "sleep 1000"


def kill(pid: int) -> None:
    """As a crash does."""
    os.kill(pid, signal.SIGKILL)


def warm_pid(rig: Rig) -> int:
    """The pid of the warm process, which stands in its lock file once it is ready."""
    return int(until((rig.spool / "warm").read_text))


def test_jobs_outlive_a_killed_agentd_and_the_next_one_tells_their_true_exits(
    make_rig: RigMaker, tmp_path: Path, gate: Path
) -> None:
    jobs = f"shell(n, {waiting_for(gate, 'exit $CLUSTERCTL_JOB_ID')!r}) for n in range(1, 21)"
    with another_agentd(tmp_path / "spool", jobs) as agentd:
        agentd.kill()
        agentd.wait()
    rig = make_rig()
    assert sorted(rig.processes.running()) == list(range(1, 21))
    assert all(is_alive(rig.running(number).pid) for number in range(1, 21))
    writer = os.open(gate, os.O_WRONLY)  # opens when all that wait have read; then they see its end
    os.close(writer)
    ends = [rig.end_of(number) for number in range(1, 21)]
    assert [(end.outcome, end.exit_code) for end in ends] == [(Outcome.EXITED, n) for n in range(1, 21)]


def test_what_ends_while_there_is_no_agentd_is_told_by_the_next(make_rig: RigMaker, tmp_path: Path, gate: Path) -> None:
    spool = tmp_path / "spool"
    with another_agentd(spool, f"[shell(1, {waiting_for(gate, 'exit 5')!r}), order(2, 'sleep', '1000')]") as agentd:
        agentd.kill()
        agentd.wait()
    os.close(os.open(gate, os.O_WRONLY))
    until(lambda: len(held(spool)) == 1, what="the first supervisor to end")
    rig = make_rig()
    assert rig.processes.knows(1, TOKEN)
    assert rig.end_of(1).exit_code == 5
    assert rig.stop(2).outcome == Outcome.CANCELLED


def test_an_end_is_told_again_by_the_next_agentd_until_it_is_acknowledged(make_rig: RigMaker) -> None:
    first = make_rig()
    first.run(shell(1, "exit 6"))
    first.close()
    second = make_rig()
    assert second.end_of(1).exit_code == 6
    second.processes.acknowledge([1])
    second.close()
    third = make_rig()
    assert not third.processes.knows(1, TOKEN)
    assert not list(third.spool.glob("supervisors/*"))


def test_closing_leaves_jobs_running(make_rig: RigMaker) -> None:
    first = make_rig()
    first.start(shell(1, FOREVER))
    pid = first.running(1).pid
    first.close(stop_jobs=False)
    assert is_alive(pid)
    second = make_rig()
    assert second.running(1).pid == pid


def test_closing_with_stop_jobs_stops_them_and_keeps_their_ends(make_rig: RigMaker) -> None:
    first = make_rig()
    first.start(shell(1, FOREVER), shell(2, FOREVER))
    pids = [first.running(number).pid for number in (1, 2)]
    first.close(stop_jobs=True)
    assert not any(map(is_alive, pids))
    assert make_rig().end_of(2).outcome == Outcome.WORKER_STOPPED


def test_a_killed_supervisor_costs_its_job_and_nothing_of_it_stays(rig: Rig, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    note = f"echo $$ >> {pids}"
    # A child in another session, one without our mark in its environment, and the job's own process.
    tree = f"(setsid sh -c '{note}; {FOREVER}' &); env -i sh -c '{note}; sleep 1000' & {note}"
    rig.start_until_ready(shell(1, f"{tree}; until [ $(wc -l < {pids}) = 3 ]; do :; done; echo ready; {FOREVER}"))
    kill(rig.running(1).supervisor_pid)
    end = rig.end_of(1)
    assert (end.outcome, end.exit_code, end.signal) == (Outcome.SUPERVISOR_LOST, None, None)
    assert not [pid for pid in pids.read_text().split() if is_alive(int(pid))]
    assert rig.run(order(2, "/bin/true")).outcome == Outcome.EXITED


def test_another_clusters_job_of_the_same_number_is_left_alone(rig: Rig) -> None:
    rig.start_until_ready(shell(1, f"echo ready; {FOREVER}"))
    theirs = {"CLUSTERCTL_ALLOCATION_ID": "1", "CLUSTERCTL_START_TOKEN": "of another cluster"}
    with subprocess.Popen(["sleep", "1000"], env={**os.environ, **theirs}) as stranger:
        kill(rig.running(1).supervisor_pid)
        assert rig.end_of(1).outcome == Outcome.SUPERVISOR_LOST
        assert stranger.poll() is None
        stranger.kill()


def test_a_supervisor_that_died_together_with_agentd_is_noticed_by_the_next(make_rig: RigMaker, tmp_path: Path) -> None:
    with another_agentd(tmp_path / "spool", f"[shell(1, {FOREVER!r})]") as agentd:
        agentd.kill()
        agentd.wait()
    first = Rig(tmp_path / "spool")
    running = first.running(1)
    first.close(stop_jobs=False)
    kill(running.supervisor_pid)
    rig = make_rig()
    assert rig.end_of(1).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(running.pid)


def test_a_killed_warm_process_costs_no_job(rig: Rig, gate: Path) -> None:
    rig.start(shell(1, waiting_for(gate, "exit 8")))
    rig.running(1)
    kill(warm_pid(rig))
    assert rig.run(shell(2, "exit 9")).exit_code == 9
    os.close(os.open(gate, os.O_WRONLY))
    assert rig.end_of(1).exit_code == 8


def test_an_order_to_a_supervisor_that_dies_before_it_begins_goes_to_another(rig: Rig) -> None:
    rig.run(order(1, "/bin/true"))
    supervisor = int(
        rig.spool.joinpath("supervisors", "1.journal").read_text().split('"supervisor_pid":')[1].split(",")[0]
    )
    os.kill(supervisor, signal.SIGSTOP)
    rig.start(shell(2, "exit 9"))
    kill(supervisor)
    assert rig.end_of(2).exit_code == 9


def test_the_warm_process_ends_with_its_agentd(make_rig: RigMaker, tmp_path: Path) -> None:
    with another_agentd(tmp_path / "spool", f"[shell(1, {FOREVER!r})]") as agentd:
        warm = int((tmp_path / "spool" / "warm").read_text())
        agentd.kill()
        until(lambda: not is_alive(warm), what="the warm process to end")
    assert is_alive(make_rig().running(1).pid)


def test_a_journal_cut_in_the_middle_of_a_line_is_read_up_to_there(make_rig: RigMaker) -> None:
    first = make_rig()
    first.run(shell(1, "exit 3"))
    first.run(shell(2, "exit 4"))
    first.close()
    journal = first.spool / "supervisors" / "1.journal"
    journal.write_bytes(journal.read_bytes()[:-20])  # within the end of the second
    second = make_rig()
    assert second.end_of(1).exit_code == 3
    assert second.end_of(2).outcome == Outcome.SUPERVISOR_LOST


def test_a_full_disk_starts_nothing_and_forgets_no_end(make_rig: RigMaker, tmp_path: Path, gate: Path) -> None:
    rig = make_rig()
    rig.start(shell(1, waiting_for(gate, "exit 8")))
    supervisor = rig.running(1).supervisor_pid
    room = rig.spool.joinpath("supervisors", "1.journal").stat().st_size + 10
    resource.prlimit(supervisor, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    os.close(os.open(gate, os.O_WRONLY))
    assert rig.end_of(1).exit_code == 8
    refused = rig.run(order(2, "/bin/true"))
    assert refused.outcome == Outcome.NEVER_STARTED
    assert "journal cannot be written" in refused.detail
    rig.close(stop_jobs=False)
    second = make_rig()  # the supervisor has stayed, for what it could not write down
    assert second.end_of(1).exit_code == 8
    second.processes.acknowledge([1])
    second.processes.trim()
    resource.prlimit(supervisor, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert second.run(order(3, "/bin/true")).exit_code == 0


def test_spoilt_lines_are_passed_over(make_rig: RigMaker) -> None:
    first = make_rig()
    first.run(shell(1, "exit 3"))
    first.close()
    journal = first.spool / "supervisors" / "1.journal"
    journal.write_bytes(b'\xff\x00garbage\n[1]\n{"kind":"end"}\n' + journal.read_bytes())
    assert make_rig().end_of(1).exit_code == 3


def test_after_a_reboot_what_ran_is_told_as_rebooted(make_rig: RigMaker) -> None:
    first = make_rig()
    first.run(shell(1, "exit 3"))
    first.close()
    journal = first.spool / "supervisors" / "1.journal"
    begin = journal.read_bytes().splitlines()[0]
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    assert boot in begin
    journal.write_bytes(begin.replace(boot, b"of an earlier time") + b"\n")
    assert make_rig().end_of(1).outcome == Outcome.WORKER_REBOOTED


def test_a_job_is_not_started_again_by_the_next_agentd(make_rig: RigMaker, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    first = make_rig()
    first.run(shell(1, f"echo once >> {runs}"))
    first.close()
    second = make_rig()
    second.start(shell(1, f"echo twice >> {runs}"))
    second.run(order(2, "/bin/true"))
    assert runs.read_text() == "once\n"


def test_a_second_agentd_on_the_same_spool_is_refused(rig: Rig) -> None:
    with pytest.raises(Refused, match="another agentd uses the spool"):
        Spool(rig.spool)


def test_a_supervisor_told_to_end_ends_its_job_first(rig: Rig) -> None:
    rig.start(shell(1, FOREVER))
    running = rig.running(1)
    os.kill(running.supervisor_pid, signal.SIGTERM)
    assert rig.end_of(1).outcome == Outcome.SUPERVISOR_LOST
    until(lambda: not is_alive(running.supervisor_pid))
    assert rig.run(order(2, "/bin/true")).exit_code == 0


def test_a_path_longer_than_a_socket_address_is_no_obstacle(make_rig: RigMaker, tmp_path: Path) -> None:
    spool = tmp_path / ("long" * 30) / "spool"
    first = make_rig(spool)
    first.start(shell(1, FOREVER))
    pid = first.running(1).pid
    first.close(stop_jobs=False)
    assert make_rig(spool).running(1).pid == pid


def test_nobody_else_can_look_into_the_spool(rig: Rig) -> None:
    rig.run(order(1, "/bin/true"))
    assert rig.spool.stat().st_mode & 0o777 == 0o700


def test_idle_supervisors_leave_after_a_while(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.run(order(1, "/bin/true"))
    rig.processes.acknowledge([1])
    monkeypatch.setattr("agentd.roster.IDLE_S", 0.0)
    rig.processes.trim()
    until(lambda: not (rig.listen() and list(rig.spool.glob("supervisors/*"))), what="the supervisor to leave")
    assert rig.run(order(2, "/bin/true")).exit_code == 0


def test_a_lease_that_runs_out_ends_the_job(rig: Rig) -> None:
    rig.processes.renew(boottime())
    rig.start(shell(1, FOREVER, lease_s=4), shell(2, FOREVER))
    end = rig.end_of(1)
    assert (end.outcome, end.signal) == (Outcome.LEASE_EXPIRED, 15)
    assert 2 in rig.processes.running()


def test_a_lease_that_is_renewed_holds(rig: Rig) -> None:
    rig.start(shell(1, FOREVER, lease_s=5))
    began = time.monotonic()
    while time.monotonic() < began + 5.5:
        rig.listen()
        rig.processes.renew(boottime())
    assert 1 in rig.processes.running()


def test_nothing_starts_under_a_lease_that_is_out(make_rig: RigMaker, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    (spool.path / "synced").write_bytes(bytes(8))
    spool.close()
    rig = make_rig()
    rig.processes.renew(0.0)  # never moves it back
    ran = tmp_path / "ran"
    assert rig.run(shell(1, f"touch {ran}", lease_s=-1000000)).outcome == Outcome.NEVER_STARTED
    assert not ran.exists()
