"""Processes that outlive their attempt. They are real, and so is their end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from clusterctl.doctor import machine
from clusterctl.doctor.machine import Marked
from clusterctl.model.findings import Finding
from clusterctl.model.marks import ALLOCATION, TOKEN
from tests.doctor.ward import Ward
from tests.house.tree import ROOT
from tests.store.scene import new_token
from tests.until import until

PATIENCE = 46.0  # seconds: term_grace and three beats
Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start a process with an attempt's mark; it ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(allocation: int, token: str, *command: str) -> subprocess.Popen[bytes]:
        mark = {ALLOCATION: str(allocation), TOKEN: token}
        process = subprocess.Popen(command or ("sleep", "1000"), env={**mark, "PATH": os.environ["PATH"]})
        started.append(process)
        until(lambda: machine.read(process.pid) or process.poll() is not None, what="the mark to be seen")
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(60)


def over(ward: Ward) -> tuple[int, str]:
    """An attempt that has ended as it should: its allocation and its token."""
    (order,), token = ward.run(ward.worker(), ward.jobs())
    ward.end(order, token)
    return order.allocation_id, token


def sole(ward: Ward) -> Finding:
    """The one attempt of which something is left."""
    (finding,) = ward.findings("process_no_allocation")
    return finding


def test_what_is_left_of_an_attempt_is_killed(ward: Ward, spawn: Spawn) -> None:
    attempt = over(ward)
    left = [spawn(*attempt), spawn(*attempt)]
    ward.later(PATIENCE)
    finding = sole(ward)
    assert (finding.subject, finding.stuck) == ("allocation:1", True)
    assert finding.evidence["pids"] == sorted(process.pid for process in left)
    assert "2 processes run on of job 1" in finding.sentence
    mended = ward.mend(finding)
    assert (mended.fate, mended.sentence) == ("done", "2 processes killed")
    assert [process.wait(60) for process in left] == [-9, -9]
    ward.healthy()


def test_an_agent_has_its_time_to_end_them(ward: Ward, spawn: Spawn) -> None:
    spawn(*over(ward))
    ward.later(PATIENCE - 2)
    assert ward.findings() == []


def test_an_agent_has_the_time_that_the_attempt_was_promised_whatever_is_set_now(ward: Ward, spawn: Spawn) -> None:
    spawn(*over(ward))
    ward.by_hand("UPDATE allocations SET grace_s = 300, lost_after_s = 1300")
    ward.later(PATIENCE)
    assert ward.findings() == []
    ward.later(300)
    assert len(ward.findings()) == 1


def test_a_process_of_an_attempt_that_runs_is_left_alone(ward: Ward, spawn: Spawn) -> None:
    (order,), token = ward.run(ward.worker(), ward.jobs())
    spawn(order.allocation_id, token)
    ward.later(PATIENCE)
    assert ward.findings("process_no_allocation") == []


def test_another_clusters_process_with_the_same_number_is_left_alone(ward: Ward, spawn: Spawn) -> None:
    allocation, _ = over(ward)
    stranger = spawn(allocation, new_token())
    spawn(allocation + 1000, new_token())
    ward.later(PATIENCE)
    assert ward.findings() == []
    assert stranger.poll() is None


def test_ours_is_killed_beside_another_clusters_with_the_same_number(ward: Ward, spawn: Spawn) -> None:
    allocation, token = over(ward)
    ours, stranger = spawn(allocation, token), spawn(allocation, new_token())
    ward.later(PATIENCE)
    ward.cure(sole(ward))
    assert ours.wait(60) == -9
    assert stranger.poll() is None


def test_a_process_that_has_ended_by_itself_is_no_harm(ward: Ward, spawn: Spawn) -> None:
    process = spawn(*over(ward))
    ward.later(PATIENCE)
    finding = sole(ward)
    process.terminate()
    process.wait(60)
    ward.too_late(finding)
    ward.healthy()


def test_the_next_owner_of_a_pid_is_not_killed(spawn: Spawn) -> None:
    token = new_token()
    process = spawn(7, token)
    start = machine.started(process.pid)
    assert start
    assert machine.end([Marked(process.pid, start - 1, 7, token)]) == 0
    assert machine.end([Marked(process.pid, start, 7, new_token())]) == 0
    assert machine.end([Marked(process.pid, start, 8, token)]) == 0
    assert process.poll() is None
    assert machine.end([Marked(process.pid, start, 7, token)]) == 1


def test_who_asks_from_within_such_an_attempt_is_not_killed(ward: Ward, spawn: Spawn) -> None:
    allocation, token = over(ward)
    left = spawn(allocation, token)
    looks = "from clusterctl.doctor import machine; print(*[p.pid for p in machine.look().marked if p.token == {!r}])"
    mark = {ALLOCATION: str(allocation), TOKEN: token, "PATH": os.environ["PATH"]}
    command = ["/bin/sh", "-c", '"$1" -c "$2"; true', "sh", sys.executable, looks.format(token)]
    done = subprocess.run(command, env=mark, cwd=ROOT, capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.split() == [str(left.pid)]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {ALLOCATION: "1"},
        {TOKEN: "1"},
        {ALLOCATION: "-1", TOKEN: "x" * 36},
        {ALLOCATION: "9" * 40, TOKEN: "0" * 36},
        {f"X{ALLOCATION}": "1", f"X{TOKEN}": "0" * 36},
    ],
)
def test_what_is_no_mark_is_none(environment: dict[str, str]) -> None:
    process = subprocess.Popen(["/bin/sleep", "1000"], env=environment)
    try:
        until(lambda: machine.environment_of(process.pid) or not environment)
        assert machine.read(process.pid) is None
    finally:
        process.kill()
        process.wait(60)


def test_a_machine_that_was_not_looked_at_is_said(ward: Ward) -> None:
    from clusterctl import views

    ward.worker("elsewhere")
    notes = views.findings(ward.cluster, ["process_no_allocation"]).notes
    assert any("the agent of one other machine looks there" in note for note in notes)
