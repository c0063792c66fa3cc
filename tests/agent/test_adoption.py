"""What the next agentd makes of what it finds, whatever has died and whatever has become of the journal.

====================  ==================================  =======================================================
journal               its supervisor lives                its supervisor is dead, its job's process lives
====================  ==================================  =======================================================
whole                 adopted; true exit                  tree killed; ``supervisor_lost``
whole, with its end   (they go when they are alone)       true exit
missing               adopted, by its socket; true exit   unknown: sought by its mark when Postgres says that we
                                                          hold it; tree killed; ``supervisor_lost``
missing, no socket    as if it were dead                  the same
cut after the start   adopted; true exit                  tree found by its mark; ``supervisor_lost``
cut within the start  adopted; true exit                  as if it were missing
garbage, other JSON   adopted; true exit                  as if it were missing
100 MB                adopted; true exit                  as if it were missing
no plain file         adopted; true exit                  as if it were missing; what is there stays there
of another boot       adopted: what lives, lives          ``worker_rebooted``
of another's token    see ``test_adoption_tokens``
====================  ==================================  =======================================================

In each, the warm process may be dead or stopped. Unknown, and without a trace: ``never_started``; Postgres then makes
it again. So whoever deletes the journal of a job that has ended unreported makes it run again, after and not beside.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clusterctl.model.errors import Refused
from clusterctl.model.exits import ExitCode
from clusterctl.model.orders import End
from clusterctl.model.states import Outcome
from tests.agent.rig import ROOT, TOKEN, Rig, RigMaker, another_agentd, is_alive, order, shell, waiting_for
from tests.until import until

FOREVER = "sleep 1000"
Spoil = Callable[[Path], object]


def replace_by(make: Callable[[Path], object]) -> Spoil:
    """Put something else in the journal's place."""

    def replace(journal: Path) -> None:
        journal.unlink()
        make(journal)

    return replace


def cut_to(lines: int, more: int) -> Spoil:
    """Leave so many whole lines, and so many bytes of the next."""

    def cut(journal: Path) -> None:
        kept = journal.read_bytes().splitlines(keepends=True)
        os.truncate(journal, sum(map(len, kept[:lines])) + more)

    return cut


def of_another_boot(journal: Path) -> None:
    """As if the machine had been started anew since."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    journal.write_bytes(journal.read_bytes().replace(boot, boot[::-1]))


def huge(journal: Path) -> None:
    """Lines without end, and what is not even a line."""
    with journal.open("wb") as file:
        for _ in range(50):
            file.write(b"[]\n" * (1 << 18) + random.randbytes(1 << 20))


OTHER_JSON = b"""[1]
{"kind":"begin"}
{"kind":"begin","allocation_id":-1,"job_id":1e99,"token":"'; DROP TABLE jobs","supervisor_pid":-1,"at":1e308}
{"kind":"spawned","allocation_id":9007199254740993,"pid":-1,"start":0,"reaped_s":0}
{"kind":"end","allocation_id":99999999999999999999,"token":"","outcome":"exited","at":0}
"""
KNOWN: dict[str, Spoil] = {
    "whole": lambda journal: None,
    "cut after the start": cut_to(1, 20),
}
UNKNOWN: dict[str, Spoil] = {
    "missing": Path.unlink,
    "empty": cut_to(0, 0),
    "cut within the start": cut_to(0, 50),
    "garbage": lambda journal: journal.write_bytes(random.randbytes(5000)),
    "other JSON": lambda journal: journal.write_bytes(OTHER_JSON),
    "100 MB": huge,
    "a directory": replace_by(Path.mkdir),
    "a pipe": replace_by(os.mkfifo),
    "a link": replace_by(lambda journal: journal.symlink_to("/dev/zero")),
}


def leave(rig: Rig) -> Path:
    """Leave the job to itself; its journal."""
    rig.close(stop_jobs=False)
    return rig.spool / "supervisors" / "1.journal"


def held(number: int) -> End:
    """What is told if Postgres says that we hold the allocation and no trace of it is found."""
    return End(allocation_id=number, start_token=TOKEN, outcome=Outcome.NEVER_STARTED, detail="no trace")


@pytest.mark.parametrize("state", [*KNOWN, *UNKNOWN, "of another boot"])
def test_a_job_whose_supervisor_lives_is_adopted_and_its_true_exit_told(
    make_rig: RigMaker, gate: Path, state: str
) -> None:
    first = make_rig()
    first.start(shell(2001, waiting_for(gate, "exit 7")))
    before = first.running(2001)
    {**KNOWN, **UNKNOWN, "of another boot": of_another_boot}[state](leave(first))
    rig = make_rig()
    assert rig.processes.knows(2001, TOKEN)
    assert rig.running(2001).pid == before.pid
    os.close(os.open(gate, os.O_WRONLY))
    assert (rig.end_of(2001).outcome, rig.end_of(2001).exit_code) == (Outcome.EXITED, 7)
    rig.processes.acknowledge([2001])
    assert rig.run(order(2002, "/bin/true")).exit_code == 0


@pytest.mark.parametrize("state", KNOWN)
def test_a_job_whose_supervisor_is_dead_is_killed_and_told_as_lost(make_rig: RigMaker, state: str) -> None:
    first = make_rig()
    first.start_until_ready(shell(2011, f"echo ready; {FOREVER}"))
    before = first.running(2011)
    journal = leave(first)
    os.kill(before.supervisor_pid, signal.SIGKILL)
    until(lambda: not is_alive(before.supervisor_pid))
    KNOWN[state](journal)
    rig = make_rig()
    assert rig.processes.knows(2011, TOKEN)
    assert rig.end_of(2011).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(before.pid)
    rig.processes.acknowledge([2011])
    assert not journal.exists()


@pytest.mark.parametrize("state", UNKNOWN)
def test_a_job_without_supervisor_and_journal_is_killed_before_it_is_told_as_lost(
    make_rig: RigMaker, state: str
) -> None:
    first = make_rig()
    first.start_until_ready(shell(2021, f"echo ready; {FOREVER}"))
    before = first.running(2021)
    journal = leave(first)
    os.kill(before.supervisor_pid, signal.SIGKILL)
    until(lambda: not is_alive(before.supervisor_pid))
    UNKNOWN[state](journal)
    rig = make_rig()
    assert not rig.processes.knows(2021, TOKEN)
    rig.processes.bury(held(2021))
    assert rig.processes.knows(2021, TOKEN)
    assert rig.end_of(2021).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(before.pid)
    assert rig.run(order(2022, "/bin/true")).exit_code == 0


def test_what_is_in_the_place_of_a_journal_and_not_ours_is_left_there(make_rig: RigMaker) -> None:
    supervisors = leave(make_rig()).parent
    for number, make in enumerate((Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/passwd")), start=5):
        make(supervisors / f"{number}.journal")  # type: ignore[operator]  # three ways to make a path
    for name in ("notes.journal", "007.journal", "٣.journal", f"{10**30}.journal"):
        (supervisors / name).touch()
    rig = make_rig()
    assert rig.run(order(2031, "/bin/true")).exit_code == 0
    assert (supervisors / "5.journal").is_dir()
    assert (supervisors / "007.journal").exists()
    assert Path("/etc/passwd").exists()


def test_what_left_no_trace_never_started(rig: Rig) -> None:
    rig.processes.bury(held(2041))
    end = rig.end_of(2041)
    assert (end.outcome, end.detail) == (Outcome.NEVER_STARTED, "no trace")
    assert not rig.processes.knows(2041, TOKEN)


def test_a_job_whose_supervisor_lives_without_journal_and_socket_is_killed_when_it_is_asked_for(
    make_rig: RigMaker,
) -> None:
    first = make_rig()
    first.start_until_ready(shell(2051, f"echo ready; {FOREVER}"))
    before = first.running(2051)
    journal = leave(first)
    journal.unlink()
    journal.with_suffix(".sock").unlink()
    rig = make_rig()
    rig.processes.bury(held(2051))
    assert rig.end_of(2051).outcome == Outcome.SUPERVISOR_LOST
    assert not is_alive(before.pid)
    until(lambda: not is_alive(before.supervisor_pid), what="its supervisor to leave")


def test_an_end_that_no_agentd_has_heard_is_told_truly(make_rig: RigMaker, gate: Path) -> None:
    first = make_rig()
    first.start(shell(2061, waiting_for(gate, "exit 9")))
    supervisor = first.running(2061).supervisor_pid
    leave(first)
    os.close(os.open(gate, os.O_WRONLY))
    until(lambda: not is_alive(supervisor), what="its supervisor to leave")
    assert make_rig().end_of(2061).exit_code == 9


@pytest.mark.parametrize("state", ["whole", "missing"])
@pytest.mark.parametrize("lives", [True, False])
def test_a_warm_process_that_is_stopped_holds_nobody_up(
    make_rig: RigMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, lives: bool
) -> None:
    monkeypatch.setattr("agentd.forks.OLD_ONE_GOES_WITHIN_S", 1.5)  # and as long to die of a KILL
    spool = tmp_path / "spool"
    with another_agentd(spool, f"[shell(2071, {FOREVER!r})]") as agentd:
        os.kill(warm := int((spool / "warm").read_text()), signal.SIGSTOP)
        agentd.kill()
        agentd.wait()
    if not lives:
        os.kill(supervisor_of(spool), signal.SIGKILL)
    {**KNOWN, **UNKNOWN}[state](spool / "supervisors" / "1.journal")
    rig = make_rig()
    assert not is_alive(warm)
    if lives:
        assert rig.stop(2071).outcome == Outcome.CANCELLED
        return
    if not rig.processes.knows(2071, TOKEN):
        rig.processes.bury(held(2071))
    assert rig.end_of(2071).outcome == Outcome.SUPERVISOR_LOST


def test_a_journal_that_belongs_to_another_user_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    journal = tmp_path / "spool" / "supervisors" / "1.journal"
    journal.parent.mkdir(parents=True)
    journal.touch(0o600)
    os.chown(journal, 12345, 12345)
    # A root to whom the rights of files apply, as they do to everybody else.
    rights = "-dac_override,-dac_read_search"
    agentd = [sys.executable, "-m", "agentd", "--name", "w1", "--spool", str(tmp_path / "spool")]
    command = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", *agentd]
    environment = {"PATH": os.defpath}
    done = subprocess.run(command, check=False, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == ExitCode.REFUSED
    assert f"the spool {tmp_path}/spool cannot be used: Permission denied: {journal}" in done.stderr


def supervisor_of(spool: Path) -> int:
    """The pid in the only journal."""
    text = (spool / "supervisors" / "1.journal").read_text()
    return int(text.split('"supervisor_pid":')[1].split(",")[0])


def test_a_copy_of_a_spool_is_refused_and_what_the_original_runs_is_left_alone(rig: Rig, tmp_path: Path) -> None:
    rig.start(shell(2101, "exec sleep 1000"))
    running = rig.running(2101)
    copy = tmp_path / "copy"
    shutil.copytree(rig.spool, copy, ignore=shutil.ignore_patterns("*.sock"))
    with pytest.raises(Refused, match="is a copy"):
        Rig(copy)
    assert is_alive(running.pid)
    (copy / "origin").unlink()
    shutil.rmtree(copy / "supervisors")  # as somebody does who knows that they are not of here
    Rig(copy).close()
    assert is_alive(running.pid)


def test_a_copy_from_before_the_last_boot_is_taken_up(rig: Rig, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(rig.spool, copy, ignore=shutil.ignore_patterns("*.sock"))
    (copy / "origin").write_text("another boot 1:2\n")
    Rig(copy).close()


def test_a_moved_spool_is_taken_up_where_it_is_now(make_rig: RigMaker, tmp_path: Path, gate: Path) -> None:
    first = make_rig()
    first.start(shell(2081, waiting_for(gate, "echo still here; exit 4")))
    before = first.running(2081)
    leave(first)
    elsewhere = (tmp_path / "spool").rename(tmp_path / "elsewhere")
    rig = make_rig(elsewhere)
    assert rig.running(2081).pid == before.pid
    os.close(os.open(gate, os.O_WRONLY))
    assert rig.end_of(2081).exit_code == 4
    assert rig.output(2081) == "still here\n"
    assert rig.run(order(2082, script="exit 5\n")).exit_code == 5
    assert not (tmp_path / "spool").exists()
