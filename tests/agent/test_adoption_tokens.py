"""The same number, another attempt: of a database that was restored, of a spool that was copied, of a pid's next owner.

========================================  =================================================================
what stands in a journal                  what follows
========================================  =================================================================
runs under another token                  not ours; a new order with its number ends as ``never_started``
ended under another token, not reported   the same
ended under another token, and reported   a new order with its number runs
stands in two journals                    the one that lives is believed, then the younger; told once
pid of somebody else by now               never killed
========================================  =================================================================
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentd.journal import boot_id
from agentd.supervisor.tree import read_processes
from clusterctl.model.orders import End
from clusterctl.model.states import Outcome
from tests.agent.rig import TOKEN, Rig, RigMaker, is_alive, shell
from tests.until import until

FOREVER = "sleep 1000"
ANOTHER = str(uuid.uuid4())


def told(rig: Rig, count: int) -> dict[str, End]:
    """The next *count* ends, by token."""
    found: list[End] = []

    def heard() -> bool:
        found.extend(rig.processes.collect())
        return len(found) >= count

    until(heard, what=f"{count} ends")
    assert len({end.start_token for end in found}) == len(found) == count
    return {end.start_token: end for end in found}


def test_a_new_attempt_with_the_number_of_one_that_runs_is_refused_and_said(make_rig: RigMaker) -> None:
    rig = make_rig()
    rig.start(shell(2101, FOREVER))
    pid = rig.running(2101).pid
    assert not rig.processes.knows(2101, ANOTHER)
    rig.processes.start(shell(2101, FOREVER), ANOTHER)
    end = told(rig, 1)[ANOTHER]
    assert (end.outcome, end.detail) == (
        Outcome.NEVER_STARTED,
        "allocation 2101 is another attempt here: was the database restored?",
    )
    rig.processes.acknowledge([2101])
    assert rig.running(2101).pid == pid
    rig.processes.stop(2101, Outcome.CANCELLED, 0)
    assert told(rig, 1)[TOKEN].outcome == Outcome.CANCELLED


def test_a_new_attempt_with_the_number_of_one_whose_end_is_not_reported_is_refused(make_rig: RigMaker) -> None:
    first = make_rig()
    first.run(shell(2111, "exit 3"))
    first.close()
    rig = make_rig()
    rig.processes.start(shell(2111, "exit 4"), ANOTHER)
    ends = told(rig, 2)
    assert (ends[TOKEN].exit_code, ends[ANOTHER].outcome) == (3, Outcome.NEVER_STARTED)


def test_a_new_attempt_with_the_number_of_one_that_is_over_runs(make_rig: RigMaker) -> None:
    rig = make_rig()
    rig.run(shell(2121, "exit 3"))
    rig.processes.acknowledge([2121])
    rig.processes.start(shell(2121, "exit 4"), ANOTHER)
    assert told(rig, 1)[ANOTHER].exit_code == 4
    assert rig.processes.knows(2121, ANOTHER)
    assert not rig.processes.knows(2121, TOKEN)
    rig.close()
    assert told(make_rig(), 1)[ANOTHER].exit_code == 4


def test_a_copy_of_a_living_supervisors_journal_is_not_believed(make_rig: RigMaker) -> None:
    first = make_rig()
    first.start(shell(2131, FOREVER))
    pid = first.running(2131).pid
    first.close(stop_jobs=False)
    shutil.copy(first.spool / "supervisors" / "1.journal", first.spool / "supervisors" / "9.journal")
    rig = make_rig()
    assert rig.running(2131).pid == pid
    assert rig.stop(2131).outcome == Outcome.CANCELLED
    assert not (first.spool / "supervisors" / "9.journal").exists()


def test_two_attempts_of_one_number_are_both_told_and_nothing_of_either_stays(make_rig: RigMaker) -> None:
    first = make_rig()
    first.start_until_ready(shell(2141, f"echo ready; {FOREVER}"))
    before = first.running(2141)
    first.close(stop_jobs=False)
    os.kill(before.supervisor_pid, signal.SIGKILL)
    write_journal(first.spool / "supervisors" / "9.journal", 2141, ANOTHER, pid=before.pid, start=1)
    rig = make_rig()
    ends = told(rig, 2)
    assert {end.outcome for end in ends.values()} == {Outcome.SUPERVISOR_LOST}
    assert not is_alive(before.pid)


@pytest.fixture
def innocent() -> Iterator[subprocess.Popen[bytes]]:
    """Processes, one of them the leader of their session, that has got a pid which a journal tells of."""
    with subprocess.Popen(["sh", "-c", "sleep 1000 & wait"], start_new_session=True) as process:
        until(lambda: len(members(process.pid)) == 2)
        yield process
        for pid in members(process.pid):
            os.kill(pid, signal.SIGKILL)


def members(session: int) -> list[int]:
    """The processes of a session that live."""
    return [each.pid for each in read_processes().values() if each.session == session and not each.is_zombie]


def write_journal(path: Path, number: int, token: str, *, pid: int, start: int) -> None:
    """What a supervisor that was *pid*, with a job that was *pid*, would have left."""
    begin = {
        "kind": "begin",
        "allocation_id": number,
        "job_id": number,
        "token": token,
        "boot": boot_id(),
        "supervisor_pid": pid,
        "supervisor_start": start,
        "lease_s": None,
        "memory_mb": 0,
        "gpus": [],
        "at": 0.0,
    }
    spawned = {"kind": "spawned", "allocation_id": number, "pid": pid, "start": start, "reaped_s": 0.0}
    path.write_text(json.dumps(begin) + "\n" + json.dumps(spawned) + "\n")


def test_whoever_has_got_the_pid_of_a_supervisor_or_a_job_is_left_alone(
    make_rig: RigMaker, monkeypatch: pytest.MonkeyPatch, innocent: subprocess.Popen[bytes]
) -> None:
    monkeypatch.setattr("agentd.farewells.GOES_WITHIN_S", 0.0)
    monkeypatch.setattr("agentd.roster.GONE_S", 0.2)
    rig = make_rig()
    rig.close()
    journal = rig.spool / "supervisors" / "1.journal"
    write_journal(journal, 2151, TOKEN, pid=innocent.pid, start=1)
    with journal.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # somebody holds it, but who?
        rig = make_rig()
        assert rig.listen() == {}
        assert rig.processes.knows(2151, TOKEN)
    assert rig.end_of(2151).outcome == Outcome.SUPERVISOR_LOST
    assert len(members(innocent.pid)) == 2


def test_whoever_has_got_the_pid_of_a_warm_process_is_left_alone(
    make_rig: RigMaker, monkeypatch: pytest.MonkeyPatch, innocent: subprocess.Popen[bytes]
) -> None:
    monkeypatch.setattr("agentd.forks.OLD_ONE_GOES_WITHIN_S", 0.2)
    rig = make_rig()
    rig.close()
    with (rig.spool / "warm").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{innocent.pid}\n")
        file.flush()
        with pytest.raises(OSError, match="somebody holds it and does not end"):
            make_rig()
    assert innocent.poll() is None
    assert make_rig().run(shell(2161, "exit 2")).exit_code == 2
