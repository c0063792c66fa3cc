"""What jobs use, measured."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from agentd.census import read_resident
from agentd.sampler import MB, PAGE_BYTES, RATE_OVER_S, Growth, Sampler
from agentd.supervisor.tree import children_of, descendants, read_processes
from clusterctl.model.states import Outcome
from tests.agent.rig import Rig, order, shell
from tests.until import until

HOLD = "import time; held = bytearray({mb} << 20); print('ready', flush=True); time.sleep(1000)"
BURN = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"
TREE = "(setsid sh -c 'sleep 1000; :' &) ; sleep 1000 & sh -c 'echo ready; sleep 1000; :'"


def python(text: str) -> str:
    """Shell text that runs *text* in Python."""
    return f'exec python3 -c "{text}"'


def test_the_pass_sees_the_same_tree_as_psutil(rig: Rig) -> None:
    supervisor = rig.start_until_ready(shell(1, TREE)).supervisor_pid
    until(lambda: len(psutil.Process(supervisor).children(recursive=True)) == 6)
    processes = read_processes()
    ours = descendants(supervisor, children_of(processes))
    theirs = psutil.Process(supervisor).children(recursive=True)
    assert {process.pid for process in ours} == {process.pid for process in theirs}
    assert {process.pid: process.start for process in ours} == {
        process.pid: round((process.create_time() - psutil.boot_time()) * 100) for process in theirs
    }
    for process in theirs:
        assert processes[process.pid].parent == process.ppid()
        assert read_resident(process.pid) * PAGE_BYTES == process.memory_info().rss


def test_memory_and_processes_of_a_job_are_measured(rig: Rig) -> None:
    rig.start_until_ready(shell(1, python(HOLD.format(mb=100))))
    usage = Sampler().sample(rig.processes.running()).usages[1]
    assert 100 <= usage.memory_mb <= 130
    assert usage.memory_peak_mb == usage.memory_mb
    assert usage.processes == 1


def test_a_busy_job_uses_one_cpu(rig: Rig) -> None:
    rig.start_until_ready(shell(1, "echo ready; while :; do :; done"))
    sampler = Sampler()
    first = sampler.sample(rig.processes.running()).usages[1]
    until(lambda: cpu_s(Sampler(), rig) > first.cpu_s + 0.3)
    assert 0.01 <= sampler.sample(rig.processes.running()).usages[1].cpus <= 1.1  # others are busy too


def cpu_s(sampler: Sampler, rig: Rig) -> float:
    """What allocation 1 has used of the CPU."""
    return sampler.sample(rig.processes.running()).usages[1].cpu_s


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sh -c '{BURN}; echo ready'; exec sleep 1000", id="its parent waits for it"),
        pytest.param("(setsid sh -c '{BURN}; echo ready' &); exec sleep 1000", id="its parent has gone"),
    ],
)
def test_the_time_of_children_that_have_ended_still_counts(rig: Rig, text: str) -> None:
    alone = rig.run(shell(2, BURN)).cpu_s
    rig.start_until_ready(shell(1, text.replace("{BURN}", BURN)))
    sampler = Sampler()
    until(lambda: sampler.sample(rig.processes.running()).usages[1].processes == 1)
    # Not all of it: what a core is charged with depends on who shares its circuits. Without the child it is nothing.
    assert cpu_s(sampler, rig) > alone / 4


def test_the_time_of_a_job_never_falls(rig: Rig, gate: Path) -> None:
    # A child that nobody waits for takes its time with it.
    parent = "import signal, subprocess, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    child = f"{BURN}; echo ready; read line < {gate}"
    rig.start_until_ready(
        order(1, "python3", "-c", f"{parent}; subprocess.run(sys.argv[1:]); signal.pause()", "sh", "-c", child)
    )
    sampler = Sampler()
    before = cpu_s(sampler, rig)
    os.close(os.open(gate, os.O_WRONLY))
    until(lambda: sampler.sample(rig.processes.running()).usages[1].processes == 1)
    assert cpu_s(Sampler(), rig) < before
    assert cpu_s(sampler, rig) >= before


def test_a_job_over_its_memory_is_found_and_stopped(rig: Rig) -> None:
    rig.start_until_ready(shell(1, python(HOLD.format(mb=100)), memory_mb=50))
    rig.start_until_ready(shell(2, python(HOLD.format(mb=10)), memory_mb=50))
    rig.start_until_ready(shell(3, python(HOLD.format(mb=100))))
    excessive = Sampler().sample(rig.processes.running()).excessive(rig.processes.running())
    assert list(excessive) == [1]
    rig.processes.stop(1, Outcome.OUT_OF_MEMORY, 0, excessive[1])
    end = rig.end_of(1)
    assert (end.outcome, end.signal) == (Outcome.OUT_OF_MEMORY, 9)
    assert end.detail.startswith("used 1")
    assert end.detail.endswith("MiB of 50 MiB")
    assert end.memory_peak_mb >= 100


def test_the_host_is_measured_too(rig: Rig) -> None:
    rig.start_until_ready(shell(1, python(HOLD.format(mb=20))))
    host = Sampler().sample(rig.processes.running()).host
    assert host.jobs.memory_mb >= 20
    assert host.agent.memory_mb == psutil.Process().memory_info().rss // MB
    assert host.memory_available_mb > 0


def test_what_does_not_run_is_not_measured(rig: Rig) -> None:
    rig.run(shell(1, "exit 0"))
    assert not Sampler().sample(rig.processes.running()).usages


def test_a_rate_is_over_some_time_however_often_it_is_asked_for() -> None:
    growth = Growth(at=100.0, amount=0.0)
    busy = [(100.0 + step * 0.01, 0.5 * (step // 50)) for step in range(1, 1000)]  # in leaps, one every half second
    rates = [growth.rate(at, amount) for at, amount in busy if at > 100 + RATE_OVER_S]
    assert len(rates) > 500
    assert all(0.75 <= rate <= 1.25 for rate in rates)


def test_a_rate_that_is_asked_for_rarely_is_of_the_last_span_only() -> None:
    growth = Growth(at=0.0, amount=0.0)
    assert [growth.rate(10.0, 10.0), growth.rate(20.0, 10.0), growth.rate(30.0, 15.0)] == [1.0, 0.0, 0.5]
