"""Jobs that work against the worker: each ends with a reason, nothing of it stays, and the next job runs."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest

from agentd.supervisor.tree import read_processes
from clusterctl.model.marks import mark
from clusterctl.model.orders import Order
from clusterctl.model.states import Outcome
from tests.agent.rig import TOKEN, Rig, is_alive, order, shell
from tests.until import until

FOREVER = "sleep 1000"


def marked(number: int) -> list[int]:
    """The processes that carry the mark of allocation *number*, of this run."""
    wanted = mark(number, TOKEN)
    found = []
    for pid in read_processes():
        try:
            environment = set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
        except OSError:
            continue
        if wanted <= environment and is_alive(pid):
            found.append(pid)
    return found


def python(number: int, text: str) -> Order:
    """Allocation *number*, which runs *text* in Python."""
    return order(number, sys.executable, "-S", "-c", textwrap.dedent(text))


def fine(rig: Rig, number: int) -> bool:
    """Whether the next job runs as if nothing had been."""
    return rig.run(order(number, "/bin/true")).exit_code == 0


def test_a_job_that_kills_its_supervisor_dies_with_it(rig: Rig) -> None:
    end = rig.run(shell(2301, f"{FOREVER} & (setsid {FOREVER} &); kill -9 $PPID; {FOREVER}"))
    assert end.outcome == Outcome.SUPERVISOR_LOST
    assert end.detail.startswith("its supervisor, process ")
    assert not marked(2301)
    assert fine(rig, 2302)


def test_a_job_that_asks_its_supervisor_to_end_ends_itself(rig: Rig) -> None:
    assert rig.run(shell(2311, f"kill $PPID; {FOREVER}")).outcome == Outcome.SUPERVISOR_LOST
    assert not marked(2311)
    assert fine(rig, 2312)


def test_a_job_that_stops_its_supervisor_is_ended_all_the_same(rig: Rig) -> None:
    rig.start(shell(2321, f"kill -STOP $PPID; echo ready; {FOREVER}"))
    until(lambda: marked(2321) and "ready" in rig.output(2321))
    rig.listen()
    rig.processes.trim()
    rig.processes.stop(2321, Outcome.CANCELLED, 0.1)

    def is_heard() -> bool:
        rig.processes.trim()  # again and again, as agentd does: on a busy machine what was told to stop runs on a while
        return 2321 in rig.listen()

    until(is_heard)
    assert rig.end_of(2321).outcome == Outcome.CANCELLED
    assert fine(rig, 2322)


def test_a_job_that_kills_the_warm_process_harms_nobody(rig: Rig) -> None:
    until((rig.spool / "warm").read_text)
    assert rig.run(shell(2331, f"kill -9 $(cat {rig.spool}/warm); exit 5")).exit_code == 5
    rig.start(shell(2332, FOREVER))  # takes the idle supervisor: the next one has to be made
    assert fine(rig, 2333)
    assert rig.stop(2332).outcome == Outcome.CANCELLED


def test_a_job_that_closes_its_files_ends_as_it_says(rig: Rig) -> None:
    end = rig.run(shell(2341, "exec 0<&- 1>&- 2>&-; echo nobody; exit 3"))
    assert (end.outcome, end.exit_code) == (Outcome.EXITED, 3)
    assert fine(rig, 2342)


def test_a_job_that_deletes_its_supervisors_journal_and_socket_ends_as_it_says(rig: Rig) -> None:
    end = rig.run(shell(2351, f"rm -rf {rig.spool}/supervisors/*; exit 6"))
    assert (end.outcome, end.exit_code) == (Outcome.EXITED, 6)
    rig.processes.acknowledge([2351])
    assert fine(rig, 2352)
    assert len(list((rig.spool / "supervisors").glob("*.journal"))) == 1  # a new supervisor has a new one


def test_a_job_that_deletes_the_journal_and_kills_its_supervisor_is_found_by_its_mark(rig: Rig) -> None:
    text = f"(setsid {FOREVER} &); rm -rf {rig.spool}/supervisors/*; kill -9 $PPID; {FOREVER}"
    assert rig.run(shell(2361, text)).outcome == Outcome.SUPERVISOR_LOST
    assert not marked(2361)
    assert fine(rig, 2362)


def test_a_job_that_spoils_the_journals_and_kills_its_supervisor_is_told_as_lost(rig: Rig) -> None:
    text = f"echo garbage > {rig.spool}/supervisors/1.journal; kill -9 $PPID; {FOREVER}"
    assert rig.run(shell(2371, text)).outcome == Outcome.SUPERVISOR_LOST
    assert not marked(2371)
    assert fine(rig, 2372)


DEEP = """
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    depth = 0
    while depth < 6:  # 63 at last; each level in sessions of its own
        depth += 1
        if os.fork() == 0:
            os.setsid()
    if depth == 6:
        os.write(1, b"x")
    time.sleep(1000)
"""

COMET = """
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork():
        time.sleep(1000)
    print("ready", flush=True)
    for _ in range(9000):  # three minutes at most: longer than a test waits
        if os.fork():
            os._exit(0)
        os.setsid()
        time.sleep(0.02)
"""


def test_a_job_that_forks_and_forks_is_stopped_wholly(rig: Rig) -> None:
    rig.start(python(2381, DEEP))
    rig.running(2381)
    until(lambda: rig.output(2381).count("x") == 64, what="all of them")
    assert len(marked(2381)) == 64
    assert rig.stop(2381).outcome == Outcome.CANCELLED
    assert not marked(2381)
    assert fine(rig, 2382)


@pytest.mark.parametrize("supervisor_too", [False, True])
def test_a_job_that_forks_and_leaves_without_end_is_caught(rig: Rig, supervisor_too: bool) -> None:
    rig.start(python(2391, COMET))
    running = rig.running(2391)
    until(lambda: "ready" in rig.output(2391))
    if supervisor_too:
        os.kill(running.supervisor_pid, 9)
        assert rig.end_of(2391).outcome == Outcome.SUPERVISOR_LOST
    else:
        assert rig.stop(2391).outcome == Outcome.CANCELLED
    assert not marked(2391)
    assert fine(rig, 2392)
