"""Processes told apart, and files that their logs go to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from clusterctl import launch
from clusterctl.embedded import identity
from clusterctl.embedded.logs import last_words, trim
from tests.until import until

NOWHERE = {"CLUSTERCTL_DATABASE_URL": "postgresql:///none?host=/nonexistent"}


def test_a_process_is_told_from_a_later_owner_of_its_pid() -> None:
    since = identity.started(os.getpid())
    assert since is not None
    assert identity.is_running(os.getpid(), since)
    assert not identity.is_running(os.getpid(), since - 1)


def test_a_signal_for_a_process_that_is_gone_hits_nobody() -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        since = identity.started(bystander.pid)
        assert since is not None
        identity.send(bystander.pid, since - 1, signal.SIGKILL)
        identity.send(bystander.pid, since, signal.SIGTERM)
        assert bystander.wait(60) == -signal.SIGTERM


def test_the_age_of_a_process_is_counted_from_its_start() -> None:
    since = identity.started(os.getpid())
    assert since is not None
    assert identity.age(since) == pytest.approx(time.time() - psutil.Process().create_time(), abs=20)


def test_a_daemon_heeds_a_signal_once_it_has_a_handler() -> None:
    program = "import signal, sys; signal.signal(15, lambda *_: sys.exit()); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as child:
        until(lambda: identity.heeds(child.pid, signal.SIGTERM))
        assert not identity.heeds(child.pid, signal.SIGUSR2)
        child.terminate()
        assert child.wait(60) == 0


def test_a_log_that_is_too_long_is_cut_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 100)
        trim(log, longest=10)
        writer.write(b"new\n")
    assert log.read_text() == "new\n"
    assert (tmp_path / "server.log.1").read_text() == "old\n" * 100


def test_the_last_words_are_the_trouble_and_not_what_followed(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("LOG: starting\nFATAL: no room\nLOG: shut down\n")
    assert last_words(log) == "FATAL: no room"
    assert last_words(tmp_path / "none") == "it said nothing"


def test_a_held_daemon_runs_not_before_its_parent_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = launch.spawn("schedd", ["--once"], NOWHERE, log)
    until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_SLEEPING)
    assert log.read_text() == ""
    launch.release(child)
    assert child.wait(60) == 3
    assert "postgres unreachable" in log.read_text()


def test_a_held_daemon_leaves_when_its_parent_dies(tmp_path: Path) -> None:
    child = launch.spawn("schedd", ["--once"], NOWHERE, tmp_path / "log")
    assert child.stdin is not None
    child.stdin.close()  # what the kernel does for a parent that is killed
    assert child.wait(60) == 1
    assert "postgres" not in (tmp_path / "log").read_text()


def test_releasing_a_dead_child_does_no_harm(tmp_path: Path) -> None:
    child = launch.spawn("schedd", ["--once"], NOWHERE, tmp_path / "log")
    child.kill()
    child.wait(60)
    launch.release(child)
