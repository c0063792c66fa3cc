"""The real daemons, killed, stopped, doubled and signalled: nothing runs twice, nothing is forgotten."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import redis as driver

from tests.held_up import HeldUp
from tests.processes.place import Place, is_alive, open_gate
from tests.until import until

# Nobody comes to look by himself within the time of a test: what happens has been woken.
SLOW: dict[str, Any] = {"round_every": "100s", "beat_every": "100s", "silent_after": "300s", "heartbeat_ttl": "300s"}
SLOW |= {"start_timeout": "300s", "lease": "600s", "lease_margin": "300s"}
AT_THE_GATE = "echo $$ > pid-$CLUSTERCTL_JOB_ID; read line < gate; exit $CLUSTERCTL_JOB_ID"


def pids(place: Place, jobs: list[int]) -> list[int]:
    """The processes of *jobs*, once all have said who they are."""
    files = [place.directory / f"pid-{job}" for job in jobs]
    until(lambda: all(file.exists() and file.read_text().endswith("\n") for file in files))
    return [int(file.read_text()) for file in files]


def test_twenty_jobs_outlive_a_killed_agentd_and_their_true_exits_are_told(place: Place, gate: Path) -> None:
    place.schedd()
    agent = place.agentd(cpus=20)
    jobs = place.submit(AT_THE_GATE, 20)
    before = pids(place, jobs)
    place.await_state("running", *jobs)
    agent.kill()
    assert all(map(is_alive, before))
    place.agentd(cpus=20)
    assert all(map(is_alive, before))
    open_gate(gate)
    place.await_end(*jobs)
    assert place.ends(*jobs) == [("failed", "exited", job, None) for job in jobs]
    assert [place.releases(job) for job in jobs] == [["exited"]] * 20


def test_a_killed_schedd_is_followed_within_three_seconds_in_the_middle_of_its_queue(place: Place, gate: Path) -> None:
    first = place.schedd("s1")
    agent = place.agentd(cpus=2)
    jobs = place.submit(AT_THE_GATE, 4)
    pids(place, jobs[:2])
    first.kill()
    open_gate(gate)
    place.await_end(*jobs[:2])
    assert place.states(*jobs[2:]) == ["pending", "pending"]
    began = time.monotonic()
    lost = HeldUp([place.start("schedd", "s1").pid, agent.pid, os.getpid()])
    place.await_state("running", *jobs[2:])
    assert time.monotonic() - began < 3 + lost.seconds
    pids(place, jobs[2:])
    open_gate(gate)
    place.await_end(*jobs)
    assert [place.releases(job) for job in jobs] == [["exited"]] * 4


def test_a_second_schedd_stands_by_and_follows_whoever_leaves(place: Place) -> None:
    first = place.schedd("s1")
    second = place.start("schedd", "s2")
    second.tells("schedd s2 started")
    second.signal(signal.SIGUSR1)
    second.tells("asked to look: standing by")
    assert place.term() == 1
    assert first.terminate() == 0
    assert "resigned, term 1 is over" in first.text()
    second.tells("leader of term 2")
    third = place.start("schedd", "s3")
    third.tells("schedd s3 started")
    second.kill()
    third.tells("leader of term 3")


def test_once_holds_one_round_and_only_where_nobody_leads(place: Place) -> None:
    place.agentd()
    (job,) = place.submit("true")
    assert place.start("schedd", "s1", "--once").process.wait(60) == 0
    place.await_state("completed", job)
    place.schedd("s2")
    lonely = place.start("schedd", "s3", "--once")
    assert lonely.process.wait(60) == 4
    assert "another schedd leads, nothing was decided" in lonely.text()


def test_an_agentd_told_to_end_leaves_its_jobs_and_the_total(place: Place, gate: Path) -> None:
    place.schedd()
    agent = place.agentd()
    jobs = place.submit(AT_THE_GATE)
    (pid,) = pids(place, jobs)
    assert agent.terminate() == 0
    assert is_alive(pid)
    assert place.cluster.db.row("SELECT live_state, live_reason FROM workers") == ("silent", "stopped")
    place.agentd()
    open_gate(gate)
    place.await_end(*jobs)
    assert place.ends(*jobs) == [("failed", "exited", jobs[0], None)]


def test_an_agentd_told_to_end_with_stop_jobs_sends_them_back(place: Place, gate: Path) -> None:
    place.schedd()
    agent = place.agentd("w1", "--stop-jobs")
    jobs = place.submit(AT_THE_GATE, 2)
    before = pids(place, jobs)
    assert agent.terminate() == 0
    assert not any(map(is_alive, before))
    assert [place.releases(job) for job in jobs] == [["worker_stopped"]] * 2
    assert place.states(*jobs) == ["pending"] * 2
    assert place.cluster.db.rows("SELECT failures, losses FROM jobs") == [(0, 0)] * 2


def test_a_second_agentd_of_the_same_name_is_refused_whatever_its_spool(place: Place) -> None:
    place.agentd()
    same = place.start("agentd", "w1", "--spool", str(place.spool("w1")))
    other = place.start("agentd", "w1", "--spool", str(place.directory / "another"))
    assert same.process.wait(60) == 79
    assert other.process.wait(60) == 79
    assert "another agentd uses the spool" in same.text()
    assert "another agent is already the worker 'w1'" in other.text()


def test_a_setting_that_makes_no_sense_is_one_line_and_exit_code_two(place: Place) -> None:
    for daemon in ("schedd", "agentd"):
        wrong = place.start(daemon, f"{daemon}-x", silent_after="-1")
        assert wrong.process.wait(60) == 2
        assert "CLUSTERCTL_SILENT_AFTER" in wrong.text()
        assert "Traceback" not in wrong.text()


@pytest.mark.parametrize(
    "name, flags, word", [("a/../../b", [], "name"), ("", [], "name"), ("w", ["--gpus", "-1"], "gpus")]
)
def test_an_agent_that_cannot_be_a_worker_is_told_in_one_line_and_makes_no_directory(
    place: Place, name: str, flags: list[str], word: str
) -> None:
    wrong = place.start("agentd", "agentd-x", "--name", name, *flags)  # the later name counts
    assert wrong.process.wait(60) == 2
    assert word in wrong.text()
    assert len(wrong.text().splitlines()) == 1
    assert not (place.directory / "state").exists()


def test_a_job_that_tells_its_supervisor_to_end_does_not_run_for_ever(place: Place) -> None:
    place.schedd()
    place.agentd()
    (job,) = place.submit("kill -TERM $PPID; read line", on_worker_loss="fail")
    place.await_end(job)
    assert place.releases(job) == ["supervisor_lost"]


def test_a_spool_that_cannot_be_made_is_one_line_and_exit_code_four(place: Place) -> None:
    (place.directory / "file").touch()
    agent = place.start("agentd", "w1", "--spool", str(place.directory / "file" / "spool"))
    assert agent.process.wait(60) == 4
    assert "cannot be used: Not a directory" in agent.text()
    assert "Traceback" not in agent.text()


def test_sigusr1_makes_both_look_at_once_and_say_how_they_stand(place: Place) -> None:
    schedd = place.schedd(**SLOW)
    agent = place.agentd(**SLOW)
    before = place.beats("w1")
    agent.signal(signal.SIGUSR1)
    until(lambda: place.beats("w1") > before)
    agent.tells("asked to sync: 0 running, 0 ends to report")
    schedd.signal(signal.SIGUSR1)
    schedd.tells("asked to look: leader of term 1")
    schedd.tells("statistics: workers 1 up 0 silent 0 lost; CPUs 4 total")


def test_a_stopped_agentd_falls_silent_and_is_up_again_when_it_goes_on(place: Place) -> None:
    schedd = place.schedd(beat_every="500ms", silent_after="2s")
    agent = place.agentd(beat_every="500ms", silent_after="2s")
    agent.signal(signal.SIGSTOP)
    schedd.tells("worker silent: w1, it gets no new work")
    (job,) = place.submit("true")
    schedd.tells("no active workers, nothing placed")
    agent.signal(signal.SIGCONT)
    place.await_end(job)
    assert place.states(job) == ["completed"]
    assert place.cluster.db.value("SELECT live_state FROM workers") == "up"


def test_workers_that_come_and_go_show_in_the_log_and_a_heartbeat_never_grows_old(place: Place) -> None:
    redis = place.cluster.settings
    schedd = place.schedd()
    first = place.agentd("w1", cpus=96)
    schedd.tells("active workers: 1, 96 CPUs")
    second = place.agentd("w2", cpus=96)
    schedd.tells("active workers: 2, 192 CPUs")
    assert second.terminate() == 0
    schedd.tells("active workers: 1, 96 CPUs", times=2)
    assert schedd.text().count("worker registered: w1 (96 CPUs)") == 1
    lost = HeldUp([first.pid])
    with driver.Redis.from_url(redis.redis_url) as client:
        seen = []

        def refreshed() -> bool:
            seen.append(client.pttl(f"{redis.redis_prefix}worker:w1"))
            return len(seen) > 1 and seen[-1] > seen[-2]

        until(refreshed)
        assert min(seen) > 50_000 - 1000 * lost.seconds


def test_idle_to_first_word_takes_no_beat(place: Place) -> None:
    """Both are woken: by polling alone it would take minutes."""
    place.schedd(**SLOW)
    place.agentd(**SLOW)
    for _ in range(2):
        place.run("true")


def test_a_submit_during_a_round_is_not_slept_through(place: Place, gate: Path) -> None:
    place.schedd(**SLOW)
    place.agentd(**SLOW, cpus=40)
    for _ in range(15):
        place.submit("read line < gate")  # its round is under way when the next one comes
        place.run("true")
